#!/usr/bin/env node
/** A plugin for tests: writes through the service API what a test tells it to, and notes which LLMs it was asked about. */
import { afterSave, allow, beforeSave, definePlugin } from "@portico/plugin-sdk";

const judged: string[] = [];

export default definePlugin({
  manifest: {
    id: "test.writer",
    version: "1.0.0",
    name: "Writer",
    capabilities: { hooks: ["object_hooks"] },
    permissions: {
      services: ["llms.read", "llms.write", "apps.read", "apps.write"],
      object_hooks: ["llm.before_create", "llm.before_update", "llm.after_create", "llm.after_update"],
      rpc: ["call"],
    },
  },
  objectHooks: [
    beforeSave("llm", ({ object }) => {
      judged.push(`before ${object.name}`);
      return allow();
    }),
    afterSave("llm", ({ object }) => void judged.push(`after ${object.name}`)),
  ],
  rpc: {
    judged: () => judged,
    async studio({ method, request }, { services }) {
      const client = services.studio as unknown as Record<string, (request: unknown) => Promise<unknown>>;
      try {
        return await client[String(method)]?.(request);
      } catch (error) {
        const { code, details } = error as { code: number; details: string };
        return { code, details };
      }
    },
  },
});
