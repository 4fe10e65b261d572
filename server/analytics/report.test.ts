import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { aRecord } from "../edges/testing.ts";
import { aGrantedPlugin, callAs } from "../grpc/testing.ts";
import { aStudio, type Studio } from "../testing.ts";
import { createUsageStore } from "../usage/store.ts";
import type { ReportAttributes } from "./contract.ts";
import { startOfDay } from "./zones.ts";

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

const dayMs = 86_400_000;
const store = (...changes: Parameters<typeof aRecord>[0][]) =>
  createUsageStore(studio.db).insertBatch({
    edgeId: "local",
    batchId: randomUUID(),
    records: changes.map((change) => aRecord({ appId, llmId, costMicroUsd: 1_000_000, ...change })),
  });
const report = async (query: string) =>
  (await studio.call("GET", `/api/v1/analytics/report?${query}`)).data.attributes as unknown as ReportAttributes;
const ago = (days: number) => Date.now() - days * dayMs;

test("a report breaks usage down by every dimension, with the same totals, filtered or not", async () => {
  await store(
    { startedAtMs: ago(1), streamed: true, firstByteMs: 90, durationMs: 900 },
    { startedAtMs: ago(2), model: "gpt-4o", costMicroUsd: 3_000_000, userId: 4711 },
    { startedAtMs: ago(3), outcome: "failed", vendor: "anthropic", appId: 4712 },
    { startedAtMs: ago(31) },
    { startedAtMs: ago(75) },
  );
  for (const by of ["llm", "app", "user", "edge", "vendor", "model"])
    for (const more of ["", `&llm_id=${llmId}`, "&edge_id=local"]) {
      const { totals, previous, series, groups } = await report(`range=30d&by=${by}${more}`);
      expect(totals).toMatchObject({ requests: 3, errors: 1, cost: 5, tokens: 45 });
      expect(previous).toMatchObject({ requests: 1, cost: 1 });
      expect(series).toHaveLength(30);
      expect(series.reduce((sum, step) => sum + step.cost, 0)).toBeCloseTo(5);
      expect(groups.reduce((sum, group) => sum + group.requests, 0)).toBe(3);
      expect(groups.map(({ cost }) => cost)).toEqual(groups.map(({ cost }) => cost).toSorted((a, b) => b - a));
    }
  const { groups } = await report("range=30d&by=app");
  expect(groups).toMatchObject([
    { key: String(appId), name: "crm", cost: 4, first_token_p50_ms: expect.any(Number), previous: { requests: 1, cost: 1 } },
    { key: "4712", name: "deleted app 4712", errors: 1, latency_p50_ms: null, first_token_p50_ms: null, previous: { requests: 0 } },
  ]);
  expect((await report("range=30d&by=app&model=gpt-4o")).groups).toMatchObject([{ name: "crm", requests: 1, cost: 3 }]);
  expect((await report("range=90d&by=vendor")).totals.requests).toBe(5);
});

test("ranges of hours and days end now, without gaps, in every time zone", async () => {
  await store({ startedAtMs: Date.now() }, { startedAtMs: Date.now() - 5 * 3_600_000 });
  for (const [range, steps] of [
    ["24h", 24],
    ["7d", 28],
    ["30d", 30],
    ["90d", 90],
    ["1y", 52],
  ] as const)
    for (const zone of ["UTC", "Pacific/Auckland", "America/New_York"]) {
      const { series, totals, groups, to } = await report(`range=${range}&by=model&timezone=${zone}`);
      expect(series).toHaveLength(steps);
      expect(Date.parse(to)).toBeGreaterThan(Date.now() - 1_000);
      expect(totals.requests).toBe(2);
      expect(series.reduce((sum, step) => sum + step.requests, 0)).toBe(2);
      expect(series.at(-1)?.requests).toBeGreaterThan(0);
      expect(groups).toMatchObject([{ key: "demo-small", requests: 2 }]);
    }
});

test("a time zone that does not exist and a range that is none are named", async () => {
  for (const [query, field] of [
    ["timezone=Mars/Olympus", "timezone"],
    ["timezone=%2B01:00", "timezone"],
    ["range=2d", "range"],
    ["by=colour", "by"],
  ]) {
    const { status, errors } = await studio.call("GET", `/api/v1/analytics/report?${query}`);
    expect([status, errors[0]?.field]).toEqual([400, field]);
  }
});

test("a day begins at midnight of its time zone, also on days on which clocks change", () => {
  const at = (text: string, zone: string, after = 0) => startOfDay(new Date(text), zone, after).toISOString();
  expect(at("2025-10-26T23:30:00Z", "Europe/Berlin")).toBe("2025-10-26T23:00:00.000Z");
  expect(at("2025-10-26T12:00:00Z", "Europe/Berlin")).toBe("2025-10-25T22:00:00.000Z");
  expect(at("2025-03-30T12:00:00Z", "Europe/Berlin", 1)).toBe("2025-03-30T22:00:00.000Z");
  expect(at("2026-01-01T10:59:00Z", "Pacific/Auckland", -1)).toBe("2025-12-30T11:00:00.000Z");
  expect(at("2026-01-01T00:00:00Z", "UTC")).toBe("2026-01-01T00:00:00.000Z");
});

test("plugins with the scopes of analytics read the same sums", async () => {
  await store({ streamed: true }, { model: "gpt-4o", costMicroUsd: 3_000_000 }, { outcome: "failed", vendor: "anthropic", appId: 4712 });
  const { id } = await aGrantedPlugin(studio, ["analytics.read", "analytics.detailed", "analytics.reports"]);
  const ask = (rpc: string, request: object = {}) => callAs(studio.runtime.serviceApi, id, rpc, request);
  const today = new Date().toISOString().slice(0, 10);
  const between = { startDate: today, endDate: today };
  expect(await ask("getAnalyticsSummary", { timeRange: "30d" })).toMatchObject({
    response: {
      totalRequests: 3,
      successfulRequests: 2,
      failedRequests: 1,
      totalCost: 5,
      topEndpoints: [{ path: "Model", requestCount: 3 }],
      modelUsage: [
        { modelName: "gpt-4o", totalCost: 3 },
        { modelName: "demo-small", requestCount: 2 },
      ],
    },
  });
  expect(await ask("getAnalyticsSummary", { timeRange: "30d", appId })).toMatchObject({ response: { totalRequests: 2 } });
  expect(await ask("getUsageStatistics", { timeRange: "7d", groupBy: "vendor" })).toMatchObject({
    response: {
      statistics: [
        { key: "openai", cost: 4 },
        { key: "anthropic", cost: 1 },
      ],
    },
  });
  expect((await ask("getUsageStatistics", { timeRange: "7d" })).response?.statistics).toHaveLength(28);
  expect(await ask("getCostAnalysis", { timeRange: "24h" })).toMatchObject({
    response: { totalCost: 5, breakdown: expect.arrayContaining([{ category: "vendor", name: "openai", cost: 4, percentage: 80 }]) },
  });
  expect(await ask("getChatRecordsPerDay", between)).toMatchObject({ response: { records: [{ date: today, count: 3, totalCost: 5 }] } });
  expect(await ask("getModelUsage", { ...between, llmId })).toMatchObject({
    response: { usage: expect.arrayContaining([expect.objectContaining({ modelName: "gpt-4o", averageCost: 3 })]) },
  });
  expect(await ask("getVendorUsage", { ...between, vendor: "openai" })).toMatchObject({ response: { usage: [{ requestCount: 2 }] } });
  expect(await ask("getTokenUsagePerApp", between)).toMatchObject({
    response: { usage: [{ appId, appName: "crm", totalTokens: 30 }, { appName: "deleted app 4712" }] },
  });
  for (const [rpc, request, field] of [
    ["getAnalyticsSummary", { timeRange: "2d" }, "time_range"],
    ["getUsageStatistics", { groupBy: "colour" }, "group_by"],
    ["getModelUsage", { startDate: today, endDate: "tomorrow" }, "end_date"],
    ["getVendorUsage", between, "vendor"],
  ] as const)
    expect(await ask(rpc, request)).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining(field) });
});

test("costs by model add up from their parts, in the proportions of today's prices, and logs list calls without bodies", async () => {
  await studio.call("POST", "/api/v1/model-prices", { vendor: "openai", model_name: "Split-Me", cpt: 0.000003, cpit: 0.000001 });
  await store({ model: "split-me", promptTokens: 30, responseTokens: 10, costMicroUsd: 600 }, { model: "", costMicroUsd: 0 });
  const today = new Date().toISOString().slice(0, 10);
  const between = `start_date=${today}&end_date=${today}`;
  const get = async (path: string) => await studio.call("GET", `/api/v1/analytics/${path}`);
  expect((await get(`total-cost-per-vendor-and-model?${between}`)).json).toMatchObject([
    {
      model: "split-me",
      modelPriceId: expect.any(Number),
      totalCost: 0.0006,
      promptCost: 0.0003,
      responseCost: 0.0003,
      cacheReadCost: 0,
      totalTokens: 40,
    },
    { model: "Unknown", modelPriceId: null, totalCost: 0, totalTokens: 15 },
  ]);
  expect((await get(`total-cost-per-vendor-and-model?${between}&interaction_type=chat`)).json).toEqual([]);
  for (const [of, id] of [
    ["app", appId],
    ["llm", llmId],
  ]) {
    const logs = await get(`proxy-logs-for-${of}?${between}&${of}_id=${id}&page_size=1`);
    expect(logs.meta).toMatchObject({ total_count: 2, total_pages: 2, page_size: 1 });
    expect(logs.list[0]).toMatchObject({
      type: "proxy_log",
      attributes: { app_id: appId, vendor: "openai", request_body: "", response_code: 200 },
    });
    expect((await get(`proxy-logs-for-${of}?${between}`)).errors[0]?.field).toBe(`${of}_id`);
  }
});
