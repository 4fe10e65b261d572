import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { FilterList } from "../../../../../components/filters/filter-list.tsx";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Filters" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.filters;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <FilterList />
    </Prefetched>
  );
}
