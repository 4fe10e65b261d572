import type { NanoUsd } from "@portico/core";
import type { BudgetUsage } from "@portico/protocol/edge";
import type pg from "pg";
import type { Db } from "../db/client.ts";
import { cappedNano, nanoOf, setNano } from "../db/money.ts";

export type BudgetKind = "app" | "llm";
export type Spend = { kind: BudgetKind; id: number; periodStart: Date };
/** What is added to a period's spend. `isCurrent`: the period that its owner is in now. */
export type AddedSpend = Spend & { costNanoUsd: NanoUsd; isCurrent: boolean };

const recordNano = nanoOf("r.cost_micro_usd", "r.cost_rest_nano_usd");
const spentNano = nanoOf("b.spent_micro_usd", "b.spent_rest_nano_usd");
const setSpent = (nano: string): string => setNano("spent_micro_usd", "spent_rest_nano_usd", nano);
const sumOf = (kind: string, id: string, start: string) =>
  `CASE ${kind} WHEN 'app' THEN (SELECT coalesce(sum(${recordNano}), 0) FROM usage_records r WHERE r.app_id = ${id} AND r.at >= ${start})
   ELSE (SELECT coalesce(sum(${recordNano}), 0) FROM usage_records r WHERE r.llm_id = ${id} AND r.at >= ${start}) END`;

/**
 * Condition on `budget` (a column of micro-dollars): whether the app `id` spent that much in its newest period, which is the current one
 * unless it is over.
 */
export const appSpentAtLeast = (id: string, budget: string): string =>
  `coalesce((SELECT b.spent_micro_usd >= ${budget} FROM budget_usage b
    WHERE b.kind = 'app' AND b.object_id = ${id} AND b.period_start > now() - interval '1 month'
    ORDER BY b.period_start DESC LIMIT 1), false)`;

const keysOf = (spends: readonly Spend[]) => [spends.map((s) => s.kind), spends.map((s) => s.id), spends.map((s) => s.periodStart)];
const keys = "unnest($1::text[], $2::int[], $3::timestamptz[])";
const sameRow = "b.kind = t.kind AND b.object_id = t.id AND b.period_start = t.start";

/** What was spent since the start of each period; in the order asked. */
export async function spentOf(client: pg.Pool, spends: readonly Spend[]): Promise<BudgetUsage[]> {
  if (spends.length === 0) return [];
  // A period without a row is one that began by a change of its start; its spend is still in the records. now() is never later than
  // what the statement sees.
  const { rows } = await client.query<{ micro: number; rest: number; readAtUs: number }>(
    `SELECT spent / 1000 AS micro, spent % 1000 AS rest, "readAtUs" FROM (
     SELECT ${cappedNano(`coalesce(${spentNano}, ${sumOf("t.kind", "t.id", "t.start")})`)} AS spent, t.position,
       (extract(epoch FROM now()) * 1000000)::bigint AS "readAtUs"
     FROM ${keys} WITH ORDINALITY AS t(kind, id, start, position) LEFT JOIN budget_usage b ON ${sameRow}) AS amounts ORDER BY position`,
    keysOf(spends),
  );
  return spends.map(({ kind, id, periodStart }, at) => ({
    kind,
    id,
    periodStartMs: periodStart.getTime(),
    spentMicroUsd: rows[at]?.micro ?? 0,
    spentRestNanoUsd: rows[at]?.rest ?? 0,
    readAtUs: rows[at]?.readAtUs ?? 0,
  }));
}

/** Adds to the spend of periods. @returns those that had no row before. */
export async function addSpends(client: pg.PoolClient, spends: readonly AddedSpend[]): Promise<AddedSpend[]> {
  if (spends.length === 0) return [];
  const { rows } = await client.query<{ kind: BudgetKind; id: number; start: Date; created: boolean }>(
    `INSERT INTO budget_usage AS b (kind, object_id, period_start, spent_micro_usd, spent_rest_nano_usd)
     SELECT kind, id, start, spent / 1000, spent % 1000 FROM unnest($1::text[], $2::int[], $3::timestamptz[], $4::bigint[]) AS t(kind, id, start, spent)
     ORDER BY kind, id, start
     ON CONFLICT (kind, object_id, period_start) DO UPDATE SET
       ${setSpent(`${spentNano} + ${nanoOf("EXCLUDED.spent_micro_usd", "EXCLUDED.spent_rest_nano_usd")}`)}
     RETURNING kind, object_id AS id, period_start AS start, xmax = 0 AS created`,
    [...keysOf(spends), spends.map((s) => s.costNanoUsd)],
  );
  const isCreated = ({ kind, id, periodStart }: Spend) =>
    rows.some((row) => row.created && row.kind === kind && row.id === id && row.start.getTime() === periodStart.getTime());
  const created = spends.filter(isCreated);
  // The first spend of a period whose start was changed: what was spent since that start is counted too. Others' spends wait for
  // the row just made, so nothing is counted twice.
  const current = created.filter(({ isCurrent }) => isCurrent);
  if (current.length > 0)
    await client.query(
      `UPDATE budget_usage b SET ${setSpent(sumOf("b.kind", "b.object_id", "b.period_start"))} FROM ${keys} AS t(kind, id, start) WHERE ${sameRow}`,
      keysOf(current),
    );
  return created;
}

/** Forgets the spend of periods. */
export async function deleteSpends(client: pg.PoolClient, spends: readonly Spend[]): Promise<void> {
  if (spends.length === 0) return;
  await client.query(`DELETE FROM budget_usage b USING ${keys} AS t(kind, id, start) WHERE ${sameRow}`, keysOf(spends));
}

export type SpendReader = {
  /** Nano-dollars spent in each of these periods, 0 where nothing was; in the order asked. */
  spent(spends: readonly Spend[]): Promise<NanoUsd[]>;
};

/** For pages: periods without a row count as unspent, whatever was spent before their start was changed. */
export function createSpendReader(db: Db): SpendReader {
  return {
    async spent(spends) {
      if (spends.length === 0) return [];
      const { rows } = await db.sql.query<{ spent: number }>(
        `SELECT coalesce(${spentNano}, 0) AS spent FROM ${keys} WITH ORDINALITY AS t(kind, id, start, position)
         LEFT JOIN budget_usage b ON ${sameRow} ORDER BY position`,
        keysOf(spends),
      );
      return rows.map(({ spent }) => spent);
    },
  };
}
