#!/usr/bin/env node
/** A plugin for tests: takes what its processes at edges send, and fails as payloads tell it to. */
import { definePlugin, type EdgePayload, pass } from "@portico/plugin-sdk";

const seen = new Map<string, number>();

export default definePlugin({
  manifest: {
    id: "test.receiver",
    version: "1.0.0",
    name: "Receiver",
    capabilities: { hooks: ["post_auth"] },
    permissions: { services: ["control.send"] },
  },
  postAuth: () => pass(),
  edgePayload({ payload, ...rest }: EdgePayload) {
    const text = payload.toString();
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    if (text.startsWith("never")) throw new Error("never taken");
    if (text.startsWith("second") && times < 2) throw new Error("not yet");
    console.log(`taken ${JSON.stringify({ text, ...rest })}`);
    return true;
  },
});
