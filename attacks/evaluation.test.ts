import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { anApp, anLlm } from "../gateway/test/hub.ts";
import { aWorld, endWorlds, secret } from "../gateway/test/world.ts";
import { readEnv } from "../server/env.ts";
import { createSchemas } from "../server/plugins/settings/schemas/schemas.ts";
import { aPlugin, commands, until } from "../server/plugins/test/harness.ts";
import { createRuntime } from "../server/runtime.ts";
import { type Answer, aStudio, type Studio } from "../server/testing.ts";

// What plugins, administrators and vendors supply must not keep an event loop busy. Studio runs in this process, so its loop is ours.
vi.setConfig({ testTimeout: 90_000 });

const schemas = createSchemas({ deadlineMs: 20_000 });
let studio: Studio;
let dir: string;
beforeAll(async () => {
  studio = await aStudio();
  dir = await mkdtemp(join(tmpdir(), "portico-hostile-"));
});
afterEach(endWorlds);
afterAll(async () => {
  await Promise.all([studio.close(), schemas.close()]);
  await rm(dir, { recursive: true, force: true });
});

/** CPU time that one turn of the event loop may take. Other processes on the machine do not count towards it. */
const mostBusyMs = 400;

/** The longest this thread computed without looking at anything else, while `work` was under way. */
async function busiest<T>(work: Promise<T>): Promise<{ result: T; busyMs: number }> {
  const cpuMs = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let last = cpuMs();
  let busyMs = 0;
  const look = () => {
    const now = cpuMs();
    busyMs = Math.max(busyMs, now - last);
    last = now;
  };
  const timer = setInterval(look, 5);
  try {
    const result = await work;
    look();
    return { result, busyMs };
  } finally {
    clearInterval(timer);
  }
}

let built = 0;
/** A plugin that is what it should be, but for its config schema. */
async function aHostilePlugin(schema: string): Promise<string> {
  const path = join(dir, `plugin-${++built}.mjs`);
  const sdk = new URL("../packages/plugin-sdk/src/index.ts", import.meta.url).href;
  const manifest = { id: `test.hostile${built}`, version: "1.0.0", name: "Hostile", capabilities: { hooks: ["studio_ui"] } };
  await writeFile(
    path,
    `#!/usr/bin/env node
import { definePlugin } from ${JSON.stringify(sdk)};
export default definePlugin({ manifest: ${JSON.stringify(manifest)}, configSchema: ${schema} });
`,
  );
  await chmod(path, 0o755);
  return `file://${path}`;
}

const reference = { $ref: "#/definitions/a" };
const many = <T>(length: number, one: (i: number) => T): T[] => Array.from({ length }, (_, i) => one(i));
const circle = (branches: number): string =>
  `{"definitions":{"a":{"if":{"required":["never"]},"then":${JSON.stringify({ allOf: many(branches, () => reference) })}}},"allOf":[${JSON.stringify(reference)}]}`;
const nested = (levels: number): object => (levels === 0 ? {} : { x: nested(levels - 1) });
/** Each level of the default is judged twice as often as the one around it. */
const doubling = JSON.stringify({
  definitions: { a: { properties: { x: { allOf: [reference, reference] } } } },
  properties: { x: { allOf: [reference], default: nested(40) } },
});

describe("a config schema never keeps studio busy, and is refused in a sentence", () => {
  const health = () => studio.call("GET", "/health", undefined, null);

  test.each([
    ["60 branches that lead back to themselves", circle(60), /refers to itself endlessly/],
    ["a default that would be judged a billion times", doubling, /takes longer than/],
    ["$async, with which every configuration would be valid", '{"$async":true,"required":["must"]}', /\$async/],
  ])("of a plugin with %s", async (_what, schema, because) => {
    const command = await aHostilePlugin(schema);
    const { result, busyMs } = await busiest(
      Promise.all([studio.call("POST", "/api/v1/plugins", { name: "Hostile", command, is_active: true }), health()]),
    );
    const [answer, alive] = result;
    const fault = { status: "422", code: "plugin_invalid", field: "config_schema", detail: expect.stringMatching(because) };
    expect(answer.errors[0]).toMatchObject(fault);
    expect(alive.status).toBe(200);
    expect(busyMs).toBeLessThan(mostBusyMs);
    expect((await studio.call("GET", "/api/v1/plugins?q=Hostile")).meta.total_count).toBe(0);
  });

  test.each<[what: string, schema: string, because: RegExp]>([
    ["that is a reference to itself", '{"$ref":"#"}', /refers to itself endlessly/],
    ["that is a reference to itself among others", '{"allOf":[{"$ref":"#"}]}', /refers to itself endlessly/],
    ["with 5,000 levels", `${'{"not":'.repeat(5_000)}{}${"}".repeat(5_000)}`, /nested more than/],
    [
      "with a default of 20,000 objects to compare with each other",
      JSON.stringify({ properties: { x: { uniqueItems: true, default: many(20_000, (i) => ({ i })) } } }),
      /larger than 64 KiB/,
    ],
    ["with 8,000 properties", JSON.stringify({ properties: Object.fromEntries(many(8_000, (i) => [`p${i}`, {}])) }), /larger than 64 KiB/],
    ["with 5,000 properties", JSON.stringify({ properties: Object.fromEntries(many(5_000, (i) => [`p${i}`, {}])) }), /more than 1000 prop/],
    ["with a pattern that looks ahead", '{"properties":{"x":{"pattern":"^(?:a+)+(?=b)$"}}}', /look ahead/],
    ["with half of a character", '{"title":"\\ud800"}', /surrogate/],
  ])("%s", async (_what, schema, because) => {
    const fault = expect.objectContaining({ status: 422, code: "plugin_invalid", message: expect.stringMatching(because) });
    const { busyMs } = await busiest(expect(schemas.parse(schema)).rejects.toThrow(fault));
    expect(busyMs).toBeLessThan(mostBusyMs);
  });

  test("a pattern that would backtrack over its own default costs nothing", async () => {
    const schema = JSON.stringify({ properties: { x: { type: "string", default: `${"a".repeat(32)}!`, pattern: "^(a+)+$" } } });
    const command = await aHostilePlugin(schema);
    const { result, busyMs } = await busiest(studio.call("POST", "/api/v1/plugins", { name: "Slow pattern", command, is_active: true }));
    expect(busyMs).toBeLessThan(mostBusyMs);
    const shown = (await studio.call("GET", `/api/v1/plugins/${result.data.id}`)).data.attributes;
    expect(shown).toMatchObject({ state: "failed", state_error: expect.stringContaining("config.x must match pattern") });
  });
});

test("a hostile schema that was stored earlier stops neither lists nor a start, and its plugin is shown as failed with the reason", async () => {
  const plugin = await aPlugin(studio, { name: "Stored", command: commands.probe });
  const schema = JSON.parse(circle(22)) as object;
  await studio.db.prisma.plugin.update({ where: { id: plugin.id }, data: { configSchema: schema } });
  const failed = async () => (await plugin.state()).state === "failed" && (await plugin.state());
  await studio.call("PATCH", plugin.path, { description: "changed" });
  expect(await until(failed)).toMatchObject({ state_error: expect.stringContaining("refers to itself endlessly") });

  const lists = many(20, () => studio.call("GET", "/api/v1/plugins"));
  const { result, busyMs } = await busiest(Promise.all(lists));
  expect(result.map(({ status }: Answer) => status)).toEqual(many(20, () => 200));
  expect(busyMs).toBeLessThan(mostBusyMs);
  expect((await studio.call("GET", `${plugin.path}/config-schema`)).errors[0]).toMatchObject({ status: "422", code: "plugin_invalid" });

  const env = {
    NODE_ENV: "test",
    DATABASE_URL: studio.databaseUrl,
    PORTICO_DATA_DIR: dir,
    PORTICO_SECRET_KEY: "a secret key for tests only",
    PORT: "0",
    CONTROL_PORT: "0",
    LOG_LEVEL: "error",
  };
  const start = await busiest(createRuntime(readEnv(env)));
  const ask = (path: string) =>
    start.result.application.fetch(
      new Request(`http://studio.test${path}`, { headers: { authorization: `Bearer ${studio.admin.token}` } }),
    );
  try {
    await until(async () => (await ask("/ready")).status === 200);
    const { data } = (await (await ask(plugin.path)).json()) as Answer;
    expect(data.attributes).toMatchObject({ state: "failed", state_error: expect.stringContaining("refers to itself endlessly") });
  } finally {
    await start.result.close();
  }
  await studio.call("DELETE", plugin.path);
});

const backtracking = ["^(.*?,){30}P", "([a-z]+)+\\1$", "^(?:a+)+(?=b)$", "(?=(a+)+$)b"];

test.each(backtracking.slice(1))("the model pattern %s is refused with its field", async (pattern) => {
  const { result, busyMs } = await busiest(
    studio.call("POST", "/api/v1/llms", { name: "Pattern", vendor: "openai", allowed_models: ["^gpt", pattern] }),
  );
  expect(result.errors[0]).toMatchObject({ status: "422", field: "allowed_models.1", detail: expect.stringContaining("linear time") });
  expect(busyMs).toBeLessThan(mostBusyMs);
});

test("a stored model pattern that would backtrack closes its LLM, and studio says why", async () => {
  const created = await studio.call("POST", "/api/v1/llms", {
    name: "Old pattern",
    vendor: "openai",
    api_endpoint: "http://127.0.0.1:9/v1",
  });
  const id = Number(created.data.id);
  await studio.db.prisma.llm.update({ where: { id }, data: { allowedModels: ["^(?:a+)+(?=b)$"] } });
  const described = await studio.call("PATCH", `/api/v1/llms/${id}`, { short_description: "changed" });
  expect(described.errors[0]).toMatchObject({ status: "422", field: "allowed_models.0" });
  // Any change makes the configuration be built again.
  await studio.call("POST", "/api/v1/llms", { name: "Another", vendor: "openai", api_endpoint: "http://127.0.0.1:9/v1" });
  const problems = async () => JSON.stringify((await studio.call("GET", "/api/v1/sync/status")).json);
  await until(async () => (await problems()).includes("must not look ahead"));
});

test.each(backtracking)("at the gateway, a client's model name does not make %s stop it", async (pattern) => {
  const { gateway } = await aWorld({
    snapshot: (hub, url) => ({
      llms: [anLlm(hub, url, { allowedModels: [pattern] }), anLlm(hub, url, { id: 2, slug: "other", name: "Other" })],
      apps: [anApp(secret, { llmIds: [1, 2] })],
    }),
  });
  const ask = (slug: string, model: string) =>
    fetch(`${gateway.url}/llm/call/${slug}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}` },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "hello" }] }),
    });
  for (const model of [`${",".repeat(240)}!`, `${"a".repeat(28)}!`, "a".repeat(200)]) {
    const { result, busyMs } = await busiest(ask("demo", model));
    expect(result.status).toBe(403);
    expect(busyMs).toBeLessThan(mostBusyMs);
  }
  expect((await ask("other", "demo-small")).status).toBe(200);
});
