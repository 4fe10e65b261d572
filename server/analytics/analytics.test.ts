import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { aRecord } from "../edges/testing.ts";
import { aStudio, type Studio } from "../testing.ts";
import { bucketOf } from "../usage/histogram.ts";
import { createUsageStore } from "../usage/store.ts";

let studio: Studio;
let llmId: number;
let appId: number;
beforeAll(async () => {
  studio = await aStudio();
  llmId = Number((await studio.call("POST", "/api/v1/llms", { name: "Model", vendor: "openai" })).data.id);
  appId = Number((await studio.call("POST", "/api/v1/apps", { name: "crm", llm_ids: [llmId] })).data.id);
});
beforeEach(async () => {
  await studio.db.sql.query("TRUNCATE usage_records, usage_minutes, usage_hours, usage_days, usage_marginals");
});
afterAll(() => studio.close());

const minutesAgo = (minutes: number) => new Date(Math.floor(Date.now() / 60_000) * 60_000 - minutes * 60_000);

type Recorded = { appId?: number; llmId?: number; outcome?: string };
/** Completed calls of these durations, as an edge reports them: 10 + 5 + 1 + 2 tokens and a tenth of a cent each. */
const report = (at: Date, durationsMs: number[], more: Recorded = {}) =>
  createUsageStore(studio.db).insertBatch({
    edgeId: "local",
    batchId: randomUUID(),
    records: durationsMs.map((durationMs) =>
      aRecord({
        startedAtMs: at.getTime(),
        appId,
        llmId,
        durationMs,
        promptTokens: 10,
        responseTokens: 5,
        cacheWriteTokens: 1,
        cacheReadTokens: 2,
        costMicroUsd: 1_000,
        ...more,
      }),
    ),
  });

const aCall = (at: Date, number: number, more: Record<string, unknown> = {}) => ({
  requestId: `r${number}`,
  edgeId: "local",
  at,
  appId,
  userId: 1,
  llmId,
  vendor: "openai",
  model: "gpt-4o",
  outcome: "completed",
  statusCode: 200,
  streamed: false,
  durationMs: 120,
  firstByteMs: 80,
  pluginMs: 1.5,
  promptTokens: 10n,
  responseTokens: 5n,
  cacheWriteTokens: 0n,
  cacheReadTokens: 0n,
  costMicroUsd: 2_500n,
  requestBytes: 1n,
  responseBytes: 1n,
  path: "/v1/chat/completions",
  interaction: "proxy",
  usageEstimated: false,
  ...more,
});

type Overview = {
  totals: Record<string, number | null>;
  series: { at: string; requests: number; latency_p50_ms: number | null }[];
  by_llm: unknown[];
  by_app: unknown[];
};
const overview = async (range: string) =>
  (await studio.call("GET", `/api/v1/analytics/overview?range=${range}`)).data.attributes as Overview;

test("the curves of every range are without gaps, end now, and add up to the totals", async () => {
  await report(minutesAgo(0), [10, 20]);
  await report(minutesAgo(30), [5], { outcome: "failed" });
  await report(minutesAgo(60 * 24 * 40), [1]);
  for (const [range, steps, stepMs] of [
    ["1h", 60, 60_000],
    ["24h", 96, 900_000],
    ["7d", 56, 10_800_000],
    ["30d", 30, 86_400_000],
  ] as const) {
    const { series, totals } = await overview(range);
    expect(series).toHaveLength(steps);
    const times = series.map((step) => Date.parse(step.at));
    for (const [at, time] of times.entries()) expect(time - (times[0] ?? 0)).toBe(at * stepMs);
    expect(Date.now() - (times.at(-1) ?? 0)).toBeLessThan(stepMs + 5_000);
    expect(totals).toMatchObject({ requests: 3, errors: 1, prompt_tokens: 30, response_tokens: 15, cost: 0.003 });
    expect(series.reduce((sum, step) => sum + step.requests, 0)).toBe(3);
  }
});

test("latencies of many minutes are read from the sum of their buckets, and are null where nothing was asked", async () => {
  const fast = Array.from({ length: 90 }, () => 4);
  const slow = Array.from({ length: 10 }, () => 2_000);
  await report(minutesAgo(1), fast);
  await report(minutesAgo(2), slow);
  const { totals, series } = await overview("1h");
  expect(bucketOf(totals.latency_p50_ms ?? 0)).toBe(bucketOf(4));
  expect(bucketOf(totals.latency_p95_ms ?? 0)).toBe(bucketOf(2_000));
  expect(series[0]?.latency_p50_ms).toBeNull();
  expect((await overview("24h")).series.filter((step) => step.latency_p50_ms !== null).length).toBeGreaterThan(0);
});

test("use is told apart by LLM and app, the most used first, and what is deleted still counts", async () => {
  await report(minutesAgo(1), [1, 1]);
  await report(minutesAgo(1), [1, 1, 1], { appId: 4711, llmId: 4712 });
  for (const range of ["1h", "7d", "30d"])
    expect(await overview(range)).toMatchObject({
      by_llm: [
        { llm_id: 4712, name: "deleted LLM 4712", requests: 3, tokens: 54, cost: 0.003 },
        { llm_id: llmId, name: "Model", requests: 2 },
      ],
      by_app: [
        { app_id: 4711, name: "deleted app 4711", requests: 3 },
        { app_id: appId, name: "crm", requests: 2 },
      ],
    });
});

test("calls come newest first, with their names, and can be narrowed and paged on from any of them", async () => {
  const { call, db } = studio;
  await db.prisma.usageRecord.createMany({
    data: [
      ...[1, 2, 3, 4, 5].map((number) => aCall(minutesAgo(10 - number), number)),
      aCall(minutesAgo(0), 6, { outcome: "blocked", statusCode: 403, reason: "over 100% of budget", appId: 4711, model: "o4_mini" }),
    ],
  });
  const ids = async (query: string) =>
    (await call("GET", `/api/v1/analytics/calls?${query}`)).list.map(({ attributes }) => attributes.request_id);
  expect(await ids("")).toEqual(["r6", "r5", "r4", "r3", "r2", "r1"]);
  expect(await ids("page_size=2&page=2")).toEqual(["r4", "r3"]);
  expect(await ids("page_size=2&before=r4")).toEqual(["r3", "r2"]);
  expect(await ids("outcome=blocked")).toEqual(["r6"]);
  expect(await ids(`app_id=${appId}&llm_id=${llmId}&page_size=1`)).toEqual(["r5"]);
  expect([await ids("q=r3"), await ids("q=4_M"), await ids(`q=${encodeURIComponent("100%")}`)]).toEqual([["r3"], ["r6"], ["r6"]]);
  const [newest] = (await call("GET", "/api/v1/analytics/calls")).list;
  expect(newest?.attributes).toMatchObject({
    app_name: "deleted app 4711",
    llm_name: "Model",
    cost: 0.0025,
    outcome: "blocked",
    edge_id: "local",
  });
  expect((await call("GET", "/api/v1/analytics/calls?page_size=4")).meta).toMatchObject({ total_count: 6, total_pages: 2 });
});

test("a long history is counted no further than anybody pages", async () => {
  await studio.db.sql.query(
    `INSERT INTO usage_records (request_id, edge_id, at, app_id, user_id, llm_id, vendor, model, outcome, status_code, streamed, duration_ms,
       first_byte_ms, plugin_ms, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_micro_usd, request_bytes,
       response_bytes, path, interaction, usage_estimated)
     SELECT 'many' || n, 'local', now() - n * interval '1 second', 1, 1, 1, 'openai', 'm', 'completed', 200, false, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1,
       '/', 'proxy', false FROM generate_series(1, 12000) AS n`,
  );
  expect((await studio.call("GET", "/api/v1/analytics/calls?page_size=100")).meta.total_count).toBe(10_001);
});

test("usage by day covers every day asked for, and budgets show spend beside use", async () => {
  const { call, db } = studio;
  const today = new Date().toISOString().slice(0, 10);
  await report(new Date(), [1]);
  const chart = (await call("GET", `/api/v1/analytics/usage?start_date=${today}&end_date=${today}&app_id=${appId}`)).json;
  expect(chart).toMatchObject({
    labels: [today],
    datasets: [{ label: "Total Tokens", data: [18] }, { label: "Cost", data: [0.001], yAxisID: "y1" }, {}, {}, {}, {}],
  });
  const other = (await call("GET", `/api/v1/analytics/usage?start_date=${today}&end_date=${today}&vendor=anthropic`)).json;
  expect(other).toMatchObject({ datasets: [{ data: [0] }, {}, {}, {}, {}, {}] });
  expect((await call("GET", "/api/v1/analytics/usage?start_date=yesterday&end_date=2026-01-01")).status).toBe(400);

  await call("PATCH", `/api/v1/apps/${appId}`, { monthly_budget: 0.01 });
  const now = new Date();
  const periodStart = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  await db.prisma.budgetUsage.update({
    where: { kind_objectId_periodStart: { kind: "app", objectId: appId, periodStart } },
    data: { spentMicroUsd: 5_000n },
  });
  expect((await call("GET", "/api/v1/analytics/budget-usage")).json).toMatchObject([
    { entity_type: "LLM", entity_id: llmId, budget: null, totalCost: 0.001 },
    { entity_type: "App", entity_id: appId, budget: 0.01, spent: 0.005, usage: 50, totalCost: 0.001, total_tokens: 18, user_id: 1 },
  ]);
});

test("a call is found by its request id with all that was recorded, and one that was never made is not", async () => {
  await studio.db.prisma.usageRecord.create({
    data: aCall(minutesAgo(1), 1, {
      outcome: "failed",
      statusCode: 502,
      reason: "upstream_unreachable",
      cacheReadTokens: 7n,
      requestBytes: 321n,
    }),
  });
  const call = await studio.call("GET", "/api/v1/analytics/calls/r1");
  expect(call.data.attributes).toMatchObject({
    request_id: "r1",
    outcome: "failed",
    status_code: 502,
    reason: "upstream_unreachable",
    model: "gpt-4o",
    vendor: "openai",
    app_name: "crm",
    llm_name: "Model",
    user_id: 1,
    user_name: "Admin",
    cache_read_tokens: 7,
    request_bytes: 321,
    path: "/v1/chat/completions",
    interaction: "proxy",
    usage_estimated: false,
    plugin_ms: 1.5,
  });
  expect((await studio.call("GET", "/api/v1/analytics/calls/r2")).status).toBe(404);
});

test("calls are filtered by app, LLM, user, edge, model, outcome and time, and a time that is none is named", async () => {
  const { admin } = studio;
  await studio.db.prisma.usageRecord.createMany({
    data: [
      aCall(minutesAgo(1), 1),
      aCall(minutesAgo(2), 2, { edgeId: "eu-1" }),
      aCall(minutesAgo(3), 3, { model: "o4-mini", userId: 4711 }),
      aCall(minutesAgo(90), 4, { outcome: "blocked" }),
    ],
  });
  const found = async (query: string) =>
    (await studio.call("GET", `/api/v1/analytics/calls?${query}`)).list.map((call) => call.attributes.request_id);
  expect(await found("edge_id=eu-1")).toEqual(["r2"]);
  expect(await found("model=o4-mini")).toEqual(["r3"]);
  expect(await found(`user_id=${admin.userId}`)).toEqual(["r1", "r2", "r4"]);
  expect(await found("outcome=blocked")).toEqual(["r4"]);
  expect(await found(`from=${minutesAgo(60).toISOString()}&to=${minutesAgo(1).toISOString()}`)).toEqual(["r2", "r3"]);
  expect(await found(`app_id=${appId}&llm_id=${llmId}&page_size=2&page=2`)).toEqual(["r3", "r4"]);
  const wrong = await studio.call("GET", "/api/v1/analytics/calls?from=2026-02-30");
  expect([wrong.status, wrong.errors[0]?.field]).toEqual([400, "from"]);
});

test("a call of a model without a price says so, a free one does not; they are listed, and counted with their models", async () => {
  await studio.call("POST", "/api/v1/model-prices", { vendor: "openai", model_name: "Free-Model", cpt: 0, cpit: 0 });
  const free = { costMicroUsd: 0n };
  await studio.db.prisma.usageRecord.createMany({
    data: [
      aCall(minutesAgo(1), 1, { ...free, model: "mystery" }),
      aCall(minutesAgo(2), 2, { ...free, model: "mystery" }),
      aCall(minutesAgo(3), 3, { ...free, model: "free-model-2026-01-01" }),
      aCall(minutesAgo(4), 4, { ...free, model: "never-answered", promptTokens: 0n, responseTokens: 0n }),
      aCall(minutesAgo(5), 5),
    ],
  });
  const priced = async (query = "") =>
    (await studio.call("GET", `/api/v1/analytics/calls?${query}`)).list.map((call) => [call.attributes.request_id, call.attributes.priced]);
  expect(await priced()).toEqual([
    ["r1", false],
    ["r2", false],
    ["r3", true],
    ["r4", true],
    ["r5", true],
  ]);
  expect(await priced("priced=false")).toEqual([
    ["r1", false],
    ["r2", false],
  ]);
  expect(await priced("priced=true&page_size=1")).toEqual([["r3", true]]);
  expect(await overview("1h")).toMatchObject({
    totals: { unpriced: 2 },
    unpriced_models: [{ vendor: "openai", model: "mystery", requests: 2 }],
  });
});

test("charts of finished requests sum by day, person, app and model, empty days included, and take the filters that their clients send", async () => {
  const { call, db } = studio;
  const at = (day: string) => new Date(`2026-02-${day}T12:00:00Z`);
  await db.prisma.usageRecord.createMany({
    data: [
      aCall(at("01"), 1),
      aCall(at("01"), 2, { userId: 2, model: "gpt-4o-mini" }),
      aCall(at("03"), 3, { costMicroUsd: 7_500n }),
      aCall(at("03"), 4, { appId: 0, llmId: 0, vendor: "anthropic", model: "claude", userId: 0, promptTokens: 100n }),
      aCall(at("09"), 5),
    ],
  });
  const days = "start_date=2026-02-01&end_date=2026-02-03";
  const chart = async (name: string, more = "") => (await call("GET", `/api/v1/analytics/${name}?${days}${more}`)).json;
  const labels = ["2026-02-01", "2026-02-02", "2026-02-03"];
  expect(await chart("chat-records-per-day", "&interaction_type=proxy")).toEqual({ labels, data: [2, 0, 2] });
  expect(await chart("unique-users-per-day")).toEqual({ labels, data: [2, 0, 1] });
  expect(await chart("cost-analysis")).toEqual({ USD: { labels, data: [0.005, 0, 0.01] } });
  expect(await chart("most-used-llm-models")).toEqual({ labels: ["gpt-4o", "claude", "gpt-4o-mini"], data: [2, 1, 1] });
  expect(await chart("token-usage-per-user")).toEqual({ labels: ["User 0", "User 1", "User 2"], data: [105, 30, 15] });
  expect(await chart("token-usage-per-app")).toEqual({ labels: ["App 0", `App ${appId}`], data: [105, 45] });
  expect(await chart("model-usage", "&model_name=gpt-4o")).toEqual({ labels, data: [15, 0, 15], cost: [0.0025, 0, 0.0075] });
  expect(await chart("vendor-usage", "&vendor=anthropic")).toEqual({ labels, data: [0, 0, 105], cost: [0, 0, 0.0025] });
  expect(await chart("token-usage-for-app", `&app_id=${appId}`)).toEqual({ labels, data: [30, 0, 15], cost: [0.005, 0, 0.0075] });
  expect(await chart("app-interactions-over-time", `&app_id=${appId}`)).toEqual({ labels, data: [2, 0, 1] });
  expect(await chart("token-usage-and-cost-for-app", `&app_id=${appId}`)).toEqual({
    labels,
    datasets: [
      { label: "Token Usage", data: [30, 0, 15], yAxisID: "y" },
      { label: "Cost", data: [0.005, 0, 0.0075], yAxisID: "y1" },
    ],
  });
  expect(await chart("chat-records-per-day", "&interaction_type=chat")).toEqual({ labels, data: [0, 0, 0] });
  expect((await call("GET", `/api/v1/analytics/chat-records-per-day?${days}&interaction_type=mail`)).status).toBe(400);
});
