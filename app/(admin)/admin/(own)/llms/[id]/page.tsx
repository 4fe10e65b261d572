import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { LlmDetail } from "../../../../../../components/llms/llm-detail.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("llms", decodeURIComponent((await params).id)), "LLM");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("llms", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("llms", id)]}>
      <LlmDetail id={id} />
    </Prefetched>
  );
}
