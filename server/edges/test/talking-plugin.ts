#!/usr/bin/env node
/** A plugin for tests: runs at gateways only and writes down every request it sees. */
import { definePlugin, pass } from "@portico/plugin-sdk";

let seen = 0;

export default definePlugin({
  manifest: { id: "test.talking", version: "0.1.0", name: "Talking", capabilities: { hooks: ["post_auth"] } },
  postAuth(_request, { services }) {
    seen++;
    services.logger.warn(`request ${seen}`, { nul: "\0" });
    console.log(`printed ${seen} ${seen === 1 ? "x".repeat(9_000) : ""}`);
    return pass();
  },
});
