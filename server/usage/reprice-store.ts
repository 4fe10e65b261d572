import { costOf, type NanoUsd, type Price, periodStart, type Tokens } from "@portico/core";
import type pg from "pg";
import type { Db } from "../db/client.ts";
import { nanoOf, setNano } from "../db/money.ts";
import { type AddedSpend, addSpends, deleteSpends } from "./spend-store.ts";

const recordNano = nanoOf("cost_micro_usd", "cost_rest_nano_usd");

const minuteMs = 60_000;

type Booked = { id: number; at: Date; appId: number; llmId: number; cost: NanoUsd } & Tokens;
type Changed = { id: number; at: Date; appId: number; llmId: number; cost: NanoUsd; delta: NanoUsd };

/** What was booked for calls of a model, and every sum that it went into. */
export type BookedStore = {
  /** The newest record so far. */
  lastId(): Promise<number>;
  /** Reprices the calls among the records `after` < id <= `upTo`: records, sums and budgets, or none of them. @returns how many changed. */
  reprice(model: { vendor: string; modelName: string }, price: Price, after: number, upTo: number): Promise<number>;
};

export function createBookedStore(db: Db): BookedStore {
  return {
    async lastId() {
      const { rows } = await db.sql.query<{ id: number }>("SELECT coalesce(max(id), 0)::bigint AS id FROM usage_records");
      return rows[0]?.id ?? 0;
    },

    async reprice(model, price, after, upTo) {
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
  const created = await addSpends(client, await spendsOf(client, changed));
  // Rows of past periods were made here only so that others wait for them: what was spent then is of no interest.
  await deleteSpends(
    client,
    created.filter(({ isCurrent }) => !isCurrent),
  );
}

async function spendsOf(client: pg.PoolClient, changed: Changed[]): Promise<AddedSpend[]> {
  const { rows: owners } = await client.query<{ kind: "app" | "llm"; id: number; anchor: Date | null }>(
    `SELECT 'app' AS kind, id, budget_start_at AS anchor FROM apps WHERE id = ANY($1)
     UNION ALL SELECT 'llm', id, budget_start_at FROM llms WHERE id = ANY($2)`,
    [[...new Set(changed.map(({ appId }) => appId))], [...new Set(changed.map(({ llmId }) => llmId))]],
  );
  const now = new Date();
  const known = new Map(owners.map((owner) => [`${owner.kind}:${owner.id}`, owner]));
  const spends = new Map<string, AddedSpend>();
  for (const { at, appId, llmId, delta } of changed)
    for (const owner of [known.get(`app:${appId}`), known.get(`llm:${llmId}`)]) {
      if (!owner) continue;
      const start = periodStart(at, owner.anchor);
      const key = `${owner.kind}:${owner.id}:${start.getTime()}`;
      const isCurrent = start.getTime() === periodStart(now, owner.anchor).getTime();
      const costNanoUsd = (spends.get(key)?.costNanoUsd ?? 0) + delta;
      spends.set(key, { kind: owner.kind, id: owner.id, periodStart: start, costNanoUsd, isCurrent });
    }
  return [...spends.values()];
}
