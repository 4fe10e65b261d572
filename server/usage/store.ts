import { finished } from "node:stream/promises";
import { type NanoUsd, periodStart, recordedCost, splitNano } from "@portico/core";
import type { BudgetUsage, UsageRecord } from "@portico/protocol/edge";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { Db } from "../db/client.ts";
import { nanoOf, setNano } from "../db/money.ts";
import { bucketCount, bucketOf } from "./histogram.ts";
import type { Known } from "./judge.ts";
import { type AddedSpend, addSpends, type BudgetKind, type Spend, spentOf } from "./spend-store.ts";

export type Budgeted = { kind: BudgetKind; id: number; namespace: string; budgetStartAt: Date | null };
/** What became of a batch; `usage` is what its apps and LLMs have spent in their current periods, looked at after it was stored. */
export type StoredBatch = { duplicate: boolean; stored: number; usage: BudgetUsage[] };

/** What became of the records of a batch that were not stored as they came. */
export type Judgement = { rejected: number; ownerless: number; reason: string };

const minuteMs = 60_000;
const maxInt = 2_147_483_647;
/** Sums stop here: nothing that is read in JavaScript, here or at an edge, may be larger. */
const mostInSql = `${Number.MAX_SAFE_INTEGER}::bigint`;
const saturated = (sum: string, more: string) => `least(least(${sum}, ${mostInSql}) + ${more}, ${mostInSql})`;

type Batch = { edgeId: string; batchId: string; records: UsageRecord[]; judgement?: Judgement };

export type UsageStore = {
  /** The rows that records name. */
  known(records: UsageRecord[]): Promise<Known>;
  /**
   * Stores a batch with its sums and spends, all or nothing, in a fixed number of statements. A batch or record seen before changes
   * nothing.
   */
  insertBatch(batch: Batch): Promise<StoredBatch>;
  /** Active apps and LLMs that have a budget. */
  listBudgeted(): Promise<Budgeted[]>;
  spent(spends: Spend[]): Promise<BudgetUsage[]>;
};

/** What edges report. Sums by hour and day follow by triggers of the record table. */
export function createUsageStore(db: Db): UsageStore {
  return {
    async known(records: UsageRecord[]): Promise<Known> {
      const named = (of: (record: UsageRecord) => number) => [...new Set(records.map(of))].filter((id) => id > 0 && id <= maxInt);
      const { rows } = await db.sql.query<{ kind: string; id: number; namespace: string; userId: number; isSystem: boolean }>({
        name: "edges:usage-known",
        text: `SELECT 'app' AS kind, id::bigint AS id, namespace, coalesce(user_id, 0) AS "userId", is_system AS "isSystem" FROM apps WHERE id = ANY($1)
          UNION ALL SELECT 'llm', id, namespace, 0, false FROM llms WHERE id = ANY($2)
          UNION ALL SELECT 'user', id, '', 0, false FROM users WHERE id = ANY($3)
          UNION ALL SELECT 'last app', coalesce(pg_sequence_last_value(pg_get_serial_sequence('apps', 'id')), 0), '', 0, false
          UNION ALL SELECT 'last llm', coalesce(pg_sequence_last_value(pg_get_serial_sequence('llms', 'id')), 0), '', 0, false
          UNION ALL SELECT 'highest price', coalesce(max(greatest(input_micro_usd_per_million, output_micro_usd_per_million,
            cache_write_micro_usd_per_million, cache_read_micro_usd_per_million, cache_write_hour_micro_usd_per_million)), 0), '', 0, false FROM model_prices`,
        values: [
          named((r) => r.appId),
          named((r) => r.llmId),
          // Other users are known by the apps they own.
          named((r) => (r.interaction === "studio" ? r.userId : 0)),
        ],
      });
      const of = (kind: string) => rows.filter((row) => row.kind === kind);
      return {
        apps: new Map(of("app").map((row) => [row.id, row])),
        llms: new Map(of("llm").map((row) => [row.id, row])),
        users: new Set(of("user").map(({ id }) => id)),
        lastAppId: of("last app")[0]?.id ?? 0,
        lastLlmId: of("last llm")[0]?.id ?? 0,
        highestPerMillion: of("highest price")[0]?.id ?? 0,
      };
    },

    async insertBatch(batch): Promise<StoredBatch> {
      const insertWith = (store: StoreRecords) => db.sqlTransaction((client) => insert(client, batch, store), { retry: true });
      // COPY costs three fifths of what INSERT does and cannot skip rows; records that were there before are rare.
      const { owners, duplicate, stored } = await insertWith(copyRecords).catch((error: unknown) => {
        if (isRepeated(error)) return insertWith(insertNewRecords);
        throw error;
      });
      return { duplicate, stored, usage: await usageOf(db.sql, owners) };
    },

    async listBudgeted(): Promise<Budgeted[]> {
      const { rows } = await db.sql.query<Budgeted>(
        `SELECT 'app' AS kind, id, namespace, budget_start_at AS "budgetStartAt" FROM apps WHERE is_active AND monthly_budget_micro_usd > 0
         UNION ALL SELECT 'llm', id, namespace, budget_start_at FROM llms WHERE active AND monthly_budget_micro_usd > 0`,
      );
      return rows;
    },

    spent: (spends) => spentOf(db.sql, spends),
  };
}
type Owner = { kind: BudgetKind; id: number; anchor: Date | null };

function usageOf(client: pg.Pool, owners: Owner[]): Promise<BudgetUsage[]> {
  const now = new Date();
  return spentOf(
    client,
    owners.map(({ kind, id, anchor }) => ({ kind, id, periodStart: periodStart(now, anchor) })),
  );
}

/** Stores an edge's records. @returns those that were not there before. */
type StoreRecords = (client: pg.PoolClient, edgeId: string, records: UsageRecord[]) => Promise<UsageRecord[]>;

async function insert(client: pg.PoolClient, { edgeId, batchId, records, judgement }: Batch, storeRecords: StoreRecords) {
  const { rowCount } = await client.query(
    "INSERT INTO telemetry_batches (batch_id, edge_id, records) VALUES ($1, $2, $3) ON CONFLICT (batch_id) DO NOTHING",
    [batchId, edgeId, records.length],
  );
  if (rowCount !== 0 && judgement && judgement.rejected + judgement.ownerless > 0) await countJudged(client, edgeId, judgement);
  const stored = rowCount === 0 || records.length === 0 ? [] : await storeRecords(client, edgeId, records);
  if (stored.length > 0) await addMinutes(client, stored);
  const owners = await ownersOf(client, records);
  if (stored.length > 0) await addSpend(client, owners, stored);
  return { duplicate: rowCount === 0, stored: stored.length, owners };
}

async function countJudged(client: pg.PoolClient, edgeId: string, { rejected, ownerless, reason }: Judgement): Promise<void> {
  await client.query(
    `UPDATE edges SET rejected_records = least(rejected_records + $2, ${mostInSql}), ownerless_records = least(ownerless_records + $3, ${mostInSql}),
       last_rejection = CASE WHEN $2 > 0 THEN $4 ELSE last_rejection END, last_rejection_at = CASE WHEN $2 > 0 THEN now() ELSE last_rejection_at END
     WHERE edge_id = $1`,
    [edgeId, rejected, ownerless, reason],
  );
}

/** The apps and LLMs of the records. What was deleted spends on in the period that was counted last. */
async function ownersOf(client: pg.PoolClient, records: UsageRecord[]): Promise<Owner[]> {
  const ids = (of: (record: UsageRecord) => number) => [...new Set(records.map(of))].filter((id) => id > 0);
  const [apps, llms] = [ids((r) => r.appId), ids((r) => r.llmId)];
  const { rows } = await client.query<Owner>(
    `SELECT 'app' AS kind, id, budget_start_at AS anchor FROM apps WHERE id = ANY($1)
     UNION ALL SELECT 'llm', id, budget_start_at FROM llms WHERE id = ANY($2)`,
    [apps, llms],
  );
  const found = new Set(rows.map(({ kind, id }) => `${kind} ${id}`));
  const deleted = [...apps.map((id) => ({ kind: "app" as const, id })), ...llms.map((id) => ({ kind: "llm" as const, id }))].filter(
    ({ kind, id }) => !found.has(`${kind} ${id}`),
  );
  return deleted.length === 0 ? rows : [...rows, ...(await deletedOwners(client, deleted))];
}

async function deletedOwners(client: pg.PoolClient, deleted: { kind: BudgetKind; id: number }[]): Promise<Owner[]> {
  const { rows } = await client.query<Owner>(
    `SELECT t.kind, t.id, (SELECT max(b.period_start) FROM budget_usage b WHERE b.kind = t.kind AND b.object_id = t.id) AS anchor
     FROM unnest($1::text[], $2::int[]) AS t(kind, id)`,
    [deleted.map(({ kind }) => kind), deleted.map(({ id }) => id)],
  );
  return rows;
}

const columns: [name: string, type: string, of: (record: UsageRecord) => string | number | boolean][] = [
  ["request_id", "text", (r) => r.requestId],
  ["at", "timestamptz", (r) => new Date(r.startedAtMs).toISOString()],
  ["app_id", "int", (r) => r.appId],
  ["user_id", "int", (r) => r.userId],
  ["llm_id", "int", (r) => r.llmId],
  ["vendor", "text", (r) => r.vendor],
  ["model", "text", (r) => r.model],
  ["outcome", "text", (r) => r.outcome],
  ["status_code", "int", (r) => r.statusCode],
  ["reason", "text", (r) => r.reason],
  ["streamed", "bool", (r) => r.streamed],
  ["duration_ms", "float8", (r) => r.durationMs],
  ["first_byte_ms", "float8", (r) => r.firstByteMs],
  ["plugin_ms", "float8", (r) => r.pluginMs],
  ["prompt_tokens", "bigint", (r) => r.promptTokens],
  ["response_tokens", "bigint", (r) => r.responseTokens],
  ["cache_write_tokens", "bigint", (r) => r.cacheWriteTokens],
  ["cache_read_tokens", "bigint", (r) => r.cacheReadTokens],
  ["cache_write_hour_tokens", "bigint", (r) => r.cacheWriteHourTokens],
  ["cost_micro_usd", "bigint", (r) => splitNano(recordedCost(r)).microUsd],
  ["cost_rest_nano_usd", "int", (r) => splitNano(recordedCost(r)).restNanoUsd],
  ["request_bytes", "bigint", (r) => r.requestBytes],
  ["response_bytes", "bigint", (r) => r.responseBytes],
  ["path", "text", (r) => r.path],
  ["interaction", "text", (r) => r.interaction],
  ["usage_estimated", "bool", (r) => r.usageEstimated],
];
const names = columns.map(([name]) => name).join(", ");
const valuesOf = columns.map(([, , of]) => of);

/** @throws when a record was there before, in this batch or another. */
async function copyRecords(client: pg.PoolClient, edgeId: string, records: UsageRecord[]): Promise<UsageRecord[]> {
  const edge = copyText(edgeId);
  let lines = "";
  for (const record of records) {
    for (const of of valuesOf) {
      const value = of(record);
      lines += `${typeof value === "string" ? copyText(value) : value}\t`;
    }
    lines += `${edge}\n`;
  }
  const copy = client.query(copyFrom(`COPY usage_records (${names}, edge_id) FROM STDIN`));
  copy.end(lines);
  await finished(copy);
  return records;
}

/** Text as COPY reads it. */
const copyText = (value: string): string =>
  copySpecial.test(value) ? value.replace(/[\\\t\n\r]/g, (char) => copyEscapes[char] ?? char) : value;
const copySpecial = /[\\\t\n\r]/;
const copyEscapes: Record<string, string> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

async function insertNewRecords(client: pg.PoolClient, edgeId: string, records: UsageRecord[]): Promise<UsageRecord[]> {
  // In order, here and below: two batches that touch the same rows must not wait for each other.
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO usage_records (edge_id, ${names})
     SELECT $1, ${names} FROM unnest(${columns.map(([, type], at) => `$${at + 2}::${type}[]`).join(", ")}) AS t(${names}) ORDER BY request_id
     ON CONFLICT (request_id) DO NOTHING RETURNING request_id AS id`,
    [edgeId, ...valuesOf.map((of) => records.map(of))],
  );
  const fresh = new Set(rows.map(({ id }) => id));
  return records.filter(({ requestId }) => fresh.delete(requestId));
}

async function addMinutes(client: pg.PoolClient, records: UsageRecord[]): Promise<void> {
  type Sum = { minuteMs: number; appId: number; llmId: number; errors: number; durations: number[]; sums: number[]; costNanoUsd: NanoUsd };
  const minutes = new Map<string, Sum>();
  for (const record of records) {
    const at = record.startedAtMs - (record.startedAtMs % minuteMs);
    const key = `${at}:${record.appId}:${record.llmId}`;
    let sum = minutes.get(key);
    if (!sum) {
      sum = {
        minuteMs: at,
        appId: record.appId,
        llmId: record.llmId,
        errors: 0,
        durations: new Array(bucketCount).fill(0),
        sums: [0, 0, 0, 0, 0],
        costNanoUsd: 0,
      };
      minutes.set(key, sum);
    }
    const amounts = [1, record.promptTokens, record.responseTokens, record.cacheWriteTokens, record.cacheReadTokens];
    for (const [at, amount] of amounts.entries()) sum.sums[at] = (sum.sums[at] ?? 0) + amount;
    sum.costNanoUsd += recordedCost(record);
    if (record.outcome === "failed" || record.outcome === "blocked") sum.errors++;
    // How long it takes to fail says nothing about how long calls take.
    if (record.outcome !== "completed") continue;
    const bucket = bucketOf(record.durationMs);
    sum.durations[bucket] = (sum.durations[bucket] ?? 0) + 1;
  }
  const rows = [...minutes.values()];
  const costs = rows.map(({ costNanoUsd }) => splitNano(costNanoUsd));
  const counters = ["requests", "prompt_tokens", "response_tokens", "cache_write_tokens", "cache_read_tokens", "errors"];
  const columns = [...counters, "cost_micro_usd", "cost_rest_nano_usd"];
  await client.query({
    name: "edges:usage-minutes",
    text: `INSERT INTO usage_minutes AS m (minute, app_id, llm_id, durations, ${columns.join(", ")})
           SELECT minute, app_id, llm_id, durations::bigint[], ${columns.join(", ")}
           FROM unnest($1::timestamptz[], $2::int[], $3::int[], $4::text[], ${columns.map((_, at) => `$${at + 5}::bigint[]`).join(", ")})
             AS t(minute, app_id, llm_id, durations, ${columns.join(", ")}) ORDER BY minute, app_id, llm_id
           ON CONFLICT (minute, app_id, llm_id) DO UPDATE SET ${counters.map((name) => `${name} = ${saturated(`m.${name}`, `EXCLUDED.${name}`)}`).join(", ")},
             ${setNano("cost_micro_usd", "cost_rest_nano_usd", `${nanoOf("m.cost_micro_usd", "m.cost_rest_nano_usd")} + ${nanoOf("EXCLUDED.cost_micro_usd", "EXCLUDED.cost_rest_nano_usd")}`)},
             durations = (SELECT array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY position)
                          FROM unnest(m.durations, EXCLUDED.durations) WITH ORDINALITY AS u(a, b, position))`,
    values: [
      rows.map((row) => new Date(row.minuteMs)),
      rows.map((row) => row.appId),
      rows.map((row) => row.llmId),
      rows.map((row) => `{${row.durations.join(",")}}`),
      ...[0, 1, 2, 3, 4].map((at) => rows.map((row) => row.sums[at])),
      rows.map((row) => row.errors),
      costs.map(({ microUsd }) => microUsd),
      costs.map(({ restNanoUsd }) => restNanoUsd),
    ],
  });
}

async function addSpend(client: pg.PoolClient, owners: Owner[], records: UsageRecord[]): Promise<void> {
  const now = new Date();
  const spends: AddedSpend[] = [];
  for (const { kind, id, anchor } of owners) {
    const current = periodStart(now, anchor).getTime();
    const periods = new Map<number, NanoUsd>();
    for (const record of records) {
      const costNanoUsd = recordedCost(record);
      if (costNanoUsd === 0 || (kind === "app" ? record.appId : record.llmId) !== id) continue;
      const start = periodStart(new Date(record.startedAtMs), anchor).getTime();
      periods.set(start, (periods.get(start) ?? 0) + costNanoUsd);
    }
    for (const [start, costNanoUsd] of periods)
      spends.push({ kind, id, periodStart: new Date(start), costNanoUsd, isCurrent: start === current });
  }
  await addSpends(client, spends);
}

/** A request that is there already. */
const isRepeated = (error: unknown): boolean =>
  error instanceof Error && "constraint" in error && error.constraint === "usage_records_request_id_key";
