import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { anEdge, aRecord, type TestEdge } from "../server/edges/testing.ts";
import { aStudio, type Studio } from "../server/testing.ts";

// An edge of namespace eu has fallen into the wrong hands. Everything it says carries a valid token.

let studio: Studio;
let forger: TestEdge;
let honest: TestEdge;
/** An app, LLM and plugin of each namespace; the global LLM runs the global plugin. */
const ids = { globalApp: 0, globalLlm: 0, globalPlugin: 0, usApp: 0, usLlm: 0, otherPlugin: 0 };
const systemAppId = 2_147_483_647;
const edges: TestEdge[] = [];

async function connected(edgeId: string, namespace: string): Promise<TestEdge> {
  const { data } = await studio.call("POST", "/api/v1/edges", { edge_id: edgeId, namespace });
  const edge = anEdge({ port: studio.runtime.controlPort, edgeId, token: String(data.attributes.token), namespace });
  edges.push(edge);
  await edge.connect();
  await edge.snapshot(() => true);
  return edge;
}

beforeAll(async () => {
  studio = await aStudio();
  const { prisma } = studio.db;
  const budget = { userId: 1, monthlyBudgetMicroUsd: 100_000_000n };
  ids.globalApp = (await prisma.app.create({ data: { name: "Global", ...budget } })).id;
  ids.usApp = (await prisma.app.create({ data: { name: "Of us", namespace: "us", ...budget } })).id;
  ids.globalLlm = (await prisma.llm.create({ data: { name: "Global", slug: "global", vendor: "openai", active: true } })).id;
  ids.usLlm = (await prisma.llm.create({ data: { name: "Of us", slug: "us", vendor: "openai", active: true, namespace: "us" } })).id;
  const grants = { create: { capability: "post_auth", grantedBy: 1 } };
  const plugin = { command: "file:///nowhere", isActive: true, hookTypes: ["post_auth"], grants };
  ids.globalPlugin = (await prisma.plugin.create({ data: { name: "Runs", slug: "runs", ...plugin } })).id;
  ids.otherPlugin = (await prisma.plugin.create({ data: { name: "Elsewhere", slug: "elsewhere", ...plugin } })).id;
  await prisma.llmPlugin.create({ data: { llmId: ids.globalLlm, pluginId: ids.globalPlugin } });
  await prisma.llmPlugin.create({ data: { llmId: ids.usLlm, pluginId: ids.otherPlugin } });
  forger = await connected("edge-eu", "eu");
  honest = await connected("edge-local", "");
});
afterAll(async () => {
  for (const edge of edges) edge.close();
  await studio.close();
});

const forge = (change: Parameters<typeof aRecord>[0] = {}) => aRecord({ appId: ids.globalApp, llmId: ids.globalLlm, ...change });
const spentBy = async (id: number) => {
  const { rows } = await studio.db.sql.query<{ spent: number }>(
    "SELECT coalesce(sum(spent_micro_usd), 0)::bigint AS spent FROM budget_usage WHERE kind = 'app' AND object_id = $1",
    [id],
  );
  return rows[0]?.spent;
};
const stored = (requestId: string) => studio.db.prisma.usageRecord.findUniqueOrThrow({ where: { requestId } });
const shown = async (edgeId: string) => (await studio.call("GET", `/api/v1/edges/${edgeId}`)).data.attributes;

test("ten thousand records of a million dollars each do not stop the accounting of other edges", async () => {
  const huge = Array.from({ length: 10_000 }, () => forge({ costMicroUsd: 1e12 }));
  const { stored: taken, rejected } = await forger.send(randomUUID(), huge);
  expect([taken, rejected.length]).toEqual([0, 10_000]);
  expect(await spentBy(ids.globalApp)).toBe(0);
  const ack = await honest.send(randomUUID(), [forge()]);
  expect(ack).toMatchObject({ stored: 1, rejected: [] });
  expect(await spentBy(ids.globalApp)).toBe(20);
  expect(await shown("edge-eu")).toMatchObject({ rejected_records: 10_000, last_rejection: expect.stringContaining("cost_micro_usd") });
});

test("plausible records cannot sum up to an implausible batch", async () => {
  const before = (await spentBy(ids.globalApp)) ?? 0;
  const dear = Array.from({ length: 10_000 }, () => forge({ promptTokens: 1e8, costMicroUsd: 2e10 }));
  const { stored: taken, rejected } = await forger.send(randomUUID(), dear);
  expect([taken, rejected.length]).toEqual([5, 9_995]);
  expect((await spentBy(ids.globalApp)) ?? 0).toBe(before + 1e11);
});

test("integers beyond what JavaScript holds exactly are refused by record, wherever they are", async () => {
  const most = Number.MAX_SAFE_INTEGER;
  const records = [
    forge({ costMicroUsd: most }),
    forge({ promptTokens: most }),
    forge({ requestBytes: most }),
    forge({ startedAtMs: most }),
  ];
  const { stored: taken, rejected } = await forger.send(randomUUID(), records);
  // A time in the future is a clock that is wrong; it is taken as now.
  expect([taken, rejected.map(({ index }) => index)]).toEqual([1, [0, 1, 2]]);
});

test("sums that are already beyond 2^53 in the database reach every edge as numbers that it can read", async () => {
  const { id } = await studio.db.prisma.app.create({ data: { name: "Poisoned", userId: 1, monthlyBudgetMicroUsd: 1_000_000n } });
  await honest.send(randomUUID(), [forge({ appId: id })]);
  await studio.db.sql.query("UPDATE budget_usage SET spent_micro_usd = 9223372036854775807 WHERE kind = 'app' AND object_id = $1", [id]);
  await studio.db.sql.query("UPDATE usage_minutes SET cost_micro_usd = 9223372036854775807 WHERE app_id = $1", [id]);
  const ack = await honest.send(randomUUID(), [forge({ appId: id })]);
  expect(ack.usage.find((one) => one.kind === "app" && one.id === id)?.spentMicroUsd).toBe(Number.MAX_SAFE_INTEGER);
  await honest.until(() =>
    honest.received
      .flatMap(({ message }) => message.budget?.usage ?? [])
      .find((one) => one.id === id && one.kind === "app" && one.spentMicroUsd === Number.MAX_SAFE_INTEGER),
  );
});

test("an app and an LLM of another namespace are not charged, and their spend is not told", async () => {
  const record = forge({ appId: ids.usApp, llmId: ids.usLlm });
  const ack = await forger.send(randomUUID(), [record]);
  expect(ack).toMatchObject({ stored: 1, usage: [] });
  expect(await stored(record.requestId)).toMatchObject({ appId: 0, llmId: 0, userId: 0 });
  expect(await spentBy(ids.usApp)).toBe(0);
  expect((await shown("edge-eu")).ownerless_records).toBeGreaterThan(0);
});

test("an app that does not exist yet is not charged in advance", async () => {
  const record = forge({ appId: 900_000 });
  await forger.send(randomUUID(), [record]);
  expect(await stored(record.requestId)).toMatchObject({ appId: 0, userId: 0 });
});

test("nothing is booked on the studio's own app or on a user in whose name the edge was not called", async () => {
  const somebody = await studio.aUser();
  const records = [
    forge({ appId: systemAppId, userId: 1, interaction: "studio" }),
    forge({ appId: systemAppId, userId: 1 }),
    forge({ userId: somebody.userId }),
    forge({ appId: 0, userId: 1 }),
  ];
  await forger.send(randomUUID(), records);
  const [studioCall, systemCall, ofAnother, ofNobody] = await Promise.all(records.map(({ requestId }) => stored(requestId)));
  for (const one of [studioCall, systemCall]) expect(one).toMatchObject({ appId: 0, userId: 0 });
  expect(ofAnother).toMatchObject({ appId: ids.globalApp, userId: 0 });
  expect(ofNobody).toMatchObject({ appId: 0, userId: 0 });
});

test("a call that the studio made through its gateway is still booked on its user", async () => {
  const record = forge({ appId: systemAppId, userId: 1, interaction: "studio" });
  await honest.send(randomUUID(), [record]);
  expect(await stored(record.requestId)).toMatchObject({ appId: systemAppId, userId: 1 });
});

test("the log and the state of a plugin that does not run on the edge cannot be forged", async () => {
  const line = (pluginId: number, text: string) => ({ pluginId, seq: 1, atMs: Date.now(), stream: "stdout", level: "info", text });
  forger.logs([line(ids.otherPlugin, "FORGED"), line(ids.globalPlugin, "true")]);
  const state = { state: "failed", error: "forged", restarts: 0, generation: 1 };
  forger.beat({ plugins: [ids.otherPlugin, ids.globalPlugin].map((pluginId) => ({ pluginId, ...state })) });
  const logOf = async (id: number) => studio.db.prisma.pluginLog.findMany({ where: { pluginId: id } });
  await expect.poll(() => logOf(ids.globalPlugin), { timeout: 10_000 }).toHaveLength(1);
  expect(await logOf(ids.otherPlugin)).toEqual([]);
  await expect
    .poll(async () => (await shown("edge-eu")).report, { timeout: 10_000 })
    .toMatchObject({ plugins: [{ plugin_id: ids.globalPlugin }] });
});
