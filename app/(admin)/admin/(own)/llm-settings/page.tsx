import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { LlmSettingsList } from "../../../../../components/llm-settings/llm-settings-list.tsx";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "LLM settings" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.llmSettings;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <LlmSettingsList />
    </Prefetched>
  );
}
