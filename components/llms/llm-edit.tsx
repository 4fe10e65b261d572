"use client";

import type { Llm } from "../api/types.ts";
import { WithResource } from "../ui/with-resource.tsx";
import { LlmForm } from "./llm-form.tsx";

export function LlmEdit({ id }: { id: string }) {
  return (
    <WithResource<Llm> root="llms" id={id} noun="LLM" back="/admin/llms">
      {(llm) => <LlmForm llm={llm} key={llm.id} />}
    </WithResource>
  );
}
