#!/usr/bin/env node
/** The least that a plugin can do with a request: it sets a header. */
import { definePlugin, modified } from "@portico/plugin-sdk";

export default definePlugin({
  manifest: { id: "org.portico.bench", version: "1.0.0", name: "Bench", capabilities: { hooks: ["post_auth"] } },
  postAuth: (request) => modified({ headers: { "X-App": String(request.appId) } }),
});
