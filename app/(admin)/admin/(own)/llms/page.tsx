import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { LlmList } from "../../../../../components/llms/llm-list.tsx";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "LLMs" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.llms;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <LlmList />
    </Prefetched>
  );
}
