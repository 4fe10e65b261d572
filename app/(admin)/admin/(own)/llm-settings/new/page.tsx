import type { Metadata } from "next";
import { LlmSettingsForm } from "../../../../../../components/llm-settings/llm-settings-form.tsx";

export const metadata: Metadata = { title: "Create LLM settings" };

export default function Page() {
  return <LlmSettingsForm />;
}
