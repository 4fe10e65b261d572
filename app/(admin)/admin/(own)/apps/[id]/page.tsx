import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { AppDetail } from "../../../../../../components/apps/app-detail.tsx";
import { Prefetched } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "App" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  return (
    <Prefetched keys={[api.one("apps", id)]}>
      <AppDetail id={id} />
    </Prefetched>
  );
}
