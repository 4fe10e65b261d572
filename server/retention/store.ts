import { objectKinds } from "@portico/protocol/kinds";
import type pg from "pg";
import { usageTables } from "../usage/tables-store.ts";

/** What grows with use and is deleted by age. */
export type TrimmedTable = keyof typeof tables;

/** An object's newest entry is its version, which clients hold as an ETag (decision 028). Objects that are gone have none. */
const isVersion = `object_type IN (${Object.keys(objectKinds)
  .map((kind) => `'${kind}'`)
  .join(", ")}) AND action NOT LIKE '%.deleted' AND NOT EXISTS (
    SELECT 1 FROM audit_log newer WHERE newer.object_type = audit_log.object_type AND newer.object_id = audit_log.object_id AND newer.id > audit_log.id)`;

/** What a row is deleted by, and what is kept whatever its age. Each has an index that begins with its time. */
const tables = {
  outbox_events: { key: "id", time: "created_at" },
  audit_log: { key: "id", time: "at", unless: isVersion },
  ...usageTables,
  edge_payloads: { key: "id", time: "received_at", unless: "state = 'pending'" },
  plugin_schedule_executions: { key: "id", time: "started_at", unless: "status = 'running'" },
  telemetry_batches: { key: "batch_id", time: "received_at" },
  // Jobs that failed for good; the others end by themselves.
  "graphile_worker._private_jobs": { key: "id", time: "run_at", unless: "attempts < max_attempts OR locked_at IS NOT NULL" },
} as const;

export type RetentionStore = {
  /** Deletes up to `limit` of the oldest rows that are older than so many days. @returns how many there were. */
  deleteOld(table: TrimmedTable, days: number, limit: number): Promise<number>;
};

export function createRetentionStore(pool: pg.Pool): RetentionStore {
  return {
    async deleteOld(table, days, limit) {
      const { key, time, unless }: { key: string; time: string; unless?: string } = tables[table];
      const old = `${time} < now() - $1 * interval '1 day'${unless ? ` AND NOT (${unless})` : ""}`;
      const { rowCount } = await pool.query(
        `DELETE FROM ${table} WHERE ${key} = ANY(ARRAY(SELECT ${key} FROM ${table} WHERE ${old} ORDER BY ${time} LIMIT $2))`,
        [days, limit],
      );
      return rowCount ?? 0;
    },
  };
}
