import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { ToolList } from "../../../../../components/tools/tool-list.tsx";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Tools" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.tools;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <ToolList />
    </Prefetched>
  );
}
