import type { LlmAttributes } from "../../server/llms/contract.ts";
import { Status } from "../ui/status.tsx";

/** Whether gateways take calls for an LLM. */
export function LlmState({ llm }: { llm: LlmAttributes }) {
  return llm.active ? <Status tone="good">Active</Status> : <Status tone="idle">Inactive</Status>;
}
