import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { GroupList } from "../../../../../components/people/group-list.tsx";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Groups" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.groups;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <GroupList />
    </Prefetched>
  );
}
