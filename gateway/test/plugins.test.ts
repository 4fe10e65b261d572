import { fileURLToPath } from "node:url";
import type { PluginConfig, Snapshot } from "@portico/protocol/edge";
import { afterEach, expect, test } from "vitest";
import { anApp, anLlm, edgeToken, type TestHub } from "./hub.ts";
import { aWorld, basicSnapshot, call, chat, chatPath, endWorlds, secret, until, type World } from "./world.ts";

afterEach(endWorlds);

const executable = (path: string) => `file://${fileURLToPath(new URL(path, import.meta.url))}`;

const aPlugin = (hub: TestHub, plugin: Partial<PluginConfig> = {}): PluginConfig => ({
  id: 1,
  name: "Hooks",
  slug: "hooks",
  command: executable("./fixtures/hooks-plugin.ts"),
  checksum: "",
  sealedConfigJson: hub.seal("{}"),
  hookTypes: ["pre_auth", "post_auth", "on_response"],
  serviceScopes: ["kv.readwrite"],
  generation: 1,
  ...plugin,
});

const attached = (...ids: number[]) => ids.map((pluginId) => ({ pluginId, sealedConfigOverrideJson: Buffer.alloc(0) }));

const withPlugins =
  (plugins: (hub: TestHub) => PluginConfig[], overrides: Record<number, string> = {}) =>
  (hub: TestHub, url: string): Partial<Snapshot> => {
    const all = plugins(hub);
    const llmPlugins = all.map(({ id }) => ({
      pluginId: id,
      sealedConfigOverrideJson: overrides[id] ? hub.seal(overrides[id]) : Buffer.alloc(0),
    }));
    return { ...basicSnapshot(hub, url), llms: [anLlm(hub, url, { plugins: llmPlugins })], plugins: all };
  };

async function ready(world: World): Promise<World> {
  await until(async () => (await call(world.gateway, "/ready")).status === 200, 15_000);
  return world;
}

const contentOf = (json: Record<string, unknown>): string => {
  const [choice] = json.choices as { message: { content: string } }[];
  return choice?.message.content ?? "";
};
const toldOf = (json: Record<string, unknown>) => JSON.parse(contentOf(json).replace("You said: ", "")) as Record<string, unknown>;

test("the first-party plugins are visible at both ends of a request", async () => {
  const { gateway } = await ready(
    await aWorld({
      snapshot: withPlugins((hub) => [
        aPlugin(hub, {
          id: 4,
          name: "Enricher",
          command: executable("../../plugins/request-enricher/plugin.ts"),
          hookTypes: ["post_auth"],
          sealedConfigJson: hub.seal('{"additional_instruction":"Speak kindly."}'),
        }),
        aPlugin(hub, {
          id: 5,
          name: "Modifier",
          command: executable("../../plugins/response-modifier/plugin.ts"),
          hookTypes: ["on_response"],
          sealedConfigJson: hub.seal('{"rest_modifier":"[checked]"}'),
        }),
      ]),
    }),
  );
  const answer = await call(gateway, chatPath, { body: chat("hello") });
  expect(answer.status).toBe(200);
  expect(contentOf(answer.json)).toContain("Speak kindly.");
  expect(contentOf(answer.json)).toContain("[checked]");
  expect(answer.headers.get("x-plugin-modified")).toBe("true");
  expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
});

test("plugins run in order, change what follows, keep their own data and are refused what was not granted", async () => {
  const world = await ready(
    await aWorld({
      snapshot: withPlugins((hub) => [aPlugin(hub), aPlugin(hub, { id: 2, name: "Second" })], { 1: '{"tone":{"mood":"dry"}}' }),
    }),
  );
  const first = await call(world.gateway, chatPath, { body: chat() });
  const told = toldOf(first.json);
  // The second plugin spoke last; both saw the trail of all pre_auth plugins before them.
  expect(told).toMatchObject({ app: 7, count: 1, trail: "pre,pre", edge: "test-edge" });
  expect(told.denied).toContain("insufficient scope: apps.read (plugin: Second)");
  expect(told.override).toBeUndefined();
  expect(first.json.touched).toBe(true);
  expect(first.headers.get("x-seen-type")).toBe("application/json");
  const again = await call(world.gateway, chatPath, { body: chat() });
  expect(toldOf(again.json)).toMatchObject({ count: 2 });

  world.hub.push(withPlugins((hub) => [aPlugin(hub)], { 1: '{"tone":{"mood":"dry"}}' })(world.hub, world.vendorUrl));
  await until(() => world.hub.results.length === 2);
  expect(toldOf((await call(world.gateway, chatPath, { body: chat() })).json)).toMatchObject({
    override: '{"tone":{"mood":"dry"}}',
    config: { tone: { mood: "dry" } },
    trail: "pre",
  });
});

test("a plugin that judges requests and fails lets none through; the answer has the true status, and the log what the plugin said", async () => {
  const { gateway, hub, log } = await ready(
    await aWorld({ snapshot: withPlugins((hub) => [aPlugin(hub)]), limits: { pluginTimeoutMs: 400, pluginStartWaitMs: 200 } }),
  );
  const thrown = await call(gateway, chatPath, { body: chat(), headers: { "x-test-throw": "1" } });
  expect(thrown.status).toBe(502);
  expect(thrown.json.message).toBe(`A plugin of this LLM failed (request ${thrown.headers.get("x-request-id")}).`);
  const lines = () => log.filter((line) => line.includes("a plugin stopped a request"));
  expect(lines().at(-1)).toContain("thrown on purpose");
  expect(lines().at(-1)).toContain("Hooks");
  const late = await call(gateway, chatPath, { body: chat(), headers: { "x-test-hang": "1" } });
  expect(late).toMatchObject({ status: 504, json: { message: expect.stringContaining("did not answer in time") } });
  const blocked = await call(gateway, chatPath, { body: chat(), headers: { "x-test-block": "418" } });
  expect(blocked).toMatchObject({ status: 418, json: { blocked: true } });
  expect(blocked.headers.get("x-blocked-by")).toBe("hooks");
  const crashed = await call(gateway, chatPath, { body: chat(), headers: { "x-test-crash": "1" } });
  expect(crashed).toMatchObject({ status: 503 });
  // The process is healed and requests pass again.
  await until(async () => (await call(gateway, chatPath, { body: chat() })).status === 200, 10_000);
  await until(() => hub.heartbeats.some(({ plugins }) => plugins.some(({ restarts }) => restarts > 0)));
});

test("a plugin that is replaced under load costs no request, and the new settings count from then on", async () => {
  const world = await ready(await aWorld({ snapshot: withPlugins((hub) => [aPlugin(hub)]) }));
  const statuses: number[] = [];
  let version = 0;
  let isLoaded = true;
  const callers = Array.from({ length: 8 }, async () => {
    while (isLoaded) {
      const answer = await call(world.gateway, chatPath, { body: chat() });
      statuses.push(answer.status);
      if (answer.status !== 200) continue;
      const { config } = toldOf(answer.json) as { config: { version?: number } };
      version = Math.max(version, config.version ?? 0);
    }
  });
  for (const next of [1, 2]) {
    const sealedConfigJson = world.hub.seal(JSON.stringify({ version: next }));
    world.hub.push(withPlugins((hub) => [aPlugin(hub, { sealedConfigJson, generation: 1 + next })])(world.hub, world.vendorUrl));
    await until(() => version === next, 20_000);
  }
  isLoaded = false;
  await Promise.all(callers);
  expect(statuses.length).toBeGreaterThan(50);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
}, 60_000);

test("an auth plugin decides who calls; whom it rejects gets 401, and there is no app to fall back to", async () => {
  const { gateway, hub } = await ready(
    await aWorld({
      snapshot: (hub, url) => ({
        ...withPlugins((hub) => [aPlugin(hub, { hookTypes: ["auth"] })])(hub, url),
        apps: [anApp(secret), anApp("system", { id: 9, system: true })],
      }),
    }),
  );
  const bearer = (token: string) => call(gateway, chatPath, { body: chat(), headers: { authorization: `Bearer ${token}` } });
  expect((await bearer("ticket-7")).status).toBe(200);
  expect(await bearer(secret)).toMatchObject({
    status: 401,
    json: { message: "Authentication failed", error: "authentication rejected by auth plugin" },
  });
  expect((await bearer("ticket-0")).status).toBe(401);
  expect((await bearer("ticket-9")).status).toBe(401);
  expect((await bearer("system")).status).toBe(200);
  await until(() => hub.records().length >= 5);
  expect(hub.records()[0]).toMatchObject({ appId: 7, userId: 3 });
});

test("the model a plugin writes is judged like a client's, and it may send a request elsewhere", async () => {
  const world = await ready(
    await aWorld({
      snapshot: (hub, url) => ({
        ...withPlugins((hub) => [aPlugin(hub, { hookTypes: ["post_auth"] })])(hub, url),
        llms: [anLlm(hub, "http://127.0.0.1:1", { allowedModels: ["^demo-"], plugins: attached(1), keyOrigins: [url] })],
      }),
    }),
  );
  const elsewhere = { "x-test-upstream": world.vendorUrl };
  expect((await call(world.gateway, chatPath, { body: chat(), headers: elsewhere })).status).toBe(200);
  expect(await call(world.gateway, chatPath, { body: chat(), headers: { ...elsewhere, "x-test-model": "gpt-9" } })).toMatchObject({
    status: 403,
  });
  expect((await call(world.gateway, chatPath, { body: chat() })).status).toBe(502);
});

test("a body too large for a plugin that must see it is refused with 413, and passes where none must", async () => {
  const text = "x".repeat(4_400_000);
  const world = await ready(await aWorld({ snapshot: withPlugins((hub) => [aPlugin(hub, { hookTypes: ["on_response"] })]) }));
  const unseen = await call(world.gateway, chatPath, { body: chat(text) });
  expect(unseen.status).toBe(200);
  // The answer repeats the text, so it is too large for the response plugin and passes it by.
  expect(unseen.json.touched).toBeUndefined();
  world.hub.push(withPlugins((hub) => [aPlugin(hub)])(world.hub, world.vendorUrl));
  await until(() => world.hub.results.length === 2);
  const seen = await call(world.gateway, chatPath, { body: chat(text) });
  expect(seen.status).toBe(413);
  expect(seen.json.message).toContain("a plugin of this LLM must see it");
});

test("a stream passes response plugins by and is shown to them when it has ended", async () => {
  const hookTypes = ["post_auth", "on_response"];
  const { gateway } = await ready(await aWorld({ snapshot: withPlugins((hub) => [aPlugin(hub, { hookTypes })]) }));
  const streamed = await call(gateway, chatPath, { body: chat("a stream", { stream: true }) });
  expect(streamed.text).toContain("data: [DONE]");
  expect(streamed.headers.get("x-seen-type")).toBeNull();
  // Status, the end of the answer and the request reached the plugin.
  await until(async () => toldOf((await call(gateway, chatPath, { body: chat() })).json).stream === "200 true true");
});

test("a plugin that cannot run shows at /ready, by name to the operator alone, and does not keep the gateway from being ready", async () => {
  const { gateway } = await aWorld({
    snapshot: withPlugins((hub) => [aPlugin(hub, { name: "Absent", command: "file:///nowhere/plugin" })]),
    limits: { pluginStartWaitMs: 100 },
  });
  await until(async () => (await call(gateway, "/ready")).status === 200);
  const ready = await call(gateway, "/ready");
  expect((await call(gateway, "/ready?strict")).status).toBe(503);
  expect(ready.json).toMatchObject({ status: "degraded", checks: { plugins: { status: "degraded", count: 1 } } });
  expect(ready.text).not.toContain("Absent");
  const told = await call(gateway, "/ready", { headers: { authorization: `Bearer ${edgeToken}` } });
  expect(told.json).toMatchObject({ checks: { plugins: { items: [{ name: "Absent", state: "failed", error: expect.any(String) }] } } });
  const refused = await call(gateway, chatPath, { body: chat() });
  expect(refused.status).toBe(503);
  expect(refused.text).not.toContain("Absent");
});
