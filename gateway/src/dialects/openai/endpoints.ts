import type { EndpointRule } from "../dialect.ts";
import { readMethods, rulesFor } from "../rule.ts";
import { openAiFormat } from "./format.ts";
import { openAiRealtime } from "./realtime.ts";

const rule = rulesFor(openAiFormat);

export const openAiEndpoints: readonly EndpointRule[] = [
  rule("chat/completions", "text", { usageOnRequest: true }),
  rule("completions", "text", { usageOnRequest: true }),
  // The responses API reports usage in its last event unasked.
  rule("responses", "text"),
  rule("responses/compact", "text"),
  rule("responses/input_tokens", "none", { takesModel: true }),
  rule("responses/*", "none", { methods: new Set(["GET", "HEAD", "DELETE"]), returnsResults: true }),
  rule("responses/*/input_items", "none", { methods: readMethods }),
  rule("responses/*/cancel", "none", { returnsResults: true }),
  rule("embeddings", "text", { assumedTokens: 0 }),
  rule("moderations", "none", { takesModel: true }),
  rule("models", "none", { methods: readMethods }),
  rule("models/**", "none", { methods: readMethods }),
  rule("rerank", "media", { assumedTokens: 0 }),
  rule("reranks", "media", { assumedTokens: 0 }),
  rule("images/generations", "media"),
  rule("images/edits", "media", { takesForm: true }),
  rule("images/variations", "media", { takesForm: true, takesModel: false }),
  rule("audio/speech", "media"),
  rule("audio/transcriptions", "media", { takesForm: true }),
  rule("audio/translations", "media", { takesForm: true }),
  rule("realtime", "unknown", { methods: readMethods, socket: openAiRealtime }),
  rule("realtime/*", "unknown", { takesForm: true }),
];
