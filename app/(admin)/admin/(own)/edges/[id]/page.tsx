import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { EdgeDetail } from "../../../../../../components/edges/edge-detail.tsx";
import { Prefetched } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Edge" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  return (
    <Prefetched keys={[api.one("edges", id)]}>
      <EdgeDetail id={id} />
    </Prefetched>
  );
}
