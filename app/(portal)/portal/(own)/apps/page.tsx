import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { MyApps } from "../../../../../components/portal/my-apps.tsx";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "My apps" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.myApps;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <MyApps />
    </Prefetched>
  );
}
