import type { DialectId } from "@portico/protocol/vendors";
import { anthropicEndpoints } from "./anthropic/endpoints.ts";
import { anthropicFormat } from "./anthropic/format.ts";
import type { Dialect } from "./dialect.ts";
import { openAiEndpoints } from "./openai/endpoints.ts";
import { openAiFormat } from "./openai/format.ts";

export const dialects: Record<DialectId, Dialect> = {
  openai: { id: "openai", endpoints: openAiEndpoints, format: openAiFormat },
  anthropic: { id: "anthropic", endpoints: anthropicEndpoints, format: anthropicFormat },
};
