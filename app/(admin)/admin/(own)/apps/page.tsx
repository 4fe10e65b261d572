import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { AppList } from "../../../../../components/apps/app-list.tsx";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Apps" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.apps;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <AppList />
    </Prefetched>
  );
}
