import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { TagList } from "../../../../../components/tags/tag-list.tsx";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Tags" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.tags;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <TagList />
    </Prefetched>
  );
}
