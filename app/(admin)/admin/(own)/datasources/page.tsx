import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { DatasourceList } from "../../../../../components/datasources/datasource-list.tsx";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Data sources" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.datasources;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <DatasourceList />
    </Prefetched>
  );
}
