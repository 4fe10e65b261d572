import type { Metadata } from "next";
import { api } from "../../../../../../../components/api/query.ts";
import { PluginEdit } from "../../../../../../../components/plugins/plugin-edit.tsx";
import { Prefetched } from "../../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Edit plugin" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  return (
    <Prefetched keys={[api.one("plugins", id)]}>
      <PluginEdit id={id} />
    </Prefetched>
  );
}
