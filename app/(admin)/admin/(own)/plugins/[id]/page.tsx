import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { PluginDetail } from "../../../../../../components/plugins/plugin-detail.tsx";
import { Prefetched } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Plugin" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  return (
    <Prefetched keys={[api.one("plugins", id)]}>
      <PluginDetail id={id} />
    </Prefetched>
  );
}
