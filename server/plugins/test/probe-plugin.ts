#!/usr/bin/env node
/** A plugin for tests: judges LLMs as its settings say, uses the service API, and can be told to crash. */
import {
  afterDelete,
  afterSave,
  allow,
  beforeDelete,
  beforeSave,
  type ConfigOf,
  configSchema,
  definePlugin,
  modify,
  type ObjectHookResult,
  type PluginEvent,
  reject,
} from "@portico/plugin-sdk";

const heard: PluginEvent[] = [];
const seen: unknown[] = [];

const schema = configSchema({
  type: "object",
  properties: {
    mode: { type: "string", enum: ["allow", "reject", "rename", "hang"], default: "allow" },
    only_after: { type: "string", default: "" },
    prefix: { type: "string", default: "renamed" },
    forbidden: { type: "string", default: "" },
    priority: { type: "integer", default: 50 },
    fail_times: { type: "integer", default: 0 },
    crash_on: { type: "string", default: "" },
    object_hook_failure_policy: { type: "string", enum: ["fail_open", "fail_closed"], default: "fail_closed" },
    api_key: { type: "string", format: "password" },
    nested: { type: "object", properties: { token: { type: "string", writeOnly: true }, note: { type: "string" } } },
    limit: { type: "integer", minimum: 1, maximum: 10, default: 3 },
  },
  required: ["mode"],
  additionalProperties: false,
} as const);

let failures = 0;

export default definePlugin<ConfigOf<typeof schema>>({
  manifest: {
    id: "test.probe",
    version: "1.0.0",
    name: "Probe",
    capabilities: { hooks: ["object_hooks", "studio_ui"] },
    permissions: {
      services: ["kv.readwrite", "plugins.read", "plugins.config", "llms.read", "apps.read", "pricing.read"],
      object_hooks: [
        "llm.before_create",
        "llm.before_update",
        "llm.before_delete",
        "llm.after_create",
        "llm.after_update",
        "llm.after_delete",
      ],
      rpc: ["call"],
      events: { publish: ["probe.*"], subscribe: ["probe.*"] },
    },
    ui: {
      slots: [
        {
          slot: "sidebar.section",
          label: "Probe",
          items: [
            { type: "route", path: "/admin/probe", title: "Probe", mount: { kind: "webc", tag: "test-probe", entry: "/ui/probe.js" } },
            { type: "route", path: "/admin/probe-m", title: "Module", mount: { kind: "webc", tag: "test-module", entry: "ui/module.js" } },
          ],
        },
      ],
    },
  },
  configSchema: { ...schema, required: process.env.TEST_PROBE_NEEDS_KEY ? ["mode", "api_key"] : ["mode"] },
  assets: process.env.TEST_PLUGIN_UI ?? new URL("./ui/", import.meta.url),
  objectHooks: [
    beforeSave(
      "llm",
      async ({ object, operationId, userId }, { config }): Promise<ObjectHookResult> => {
        seen.push({ ...object, operationId, userId });
        if (config.mode === "hang") return new Promise(() => {});
        if (config.mode === "reject") return reject("not on the approved list");
        if (config.forbidden !== "" && object.name.includes(config.forbidden)) return reject(`the name contains ${config.forbidden}`);
        if (config.mode === "rename")
          return modify({ ...object, name: `${config.prefix} ${object.name}` }, { metadata: { renamed: "yes" } });
        return allow({ metadata: { checked: "yes" } });
      },
      { priority: process.env.TEST_PROBE_PRIORITY ? Number(process.env.TEST_PROBE_PRIORITY) : 50 },
    ),
    beforeDelete("llm", ({ object }) => (object.name.includes("keep") ? reject("it is to be kept") : allow())),
    afterSave("llm", ({ object, previous, changes, hookType }, { config }) => {
      if (config.crash_on !== "" && object.name.includes(config.crash_on)) process.exit(3);
      if (failures++ < config.fail_times) throw new Error("not this time");
      seen.push({ ...object, hookType, previous, changes });
    }),
    afterDelete("llm", ({ object, hookType }) => void seen.push({ ...object, hookType, upperName: object.name.toUpperCase() })),
  ],
  initialize({ config }) {
    if (config.prefix === "broken") throw new Error("broken on purpose");
  },
  onSessionReady({ services }) {
    services.events.subscribe("*", (event) => void heard.push(event));
  },
  rpc: {
    config: (_args, { config }) => config,
    seen: () => seen,
    heard: () => heard.map((event) => ({ topic: event.topic, origin: event.origin, payload: event.json<unknown>() })),
    crash: () => process.exit(3),
    fail: () => {
      throw new Error("no such luck");
    },
    write: ({ key, value, ttlMs }, { services }) =>
      services.kv.write(String(key), String(value), typeof ttlMs === "number" ? { ttlMs } : {}),
    read: async ({ key }, { services }) => (await services.kv.read(String(key)))?.toString() ?? null,
    remove: ({ key }, { services }) => services.kv.delete(String(key)),
    publish: ({ topic, payload }, { services }) => services.events.publish(String(topic), payload),
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
