#!/usr/bin/env node
/** A plugin on our SDK that uses what the proof needs: the host's key-value store, its events, a hook and a request phase. */
import { allow, beforeSave, definePlugin, modified, reject } from "@portico/plugin-sdk";

export default definePlugin({
  manifest: {
    id: "org.portico.interop-sdk",
    version: "1.0.0",
    name: "Interop SDK",
    capabilities: { hooks: ["post_auth", "object_hooks", "studio_ui"] },
    permissions: { services: ["kv.readwrite"] },
  },
  postAuth: (request) => modified({ headers: { "X-App": String(request.appId) } }),
  objectHooks: [beforeSave("llm", ({ object }) => (object.api_endpoint.startsWith("https://") ? allow() : reject("must use HTTPS")))],
  rpc: {
    "note.set": async ({ text }, { services }) => ({ created: await services.kv.setJson("note", { text }) }),
    "note.get": async (_args, { services }) => services.kv.getJson("note"),
    "note.announce": async ({ text }, { services }) => services.events.publish("interop.note", { text }),
  },
});
