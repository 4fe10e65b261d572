#!/usr/bin/env node
import { appendToLastUserMessage, definePlugin, modified } from "@portico/plugin-sdk";
import configSchema from "./config.schema.json" with { type: "json" };
import manifest from "./manifest.json" with { type: "json" };

type Config = { additional_instruction: string };

const headers = { "X-Portico-Enriched": "true" };

export default definePlugin<Config>({
  manifest,
  configSchema,
  postAuth(request, { config }) {
    const instruction = config.additional_instruction.trim();
    const body = request.json();
    // Requests that hold no user message (embeddings, lists of models) are marked and otherwise left alone.
    const enriched = body && instruction !== "" ? appendToLastUserMessage(body, instruction) : undefined;
    return enriched ? modified({ headers, body: enriched }) : modified({ headers });
  },
});
