import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { CallList } from "../../../../../components/calls/call-list.tsx";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Calls" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.calls;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <CallList />
    </Prefetched>
  );
}
