import type { Metadata } from "next";
import { api } from "../../../../../../../components/api/query.ts";
import { LlmEdit } from "../../../../../../../components/llms/llm-edit.tsx";
import { Prefetched } from "../../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Edit LLM" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  return (
    <Prefetched keys={[api.one("llms", id)]}>
      <LlmEdit id={id} />
    </Prefetched>
  );
}
