import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { LlmDetail } from "../../../../../../components/llms/llm-detail.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "LLM" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("llms", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("llms", id)]}>
      <LlmDetail id={id} />
    </Prefetched>
  );
}
