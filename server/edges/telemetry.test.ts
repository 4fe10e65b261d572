import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { periodStart } from "@portico/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";
import { createUsageStore } from "../usage/store.ts";
import { anEdge, aRecord, type TestEdge } from "./testing.ts";

let studio: Studio;
let edges: TestEdge[];
let appId: number;
let llmId: number;
beforeAll(async () => {
  studio = await aStudio();
  const app = await studio.db.prisma.app.create({ data: { name: "Spender", userId: 1, monthlyBudgetMicroUsd: 1_000_000n } });
  const llm = await studio.db.prisma.llm.create({
    data: { name: "Paid", slug: "paid", vendor: "openai", active: true, monthlyBudgetMicroUsd: 9_000_000n },
  });
  [appId, llmId] = [app.id, llm.id];
  edges = [];
  for (const edgeId of ["usage-a", "usage-b"]) {
    const { data } = await studio.call("POST", "/api/v1/edges", { edge_id: edgeId });
    edges.push(anEdge({ port: studio.runtime.controlPort, edgeId, token: String(data.attributes.token) }));
  }
});
afterAll(async () => {
  for (const edge of edges) edge.close();
  await studio.close();
});

const edge = (index = 0): TestEdge => edges[index] as TestEdge;
const usage = (change: Parameters<typeof aRecord>[0] = {}) => aRecord({ appId, llmId, ...change });
const sums = async () => {
  const { rows } = await studio.db.sql.query<{ requests: number; cost: number; errors: number; timed: number }>(
    `SELECT coalesce(sum(requests), 0)::bigint AS requests, coalesce(sum(cost_micro_usd), 0)::bigint AS cost, coalesce(sum(errors), 0)::bigint AS errors,
       (SELECT coalesce(sum(d), 0)::bigint FROM usage_minutes, unnest(durations) d) AS timed FROM usage_minutes`,
  );
  return rows[0];
};
const spent = async () => {
  const { rows } = await studio.db.sql.query<{ kind: string; spent_micro_usd: number }>(
    "SELECT kind, spent_micro_usd FROM budget_usage WHERE object_id = ANY($1) ORDER BY kind",
    [[appId, llmId]],
  );
  return Object.fromEntries(rows.map((row) => [row.kind, row.spent_micro_usd]));
};

test("a batch sent twice, and a record in two batches, are counted once", async () => {
  const batchId = randomUUID();
  const records = [usage(), usage({ outcome: "failed" }), usage({ durationMs: 500_000 })];
  expect(await edge().send(batchId, records)).toMatchObject({ batchId, duplicate: false, stored: 3 });
  expect(await edge().send(batchId, records)).toMatchObject({ batchId, duplicate: true, stored: 0 });
  expect(await edge(1).send(randomUUID(), [...records, usage()])).toMatchObject({ duplicate: false, stored: 1 });
  expect(await sums()).toEqual({ requests: 4, cost: 80, errors: 1, timed: 3 });
  expect(await spent()).toEqual({ app: 80, llm: 80 });
});

test("a record is stored as it was sent, whatever is in its texts, alone and beside one that was there before", async () => {
  const odd = {
    model: 'a\tb\\n"c",{NULL}\r\n\\.',
    path: "/v1/\\N/ü–😀?x='",
    reason: "NULL",
    vendor: "",
    userId: 1,
    durationMs: 0.1 + 0.2,
    costMicroUsd: 1_234,
  };
  const alone = usage(odd);
  const beside = usage(odd);
  await edge().send(randomUUID(), [alone]);
  await edge().send(randomUUID(), [alone, beside]);
  for (const { requestId, startedAtMs } of [alone, beside]) {
    const { model, path, reason, vendor, userId, durationMs, costMicroUsd, at, edgeId } =
      await studio.db.prisma.usageRecord.findUniqueOrThrow({
        where: { requestId },
      });
    expect({ model, path, reason, vendor, userId, durationMs, costMicroUsd: Number(costMicroUsd) }).toEqual(odd);
    expect([at.getTime(), edgeId]).toEqual([startedAtMs, "usage-a"]);
  }
});

test("latencies are of completed calls: failed, blocked and aborted ones have their own figures", async () => {
  const before = await sums();
  const outcomes = ["completed", "failed", "blocked", "aborted"];
  await edge().send(
    randomUUID(),
    outcomes.map((outcome) => usage({ outcome })),
  );
  expect(await sums()).toMatchObject({
    requests: (before?.requests ?? 0) + 4,
    timed: (before?.timed ?? 0) + 1,
    errors: (before?.errors ?? 0) + 2,
  });
});

test("an acknowledgement says what is spent with its batch, and when it was looked at, also when the batch comes again", async () => {
  const periodStartMs = periodStart(new Date()).getTime();
  const before = (await spent()).app ?? 0;
  const batchId = randomUUID();
  const records = [usage({ costMicroUsd: 7 }), usage({ costMicroUsd: 4 })];
  const first = await edge().send(batchId, records);
  expect(first.usage).toHaveLength(2);
  for (const [kind, id] of [
    ["app", appId],
    ["llm", llmId],
  ])
    expect(first.usage).toContainEqual({
      kind,
      id,
      periodStartMs,
      spentMicroUsd: before + 11,
      spentRestNanoUsd: 0,
      readAtUs: expect.any(Number),
    });
  const acks = await Promise.all([1, 2, 3, 4].map((at) => edge(at % 2).send(randomUUID(), [usage({ costMicroUsd: 100 })])));
  const again = await edge().send(batchId, records);
  const figures = [first, ...acks, again].map((ack) => ack.usage.find(({ kind }) => kind === "app"));
  const inOrder = figures.toSorted((a, b) => (a?.readAtUs ?? 0) - (b?.readAtUs ?? 0));
  expect([inOrder[0], inOrder.at(-1)]).toEqual([figures[0], figures.at(-1)]);
  const amounts = inOrder.map((figure) => (figure?.spentMicroUsd ?? 0) - before);
  expect([amounts[0], Math.max(...amounts), amounts.at(-1)]).toEqual([11, 411, 411]);
});

test("calls that cost less than a micro-dollar add up exactly at the hub, in every sum and answer, beside records of older edges", async () => {
  const { data } = await studio.call("POST", "/api/v1/apps", { name: "Tiny", llm_ids: [llmId], monthly_budget: 1 });
  const tiny = Number(data.id);
  const before = (await studio.call("GET", "/api/v1/analytics/overview?range=1h")).data.attributes as { totals: { cost: number } };
  const batches = Array.from({ length: 8 }, () =>
    Array.from({ length: 50 }, () => usage({ appId: tiny, costMicroUsd: 0, costNanoUsd: 251 })),
  );
  const acks = await Promise.all(batches.map((records) => edge().send(randomUUID(), records)));
  expect(acks.every(({ rejected }) => rejected.length === 0)).toBe(true);
  const last = await edge().send(randomUUID(), [usage({ appId: tiny, costMicroUsd: 3 })]);
  // 400 times 251 nano-dollars and 3 micro-dollars.
  expect(last.usage.find(({ kind, id }) => kind === "app" && id === tiny)).toMatchObject({ spentMicroUsd: 103, spentRestNanoUsd: 400 });
  expect((await studio.call("GET", `/api/v1/apps/${tiny}`)).data.attributes.current_spend).toBe(0.0001034);
  const after = (await studio.call("GET", "/api/v1/analytics/overview?range=1h")).data.attributes as typeof before;
  expect(after.totals.cost - before.totals.cost).toBeCloseTo(0.0001034, 12);
});

test("many batches at once sum exactly", async () => {
  const before = await sums();
  const batches = Array.from({ length: 24 }, () =>
    Array.from({ length: 200 }, (_, at) => usage({ costMicroUsd: 7, startedAtMs: Date.now() - (at % 5) * 60_000 })),
  );
  await Promise.all(batches.map((records, at) => edge(at % 2).send(randomUUID(), records)));
  expect(await sums()).toMatchObject({ requests: (before?.requests ?? 0) + 4_800, cost: (before?.cost ?? 0) + 4_800 * 7 });
  expect((await spent()).app).toBeGreaterThanOrEqual(4_000 * 7);
});

test("a malformed record is named and refused alone; what clients wrote is shortened, and a newer edge's interaction is text", async () => {
  const batchId = randomUUID();
  const records = [usage(), usage({ outcome: "odd" }), usage({ durationMs: Number.NaN }), usage({ interaction: "realtime" })];
  const rejected = [
    { index: 1, reason: expect.stringContaining("records[1].outcome") },
    { index: 2, reason: expect.stringContaining("records[2].duration_ms") },
  ];
  expect(await edge().send(batchId, records)).toMatchObject({ stored: 2, rejected });
  expect(await edge().send(batchId, records)).toMatchObject({ stored: 0, duplicate: true, rejected });
  const { attributes } = (await studio.call("GET", "/api/v1/edges/usage-a")).data;
  expect(attributes).toMatchObject({ rejected_records: 2, last_rejection: rejected[0]?.reason });
  const before = await sums();
  await expect(edge().send("not-a-uuid", [])).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(await sums()).toEqual(before);
  expect(await edge().send(randomUUID(), [usage({ model: `\0${"m".repeat(5_000)}` })])).toMatchObject({ stored: 1 });
});

test("spend is told to every edge, and counts from a period's changed start exactly", async () => {
  await edge(1).connect();
  const budgetOf = (kind: string, id: number) =>
    edge(1)
      .received.flatMap(({ message }) => message.budget?.usage ?? [])
      .findLast((one) => one.kind === kind && one.id === id);
  const known = await edge(1).until(() => budgetOf("app", appId));
  expect(known).toMatchObject({ spentMicroUsd: (await spent()).app, periodStartMs: periodStart(new Date()).getTime() });
  await edge(0).send(randomUUID(), [usage({ costMicroUsd: 1_000 })]);
  await edge(1).until(() => (budgetOf("app", appId)?.spentMicroUsd === known.spentMicroUsd + 1_000 ? true : undefined));

  const reset = new Date(Date.now() - 1_000);
  await edge(0).send(randomUUID(), [usage({ costMicroUsd: 50 })]);
  await studio.db.prisma.app.update({ where: { id: appId }, data: { budgetStartAt: reset } });
  const start = periodStart(new Date(), reset);
  const store = createUsageStore(studio.db);
  const since = async () => (await store.spent([{ kind: "app", id: appId, periodStart: start }]))[0]?.spentMicroUsd ?? 0;
  const counted = await since();
  await edge(0).send(randomUUID(), [usage({ costMicroUsd: 5 })]);
  expect(await since()).toBe(counted + 5);
});

test("what a deleted app or LLM spent after its deletion is in the budget row of its period, moved starts included", async () => {
  const { prisma, sql } = studio.db;
  const moved = new Date(Date.now() - 5 * 86_400_000);
  const app = await prisma.app.create({ data: { name: "Short-lived", userId: 1, budgetStartAt: moved } });
  const llm = await prisma.llm.create({ data: { name: "Short-lived", slug: "short-lived", vendor: "openai", active: true } });
  const record = (costMicroUsd: number) => usage({ appId: app.id, llmId: llm.id, userId: 1, costMicroUsd });
  await edge(0).send(randomUUID(), [record(100)]);
  await prisma.app.delete({ where: { id: app.id } });
  await prisma.llm.delete({ where: { id: llm.id } });
  await edge(0).send(randomUUID(), [record(20)]);
  await edge(1).send(randomUUID(), [record(3)]);
  const { rows } = await sql.query(
    "SELECT kind, spent_micro_usd AS spent, period_start AS start FROM budget_usage WHERE object_id = ANY($1) ORDER BY kind",
    [[app.id, llm.id]],
  );
  expect(rows).toContainEqual({ kind: "app", spent: 123, start: periodStart(new Date(), moved) });
  expect(rows).toContainEqual({ kind: "llm", spent: 123, start: periodStart(new Date()) });
});
