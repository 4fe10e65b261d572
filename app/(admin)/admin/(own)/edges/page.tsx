import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { EdgeList } from "../../../../../components/edges/edge-list.tsx";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Edges" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.edges;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <EdgeList />
    </Prefetched>
  );
}
