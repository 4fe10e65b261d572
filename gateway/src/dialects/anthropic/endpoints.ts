import type { EndpointRule } from "../dialect.ts";
import { openAiFormat } from "../openai/format.ts";
import { readMethods, rulesFor } from "../rule.ts";
import { anthropicFormat } from "./format.ts";

const rule = rulesFor(anthropicFormat);

export const anthropicEndpoints: readonly EndpointRule[] = [
  rule("messages", "text"),
  rule("messages/count_tokens", "none", { takesModel: true }),
  rule("complete", "text"),
  // Its endpoint for clients of OpenAI.
  rulesFor(openAiFormat)("chat/completions", "text", { usageOnRequest: true }),
  rule("models", "none", { methods: readMethods }),
  rule("models/**", "none", { methods: readMethods }),
];
