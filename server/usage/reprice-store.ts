import { costOf, type NanoUsd, type Price, periodStart, type Tokens } from "@portico/core";
import type pg from "pg";
import type { Db } from "../db/client.ts";
import { nanoOf, setNano } from "../db/money.ts";

const recordNano = nanoOf("cost_micro_usd", "cost_rest_nano_usd");
const setSpent = (nano: string): string => setNano("spent_micro_usd", "spent_rest_nano_usd", nano);

const minuteMs = 60_000;

type Booked = { id: number; at: Date; appId: number; llmId: number; cost: NanoUsd } & Tokens;
type Changed = { id: number; at: Date; appId: number; llmId: number; cost: NanoUsd; delta: NanoUsd };
type Spend = { kind: "app" | "llm"; id: number; start: Date; delta: NanoUsd; isCurrent: boolean };

/** What was booked for calls of a model, and every sum that it went into. */
export function createBookedStore(db: Db) {
  return {
    async lastId(): Promise<number> {
      const { rows } = await db.sql.query<{ id: number }>("SELECT coalesce(max(id), 0)::bigint AS id FROM usage_records");
      return rows[0]?.id ?? 0;
    },

    /** Reprices the calls among the records `after` < id <= `upTo`: records, minutes and budgets, or none of them. @returns how many changed. */
    async reprice(model: { vendor: string; modelName: string }, price: Price, after: number, upTo: number): Promise<number> {
      return db.sqlTransaction(
        async (client) => {
          const changed = await changeRecords(client, model, price, after, upTo);
          // In the order in which usage is stored, so that neither waits for the other in a circle.
          if (changed.length > 0) await changeMinutes(client, changed);
          if (changed.length > 0) await changeSpend(client, changed);
          return changed.length;
        },
        { retry: true },
      );
    },
  };
}

async function changeRecords(
  client: pg.PoolClient,
  { vendor, modelName }: { vendor: string; modelName: string },
  price: Price,
  after: number,
  upTo: number,
): Promise<Changed[]> {
  const { rows } = await client.query<Booked>(
    `SELECT id, at, app_id AS "appId", llm_id AS "llmId", ${recordNano} AS cost, prompt_tokens AS prompt, response_tokens AS response,
       cache_write_tokens AS "cacheWrite", cache_read_tokens AS "cacheRead",
       cache_write_hour_tokens AS "cacheWriteHour"
     FROM usage_records WHERE id > $1 AND id <= $2 AND vendor = $3 AND model = $4 ORDER BY id FOR UPDATE`,
    [after, upTo, vendor, modelName],
  );
  const changed = rows.flatMap(({ id, at, appId, llmId, cost: before, ...tokens }) => {
    const cost = costOf(tokens, price);
    return cost === before ? [] : [{ id, at, appId, llmId, cost, delta: cost - before }];
  });
  await client.query(
    `UPDATE usage_records r SET ${setNano("cost_micro_usd", "cost_rest_nano_usd", "t.cost")} FROM unnest($1::bigint[], $2::bigint[]) AS t(id, cost) WHERE r.id = t.id`,
    [changed.map(({ id }) => id), changed.map(({ cost }) => cost)],
  );
  return changed;
}

async function changeMinutes(client: pg.PoolClient, changed: Changed[]): Promise<void> {
  const deltas = new Map<string, { minute: Date; appId: number; llmId: number; delta: NanoUsd }>();
  for (const { at, appId, llmId, delta } of changed) {
    const minute = at.getTime() - (at.getTime() % minuteMs);
    const key = `${minute}:${appId}:${llmId}`;
    deltas.set(key, { minute: new Date(minute), appId, llmId, delta: (deltas.get(key)?.delta ?? 0) + delta });
  }
  const rows = [...deltas.values()];
  const keys = [rows.map((row) => row.minute), rows.map((row) => row.appId), rows.map((row) => row.llmId)];
  const wanted = "unnest($1::timestamptz[], $2::int[], $3::int[]) AS t(minute, app_id, llm_id)";
  await client.query(
    `SELECT 1 FROM usage_minutes m JOIN ${wanted} USING (minute, app_id, llm_id) ORDER BY m.minute, m.app_id, m.llm_id FOR UPDATE OF m`,
    keys,
  );
  await client.query(
    `UPDATE usage_minutes m SET ${setNano("cost_micro_usd", "cost_rest_nano_usd", `${nanoOf("m.cost_micro_usd", "m.cost_rest_nano_usd")} + t.delta`)}
     FROM unnest($1::timestamptz[], $2::int[], $3::int[], $4::bigint[]) AS t(minute, app_id, llm_id, delta)
     WHERE m.minute = t.minute AND m.app_id = t.app_id AND m.llm_id = t.llm_id`,
    [...keys, rows.map((row) => row.delta)],
  );
}

async function changeSpend(client: pg.PoolClient, changed: Changed[]): Promise<void> {
  const spends = await spendsOf(client, changed);
  if (spends.length === 0) return;
  const { rows } = await client.query<{ kind: string; id: number; start: Date; created: boolean }>(
    `INSERT INTO budget_usage AS b (kind, object_id, period_start, spent_micro_usd, spent_rest_nano_usd)
     SELECT kind, id, start, delta / 1000, delta % 1000 FROM unnest($1::text[], $2::int[], $3::timestamptz[], $4::bigint[]) AS t(kind, id, start, delta) ORDER BY kind, id, start
     ON CONFLICT (kind, object_id, period_start) DO UPDATE SET
       ${setSpent(`${nanoOf("b.spent_micro_usd", "b.spent_rest_nano_usd")} + ${nanoOf("EXCLUDED.spent_micro_usd", "EXCLUDED.spent_rest_nano_usd")}`)}
     RETURNING kind, object_id AS id, period_start AS start, xmax = 0 AS created`,
    [spends.map((s) => s.kind), spends.map((s) => s.id), spends.map((s) => s.start), spends.map((s) => s.delta)],
  );
  const isCurrent = (row: (typeof rows)[number]) =>
    spends.some((s) => s.isCurrent && s.kind === row.kind && s.id === row.id && s.start.getTime() === row.start.getTime());
  const created = rows.filter((row) => row.created);
  // Made here only so that whoever makes it at the same moment waits: a period without a row is summed from the records when it is
  // current, and of no interest when it is past.
  await onSpends(client, created.filter(isCurrent), `UPDATE budget_usage b SET ${setSpent(`coalesce(${sumOfPeriod}, 0)`)} FROM`);
  await onSpends(
    client,
    created.filter((row) => !isCurrent(row)),
    "DELETE FROM budget_usage b USING",
  );
}

const sumOf = (column: "app_id" | "llm_id") =>
  `(SELECT sum(${nanoOf("r.cost_micro_usd", "r.cost_rest_nano_usd")}) FROM usage_records r WHERE r.${column} = b.object_id AND r.at >= b.period_start)`;
const sumOfPeriod = `CASE b.kind WHEN 'app' THEN ${sumOf("app_id")} ELSE ${sumOf("llm_id")} END`;

async function onSpends(client: pg.PoolClient, rows: { kind: string; id: number; start: Date }[], statement: string): Promise<void> {
  if (rows.length === 0) return;
  await client.query(
    `${statement} unnest($1::text[], $2::int[], $3::timestamptz[]) AS t(kind, id, start)
     WHERE b.kind = t.kind AND b.object_id = t.id AND b.period_start = t.start`,
    [rows.map((row) => row.kind), rows.map((row) => row.id), rows.map((row) => row.start)],
  );
}

async function spendsOf(client: pg.PoolClient, changed: Changed[]): Promise<Spend[]> {
  const { rows: owners } = await client.query<{ kind: "app" | "llm"; id: number; anchor: Date | null }>(
    `SELECT 'app' AS kind, id, budget_start_at AS anchor FROM apps WHERE id = ANY($1)
     UNION ALL SELECT 'llm', id, budget_start_at FROM llms WHERE id = ANY($2)`,
    [[...new Set(changed.map(({ appId }) => appId))], [...new Set(changed.map(({ llmId }) => llmId))]],
  );
  const now = new Date();
  const known = new Map(owners.map((owner) => [`${owner.kind}:${owner.id}`, owner]));
  const spends = new Map<string, Spend>();
  for (const { at, appId, llmId, delta } of changed)
    for (const owner of [known.get(`app:${appId}`), known.get(`llm:${llmId}`)]) {
      if (!owner) continue;
      const start = periodStart(at, owner.anchor);
      const key = `${owner.kind}:${owner.id}:${start.getTime()}`;
      const isCurrent = start.getTime() === periodStart(now, owner.anchor).getTime();
      spends.set(key, { kind: owner.kind, id: owner.id, start, delta: (spends.get(key)?.delta ?? 0) + delta, isCurrent });
    }
  return [...spends.values()];
}
