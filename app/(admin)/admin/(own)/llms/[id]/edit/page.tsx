import type { Metadata } from "next";
import { api } from "../../../../../../../components/api/query.ts";
import { LlmEdit } from "../../../../../../../components/llms/llm-edit.tsx";
import { Prefetched, titleOf } from "../../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("llms", decodeURIComponent((await params).id)), "Edit LLM");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  return (
    <Prefetched keys={[api.one("llms", id)]}>
      <LlmEdit id={id} />
    </Prefetched>
  );
}
