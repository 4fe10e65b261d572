import { randomUUID } from "node:crypto";
import { costOf, periodStart } from "@portico/core";
import type { UsageRecord } from "@portico/protocol/edge";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemActor } from "../auth/actor.ts";
import { aStudio, countEachTime, type Studio } from "../testing.ts";
import { createUsageStore } from "../usage/store.ts";
import { createPriceService } from "./service.ts";
import { createPriceStore } from "./store.ts";

let studio: Studio;
let appId: number;
let llmId: number;
let path: string;
beforeAll(async () => {
  studio = await aStudio();
  llmId = Number((await studio.call("POST", "/api/v1/llms", { name: "Priced", vendor: "openai", monthly_budget: 5 })).data.id);
  appId = Number((await studio.call("POST", "/api/v1/apps", { name: "crm", llm_ids: [llmId], monthly_budget: 5 })).data.id);
  path = `/api/v1/model-prices/${(await studio.call("POST", "/api/v1/model-prices", { model_name: "m", vendor: "openai" })).data.id}`;
});
afterAll(() => studio.close());

const store = async (records: UsageRecord[]) =>
  createUsageStore(studio.db).insertBatch({ edgeId: "local", batchId: randomUUID(), records });
let number = 0;
const usage = (more: Partial<UsageRecord> = {}): UsageRecord => ({
  requestId: `r${number}`,
  startedAtMs: Date.now() - (number++ % 3) * 60_000,
  appId,
  userId: 1,
  llmId,
  vendor: "openai",
  model: "m",
  outcome: "completed",
  statusCode: 200,
  reason: "",
  streamed: false,
  durationMs: 10,
  firstByteMs: 5,
  pluginMs: 0,
  promptTokens: 1_000 + number,
  responseTokens: 333,
  cacheWriteTokens: 7,
  cacheReadTokens: 11,
  costMicroUsd: 40,
  requestBytes: 1,
  responseBytes: 1,
  path: "/v1/chat/completions",
  interaction: "proxy",
  usageEstimated: false,
  cacheWriteHourTokens: 0,
  ...more,
});

/** Every sum beside what the records say it must be. */
async function sums() {
  const { rows } = await studio.db.sql.query<Record<string, number>>(
    `SELECT (SELECT sum(cost_micro_usd * 1000 + cost_rest_nano_usd)::bigint FROM usage_records) AS records, (SELECT sum(cost_micro_usd * 1000 + cost_rest_nano_usd)::bigint FROM usage_minutes) AS minutes,
       (SELECT count(*) FROM (SELECT date_trunc('minute', at) AS minute, app_id, llm_id, sum(cost_micro_usd * 1000 + cost_rest_nano_usd) AS cost FROM usage_records GROUP BY 1, 2, 3) r
          FULL JOIN usage_minutes m USING (minute, app_id, llm_id) WHERE r.cost IS DISTINCT FROM m.cost_micro_usd * 1000 + m.cost_rest_nano_usd) AS wrong_minutes,
       (SELECT sum(cost_micro_usd * 1000 + cost_rest_nano_usd)::bigint FROM usage_records WHERE app_id = $1 AND at >= $3) AS of_app,
       (SELECT spent_micro_usd * 1000 + spent_rest_nano_usd FROM budget_usage WHERE kind = 'app' AND object_id = $1 AND period_start = $3) AS app,
       (SELECT sum(cost_micro_usd * 1000 + cost_rest_nano_usd)::bigint FROM usage_records WHERE llm_id = $2 AND at >= $3) AS of_llm,
       (SELECT spent_micro_usd * 1000 + spent_rest_nano_usd FROM budget_usage WHERE kind = 'llm' AND object_id = $2 AND period_start = $3) AS llm`,
    [appId, llmId, periodStart(new Date())],
  );
  return rows[0] as Record<"records" | "minutes" | "wrong_minutes" | "of_app" | "app" | "of_llm" | "llm", number>;
}
const nanoIn = (row: { costMicroUsd: bigint; costRestNanoUsd: number }) => Number(row.costMicroUsd) * 1_000 + row.costRestNanoUsd;
const expectExact = async () => {
  const all = await sums();
  expect(all).toMatchObject({ minutes: all.records, wrong_minutes: 0, app: all.of_app, llm: all.of_llm });
  return all;
};

test("past usage of a model is recalculated at its price to the nano-dollar, in calls, minutes and budgets; of other models it is not", async () => {
  const mine = Array.from({ length: 40 }, () => usage());
  await store([...mine, usage({ model: "other" }), usage({ vendor: "anthropic" }), usage({ appId: 0, llmId: 0 })]);
  await expectExact();
  const answer = await studio.call("PATCH", `${path}/recalculate`, { cpit: 0.0000015, cpt: 0.000002, cache_read_pt: 0.0000001 });
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({ data: { attributes: { cpit: 0.0000015, cpt: 0.000002 } }, meta: { records: 41, after: null } });
  const price = {
    inputMicroUsdPerMillion: 1_500_000,
    outputMicroUsdPerMillion: 2_000_000,
    cacheWriteMicroUsdPerMillion: 0,
    cacheReadMicroUsdPerMillion: 100_000,
  };
  const [first] = mine as [UsageRecord];
  const tokens = { prompt: first.promptTokens, response: 333, cacheWrite: 7, cacheRead: 11 };
  const stored = await studio.db.prisma.usageRecord.findUniqueOrThrow({ where: { requestId: first.requestId } });
  expect(nanoIn(stored)).toBe(costOf(tokens, price));
  expect(await studio.db.prisma.usageRecord.count({ where: { costMicroUsd: 40n } })).toBe(2);
  await expectExact();
  // Again: nothing is left to change.
  expect((await studio.call("POST", `${path}/recalculate`)).json).toMatchObject({ meta: { records: 0, after: null } });
});

test("recalculated calls keep the lifetime of their cache writes, at its own price or at the one derived from five minutes", async () => {
  const record = usage({
    model: "cached",
    promptTokens: 0,
    responseTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 1_000,
    cacheWriteHourTokens: 600,
  });
  await store([record]);
  const created = await studio.call("POST", "/api/v1/model-prices", { model_name: "cached", vendor: "openai", cache_write_pt: 0.000005 });
  expect(created.data.attributes).toMatchObject({ cache_write_1h_pt: null });
  const cost = async (change: Record<string, unknown>) => {
    expect((await studio.call("PATCH", `/api/v1/model-prices/${created.data.id}/recalculate`, change)).status).toBe(200);
    return nanoIn(await studio.db.prisma.usageRecord.findUniqueOrThrow({ where: { requestId: record.requestId } }));
  };
  expect(await cost({})).toBe(400 * 5_000 + 600 * 8_000);
  expect(await cost({ cache_write_1h_pt: 0.00001 })).toBe(400 * 5_000 + 600 * 10_000);
  expect(await cost({ cache_write_1h_pt: null })).toBe(400 * 5_000 + 600 * 8_000);
  await expectExact();
});

test("usage that comes in meanwhile, and another booking of the same records, leave every sum exact", async () => {
  await Promise.all([
    ...Array.from({ length: 12 }, () => store(Array.from({ length: 50 }, () => usage({ costMicroUsd: 77 })))),
    ...[1, 2, 3, 4].map((dollars) => studio.call("PATCH", `${path}/recalculate`, { cpit: dollars / 1e6 })),
  ]);
  await expectExact();
  await studio.call("POST", `${path}/recalculate`);
  expect((await expectExact()).records).toBeGreaterThan(0);
});

test("a period that began by a change of its start is summed from the records, though usage comes in at the same time", async () => {
  const { prisma } = studio.db;
  const budgetStartAt = new Date(Math.floor(Date.now() / 1000) * 1000 - 90_000);
  await prisma.app.update({ where: { id: appId }, data: { budgetStartAt } });
  const start = periodStart(new Date(), budgetStartAt);
  await Promise.all([
    studio.call("PATCH", `${path}/recalculate`, { cpit: 0.000009 }),
    store(Array.from({ length: 50 }, () => usage({ startedAtMs: Date.now() }))),
  ]);
  const wanted = await prisma.usageRecord.aggregate({
    where: { appId, at: { gte: start } },
    _sum: { costMicroUsd: true, costRestNanoUsd: true },
  });
  const row = await prisma.budgetUsage.findUnique({
    where: { kind_objectId_periodStart: { kind: "app", objectId: appId, periodStart: start } },
  });
  expect(Number(row?.spentMicroUsd) * 1_000 + Number(row?.spentRestNanoUsd)).toBe(
    Number(wanted._sum.costMicroUsd) * 1_000 + Number(wanted._sum.costRestNanoUsd),
  );
  await prisma.app.update({ where: { id: appId }, data: { budgetStartAt: null } });
});

test("it goes in steps of bounded size, and one that takes long says where to go on", async () => {
  const prices = createPriceService({ db: studio.db, store: createPriceStore(studio.db, countEachTime) });
  const id = Number(path.split("/").at(-1));
  let after: number | null = 0;
  let rounds = 0;
  let records = 0;
  for (; after !== null && rounds < 1_000; rounds++) {
    const done: { records: number; after: number | null } = await prices.recalculate(
      systemActor(),
      id,
      rounds === 0 ? { cpit: 0.000011 } : {},
      {
        after,
        stepIds: 100,
        forMs: 0,
      },
    );
    ({ after } = done);
    records += done.records;
  }
  expect(rounds).toBeGreaterThan(3);
  expect(records).toBe(await studio.db.prisma.usageRecord.count({ where: { model: "m", vendor: "openai" } }));
  expect((await studio.call("POST", `${path}/recalculate?after=-1`)).errors[0]).toMatchObject({ status: "400", field: "after" });
});
