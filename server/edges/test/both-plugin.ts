#!/usr/bin/env node
/** A plugin for tests: runs in the studio and on gateways, and refuses to start where its settings say so. */
import { configSchema, definePlugin, pass } from "@portico/plugin-sdk";

const place = process.env.PLUGIN_RUNTIME ?? "";

export default definePlugin<{ refuse_on: string }>({
  manifest: { id: "test.both", version: "0.1.0", name: "Both", capabilities: { hooks: ["post_auth", "agent"] } },
  configSchema: configSchema({ type: "object", properties: { refuse_on: { type: "string", default: "" } } } as const),
  initialize({ config, services }) {
    if (config.refuse_on === place) throw new Error("this host has no GPU");
    services.logger.warn(`started in ${place}`);
  },
  postAuth: () => pass(),
});
