import type { Metadata } from "next";
import { LlmForm } from "../../../../../../components/llms/llm-form.tsx";

export const metadata: Metadata = { title: "Create LLM" };

export default function Page() {
  return <LlmForm />;
}
