import { randomUUID } from "node:crypto";
import type { UsageRecord } from "@portico/protocol/edge";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aRecord } from "../edges/testing.ts";
import { aStudio, type Studio } from "../testing.ts";
import { bucketCount, bucketOf, durationBoundsMs } from "./histogram.ts";
import { createBookedStore } from "./reprice-store.ts";
import { createUsageStore } from "./store.ts";
import { createSumStore } from "./sums-store.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const store = (records: UsageRecord[], edgeId = "a") => createUsageStore(studio.db).insertBatch({ edgeId, batchId: randomUUID(), records });

/** Differences between what the records say and what the sums of hours and days say; none when both agree. */
async function disagreements(): Promise<unknown[]> {
  const keys = "app_id, llm_id, user_id, edge_id, vendor, model, interaction";
  const found: unknown[] = [];
  for (const [table, unit] of [
    ["usage_hours", "hour"],
    ["usage_days", "day"],
  ]) {
    const { rows } = await studio.db.sql.query(
      `SELECT * FROM (
         SELECT date_trunc('${unit}', at, 'UTC') AS ${unit}, ${keys}, count(*) AS requests, count(*) FILTER (WHERE outcome IN ('failed', 'blocked')) AS errors,
           sum(prompt_tokens) AS prompt_tokens, sum(response_tokens) AS response_tokens, sum(cache_write_tokens) AS cache_write_tokens,
           sum(cache_read_tokens) AS cache_read_tokens, sum(cost_micro_usd * 1000 + cost_rest_nano_usd) AS cost_nano_usd,
           count(*) FILTER (WHERE outcome = 'completed') AS timed, count(*) FILTER (WHERE outcome = 'completed' AND streamed AND first_byte_ms > 0) AS streamed
         FROM usage_records GROUP BY 1, ${keys}
         EXCEPT ALL
         SELECT ${unit}, ${keys}, requests, errors, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_nano_usd,
           (SELECT sum(n) FROM unnest(durations) n), (SELECT sum(n) FROM unnest(first_bytes) n) FROM ${table}) AS missing`,
    );
    found.push(...rows);
  }
  const { rows } = await studio.db.sql.query(
    `SELECT * FROM (SELECT (SELECT count(*) FROM (SELECT DISTINCT date_trunc('hour', at, 'UTC'), ${keys} FROM usage_records) r) - (SELECT count(*) FROM usage_hours) AS hours,
       (SELECT count(*) FROM (SELECT DISTINCT date_trunc('day', at, 'UTC'), ${keys} FROM usage_records) r) - (SELECT count(*) FROM usage_days) AS days) AS rows
     WHERE hours <> 0 OR days <> 0`,
  );
  found.push(...rows);
  for (const [dimension, key] of Object.entries({
    all: "''",
    llm: "llm_id::text",
    app: "app_id::text",
    user: "user_id::text",
    edge: "edge_id",
    model: "model",
  }))
    for (const grain of ["hour", "day"]) {
      const marginals = await studio.db.sql.query(
        `SELECT '${dimension}' AS dimension, * FROM (
           SELECT date_trunc('${grain}', at, 'UTC') AS start_at, ${key} AS key, count(*) AS requests, sum(cost_micro_usd * 1000 + cost_rest_nano_usd) AS cost,
             sum(cache_read_tokens) AS cached, count(*) FILTER (WHERE outcome = 'completed') AS timed FROM usage_records GROUP BY 1, 2) AS r
         FULL JOIN (SELECT start_at, key, requests, cost_nano_usd AS cost, cache_read_tokens AS cached, (SELECT sum(n) FROM unnest(durations) n) AS timed
           FROM usage_marginals WHERE dimension = '${dimension}' AND grain = '${grain}') AS m USING (start_at, key, requests, cost, cached, timed)
         WHERE r IS NULL OR m IS NULL`,
      );
      found.push(...marginals.rows);
    }
  return found;
}

const hour = 3_600_000;

test("sums by hour and day equal the records, with batches repeated, records repeated, edges at the same time, and prices changed", async () => {
  const at = Math.floor(Date.now() / (24 * hour)) * 24 * hour - 3 * 24 * hour;
  const records = Array.from({ length: 300 }, (_, index) =>
    aRecord({
      startedAtMs: at + index * 11 * 60_000,
      appId: index % 3,
      llmId: index % 2,
      userId: index % 5,
      model: index % 4 === 0 ? "gpt-4o" : "o4-mini",
      outcome: ["completed", "completed", "failed", "blocked", "aborted"][index % 5] ?? "completed",
      streamed: index % 2 === 0,
      durationMs: index * 400,
      firstByteMs: index * 30,
      cacheReadTokens: index,
    }),
  );
  const batches = [records.slice(0, 150), records.slice(100, 250), records.slice(200), records];
  await Promise.all(batches.map((batch, index) => store(batch, `edge-${index % 2}`)));
  await store(records);
  expect(await disagreements()).toEqual([]);

  const booked = createBookedStore(studio.db);
  const price = {
    inputMicroUsdPerMillion: 7_000_001,
    outputMicroUsdPerMillion: 9_000_000,
    cacheWriteMicroUsdPerMillion: 0,
    cacheReadMicroUsdPerMillion: 1,
  };
  expect(await booked.reprice({ vendor: "openai", modelName: "gpt-4o" }, price, 0, await booked.lastId())).toBeGreaterThan(50);
  expect(await disagreements()).toEqual([]);
});

test("the database counts a duration in the same bucket as the studio", async () => {
  const durations = [0, 0.5, ...durationBoundsMs.flatMap((bound) => [bound, bound + 0.001]), 1e9];
  const { rows } = await studio.db.sql.query<{ bucket: number }>(
    "SELECT portico_duration_bucket(ms) AS bucket FROM unnest($1::float8[]) WITH ORDINALITY AS t(ms, n) ORDER BY n",
    [durations],
  );
  expect(rows.map(({ bucket }) => bucket)).toEqual(durations.map(bucketOf));
  expect(Math.max(...rows.map(({ bucket }) => bucket))).toBe(bucketCount - 1);
});

test("a counter that is full stays full, and does not keep usage from being stored", async () => {
  await studio.db.sql.query("TRUNCATE usage_records, usage_minutes, usage_hours, usage_days, usage_marginals");
  await store([aRecord({ model: "full" })]);
  await studio.db.sql.query(
    "UPDATE usage_days SET prompt_tokens = 9007199254740991, cost_nano_usd = 9007199254740991000, durations = array_fill(2147483647, ARRAY[25])",
  );
  expect(await store([aRecord({ model: "full" })])).toMatchObject({ stored: 1 });
  const { rows } = await studio.db.sql.query("SELECT requests, prompt_tokens, durations[1] AS first FROM usage_days");
  expect(rows).toEqual([{ requests: 2, prompt_tokens: Number.MAX_SAFE_INTEGER, first: 2_147_483_647 }]);
});

test("days of a time zone begin at its midnight, also when its clocks change", async () => {
  await studio.db.sql.query("TRUNCATE usage_records, usage_minutes, usage_hours, usage_days, usage_marginals");
  // Berlin's clocks went back on 2025-10-26: that day had 25 hours, from 22:00 UTC to 23:00 UTC.
  for (const at of ["2025-10-25T21:30:00Z", "2025-10-25T22:30:00Z", "2025-10-26T22:30:00Z", "2025-10-26T23:30:00Z"])
    await store([aRecord({ startedAtMs: Date.parse(at) })]);
  const span = { from: new Date("2025-10-24T22:00:00Z"), to: new Date("2025-10-27T23:00:00Z") };
  const rows = await createSumStore(studio.db).report(span, { unit: "day", size: 1, timeZone: "Europe/Berlin" }, ["model"]);
  expect(rows.filter(({ step }) => step !== null).map(({ step, requests }) => [step, requests])).toEqual(
    expect.arrayContaining([
      [0, 1],
      [1, 2],
      [2, 1],
    ]),
  );
  expect(rows.filter(({ by }) => by === "model")).toMatchObject([{ key: "demo-small", requests: 4 }]);
});
