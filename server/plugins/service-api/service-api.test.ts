import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { aStudio, type Studio } from "../../testing.ts";
import { aPlugin, commands, dataOf, until } from "../test/harness.ts";

// Plugins are real processes, several of which start and stop in a test.
vi.setConfig({ testTimeout: 60_000 });

let studio: Studio;
let probe: Awaited<ReturnType<typeof aPlugin>>;
beforeAll(async () => {
  studio = await aStudio({ pluginLimits: { kvQuotaBytes: 64 * 1024 } });
  probe = await aPlugin(studio, { name: "Probe", command: commands.probe, config: { mode: "allow", api_key: "sk-own-4711" } });
});
afterAll(() => studio.close());

const studioCall = async (method: string, request: object = {}) =>
  dataOf(await probe.rpc("studio", { method, request })) as Record<string, unknown>;

test("every method of the service API is refused to a plugin that was not granted its scope", async () => {
  const eager = await aPlugin(studio, { name: "Eager", command: commands.probe }, { approve: false });
  expect((await eager.rpc("studio", { method: "listPlugins", request: {} })).status).toBe(403);
  // So that it can be asked what it is told.
  await studio.db.prisma.pluginGrant.create({ data: { pluginId: eager.id, capability: "rpc:studio", grantedBy: 1 } });
  const ask = async (method: string) => dataOf(await eager.rpc("studio", { method, request: {} })) as { code: number; details: string };
  for (const method of ["listPlugins", "listLlMs", "writePluginKv", "createSchedule", "createLlm", "getCostAnalysis"]) {
    expect(await ask(method)).toEqual({
      code: status.PERMISSION_DENIED,
      details: "service access not authorized for plugin Eager",
    });
  }
  expect(await ask("getLicenseInfo")).toMatchObject({ licenseValid: true });
});

test("an approved plugin may do what it asked for and nothing else", async () => {
  await studio.call("POST", "/api/v1/llms", { name: "Visible", vendor: "openai", api_key: "sk-llm-4711", short_description: "x" });
  const { llms } = (await studioCall("listLlMs")) as { llms: { name: string; hasApiKey: boolean }[] };
  expect(llms).toEqual([expect.objectContaining({ name: "Visible", hasApiKey: true })]);
  expect(JSON.stringify(llms)).not.toContain("4711");
  expect(await studioCall("getLlm", { llmId: 999 })).toMatchObject({ code: status.NOT_FOUND });
  expect(await studioCall("listApps")).toMatchObject({ apps: [], totalCount: expect.anything() });
  expect(await studioCall("getModelPricesByVendor", { vendor: "openai" })).toMatchObject({
    modelPrices: expect.arrayContaining([expect.objectContaining({ modelName: "gpt-4o", cpit: 0.000_002_5, cpt: 0.000_01 })]),
  });
  expect(await studioCall("getAvailableLlmDrivers")).toEqual({
    code: status.PERMISSION_DENIED,
    details: "insufficient scope: vendors.read (plugin: Probe)",
  });
  expect(await studioCall("createLlm")).toEqual({
    code: status.PERMISSION_DENIED,
    details: "insufficient scope: llms.write (plugin: Probe)",
  });
});

test("what a plugin writes is judged by other plugins as a person's writing is, and not by itself", async () => {
  const { call, db } = studio;
  const writer = await aPlugin(studio, { name: "Writer", command: commands.writer });
  const judge = await aPlugin(studio, { name: "Judge", command: commands.probe, config: { mode: "allow", forbidden: "BLOCK" } });
  const ask = async (method: string, request: object) => dataOf(await writer.rpc("studio", { method, request })) as Record<string, unknown>;
  const llm = {
    vendor: "openai",
    apiEndpoint: "https://api.openai.com/v1",
    apiKey: "sk-written-4711",
    active: true,
    shortDescription: "x",
  };

  expect(await ask("createLlm", { ...llm, name: "BLOCK this" })).toEqual({
    code: status.FAILED_PRECONDITION,
    details: expect.stringMatching(/"Judge".*the name contains BLOCK/),
  });
  expect(await db.prisma.llm.count({ where: { name: "BLOCK this" } })).toBe(0);
  expect(await ask("createLlm", { ...llm, name: "-- !" })).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining("name"),
  });

  const created = (await ask("createLlm", { ...llm, name: "Written" })).llm as { id: number; hasApiKey: boolean };
  expect(created).toMatchObject({ hasApiKey: true, metadata: { [`plugin_${judge.id}_checked`]: "yes" } });
  expect(await ask("updateLlm", { llmId: created.id, name: "BLOCK later", active: true })).toMatchObject({
    code: status.FAILED_PRECONDITION,
  });
  expect(await ask("createLlm", { ...llm, name: "Written" })).toMatchObject({ code: status.ALREADY_EXISTS });
  // It registered for LLMs itself, and is asked about those of others only.
  await call("POST", "/api/v1/llms", { name: "By a person", vendor: "openai", short_description: "x" });
  await until(async () => (dataOf(await writer.rpc("judged")) as string[]).includes("after By a person"));
  expect(dataOf(await writer.rpc("judged"))).toEqual(["before By a person", "after By a person"]);

  const attributes = (await call("GET", `/api/v1/llms/${created.id}`)).data.attributes;
  await ask("updateLlm", { llmId: created.id, shortDescription: "changed", active: true });
  expect((await call("GET", `/api/v1/llms/${created.id}`)).data.attributes).toMatchObject({
    ...attributes,
    short_description: "changed",
    updated_at: expect.anything(),
  });
  expect(await ask("deleteLlm", { llmId: created.id })).toMatchObject({ success: true });
  const operations = (dataOf(await call("GET", `${writer.path}/status`)) as { service_calls: object[] }).service_calls;
  expect(operations).toContainEqual({ operation: "createLlm", calls: 4, failed: 3, mean_ms: expect.any(Number) });
  await Promise.all([judge, writer].map(({ path }) => call("DELETE", path)));
});

test("a plugin keeps its settings in apps: it changes one without touching owner, budget and what else is there", async () => {
  const { call } = studio;
  const writer = await aPlugin(studio, { name: "App writer", command: commands.writer });
  const ask = async (method: string, request: object) => dataOf(await writer.rpc("studio", { method, request })) as Record<string, unknown>;
  const llm = await call("POST", "/api/v1/llms", { name: "For apps", vendor: "openai", short_description: "x" });
  const llmIds = [Number(llm.data.id)];
  const person = await call("POST", "/api/v1/apps", { name: "Limited", llm_ids: llmIds, monthly_budget: 5, metadata: { team: "a" } });
  const appId = Number(person.data.id);

  const { app } = (await ask("getApp", { appId })) as { app: { name: string; metadata: string; llmIds: number[] } };
  const metadata = JSON.stringify({ ...JSON.parse(app.metadata), rate_limiter: { rpm: 2 } });
  const updated = await ask("updateApp", { appId, name: app.name, isActive: true, llmIds: app.llmIds, metadata });
  expect(updated.app).toMatchObject({ name: "Limited", llmIds, userId: 1, monthlyBudget: 5 });
  expect((await call("GET", `/api/v1/apps/${appId}`)).data.attributes).toMatchObject({
    user_id: 1,
    monthly_budget: 5,
    llm_ids: llmIds,
    metadata: { team: "a", rate_limiter: { rpm: 2 } },
  });
  await ask("patchAppMetadata", { appId, key: "team", delete: true });
  expect((await call("GET", `/api/v1/apps/${appId}`)).data.attributes.metadata).toEqual({ rate_limiter: { rpm: 2 } });

  const made = (await ask("createApp", { name: "Made", llmIds, userId: 1 })).app as { id: number };
  expect((await call("GET", `/api/v1/apps/${made.id}`)).data.attributes).toMatchObject({ user_id: 1, credential_active: false });
  expect(await ask("createApp", { name: "Nobody's", userId: 999_999 })).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining("user_id"),
  });
  expect(await ask("createApp", { name: "With tools", toolIds: [1] })).toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(await ask("listApps", { limit: 1 })).toMatchObject({
    apps: [expect.objectContaining({ id: made.id })],
    totalCount: expect.anything(),
  });
  await call("DELETE", writer.path);
});

test("a plugin sees other plugins without their secrets, and changes no settings but its own", async () => {
  const other = await aPlugin(studio, { name: "Other", command: commands.probe, config: { mode: "allow", api_key: "sk-other-4711" } });
  expect(JSON.stringify(await studioCall("listPlugins"))).not.toContain("4711");
  const configJson = JSON.stringify({ mode: "allow", api_key: "[redacted]", limit: 7 });
  expect(await studioCall("updatePluginConfig", { pluginId: other.id, configJson })).toMatchObject({ code: status.PERMISSION_DENIED });
  expect(await studioCall("updatePluginConfig", { pluginId: probe.id, configJson: '{"mode":"dance"}' })).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining("config.mode"),
  });
  // The plugin is restarted with its new settings, so the call itself may not live to see the answer.
  await probe.rpc("studio", { method: "updatePluginConfig", request: { pluginId: probe.id, configJson } });
  const changed = await probe.healthy(({ config }) => (config as { limit: number }).limit === 7);
  expect(changed.config).toMatchObject({ api_key: "[redacted]" });
  expect(dataOf(await probe.rpc("config"))).toMatchObject({ api_key: "sk-own-4711", limit: 7 });
});

test("what a plugin stores survives a restart, is its own, expires, is bounded, and is gone when deleted", async () => {
  const { call } = studio;
  const other = await aPlugin(studio, { name: "Neighbour", command: commands.probe });
  const write = async (key: string, value: string, ttlMs?: number) => dataOf(await probe.rpc("write", { key, value, ttlMs }));
  const read = async (key: string) => dataOf(await probe.rpc("read", { key }));
  expect(await write("color", "red")).toBe(true);
  expect(await write("color", "blue")).toBe(false);
  expect(dataOf(await other.rpc("read", { key: "color" }))).toBeNull();
  await call("POST", `${probe.path}/reload`);
  expect(await read("color")).toBe("blue");

  expect(await write("brief", "x", 300)).toBe(true);
  await until(async () => (await read("brief")) === null);
  expect(await write("brief", "y")).toBe(true);

  expect((await probe.rpc("write", { key: "k".repeat(256), value: "x" })).errors[0]?.detail).toMatch(/255 bytes/);
  expect((await probe.rpc("write", { key: "big", value: "x".repeat(70_000) })).errors[0]?.detail).toMatch(/quota/);

  expect(dataOf(await probe.rpc("remove", { key: "color" }))).toBe(true);
  expect(dataOf(await probe.rpc("remove", { key: "color" }))).toBe(false);
  expect(await write("color", "green")).toBe(true);
  expect((await call("GET", `${probe.path}/dependents`)).list).toContainEqual(expect.objectContaining({ type: "plugin-data" }));
  expect((await call("DELETE", `${probe.path}/data`)).status).toBe(204);
  expect(await read("color")).toBeNull();
});

test("plugins hear what happens and what others publish, and cannot speak for the host", async () => {
  const other = await aPlugin(studio, { name: "Listener", command: commands.probe });
  const heard = async () => dataOf(await other.rpc("heard")) as { topic: string; origin: string; payload: unknown }[];
  // A subscription is open once something has come through it.
  await until(async () => {
    await probe.rpc("publish", { topic: "probe.hello", payload: { n: 1 } });
    return (await heard()).find(({ topic }) => topic === "probe.hello");
  });
  expect((await heard())[0]).toMatchObject({ origin: `plugin:${probe.id}@control`, payload: { n: 1 } });
  expect((await probe.rpc("publish", { topic: "elsewhere.hello", payload: {} })).errors[0]?.detail).toMatch(
    /insufficient scope: events.publish/,
  );
  expect((await probe.rpc("publish", { topic: `plugin.${other.id}.hello`, payload: {} })).errors[0]?.detail).toMatch(/insufficient scope/);
  await studio.call("POST", "/api/v1/llms", { name: "Heard of", vendor: "openai", api_key: "sk-event-4711", short_description: "x" });
  const event = await until(async () => (await heard()).find(({ topic }) => topic === "system.llm.created"));
  expect(event).toMatchObject({ origin: "control", payload: { object_type: "llm", action: "created", object: { name: "Heard of" } } });
  expect(JSON.stringify(event)).not.toContain("4711");
  expect((await probe.rpc("publish", { topic: "system.llm.deleted", payload: {} })).errors[0]?.detail).toMatch(/host's own/);
});
