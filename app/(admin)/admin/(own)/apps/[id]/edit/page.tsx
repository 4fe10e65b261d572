import type { Metadata } from "next";
import { api } from "../../../../../../../components/api/query.ts";
import { AppEdit } from "../../../../../../../components/apps/app-form.tsx";
import { Prefetched } from "../../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Edit app" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  return (
    <Prefetched keys={[api.one("apps", id)]}>
      <AppEdit id={id} />
    </Prefetched>
  );
}
