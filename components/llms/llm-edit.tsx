"use client";

import type { LlmAttributes } from "../../server/llms/contract.ts";
import { WithResource } from "../ui/with-resource.tsx";
import { LlmForm } from "./llm-form.tsx";

export function LlmEdit({ id }: { id: string }) {
  return (
    <WithResource<LlmAttributes> root="llms" id={id} noun="LLM" back="/admin/llms">
      {(llm, etag) => <LlmForm llm={llm} etag={etag} key={llm.id} />}
    </WithResource>
  );
}
