#!/usr/bin/env node
import { appendToAssistantText, definePlugin, modified, pass } from "@portico/plugin-sdk";
import configSchema from "./config.schema.json" with { type: "json" };
import manifest from "./manifest.json" with { type: "json" };

type Config = { rest_modifier: string };

export default definePlugin<Config>({
  manifest,
  configSchema,
  onResponse: {
    headers: () => modified({ headers: { "X-Plugin-Modified": "true", "X-Modification-Type": "header_and_content" } }),
    body(response, { config }) {
      const text = config.rest_modifier.trim();
      const body = response.json();
      // Errors, embeddings, pure tool calls and anything that is not JSON hold no words of an assistant.
      const changed = body && text !== "" ? appendToAssistantText(body, text) : undefined;
      return changed ? modified({ body: changed }) : pass();
    },
  },
});
