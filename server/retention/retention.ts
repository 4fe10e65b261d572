import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { Feature } from "../feature.ts";
import type { RetentionStore, TrimmedTable } from "./store.ts";

/** For how many days what grows with use is kept; 0 keeps it permanently. */
export type RetentionDays = {
  /** Outbox events, from which after-hooks are retried for about two days, runs of schedules, and what plugins at edges sent. */
  events: number;
  audit: number;
  /** Single calls. Budgets whose start was moved are summed from them. */
  usage: number;
  /** Usage by minute, hour and day, which dashboards read, and what was spent in past budget periods. */
  statistics: number;
};

/** How late an edge may send a batch again. */
const batchDays = 30;
const failedJobDays = 30;
const chunkRows = 5_000;
/** An hour's share of the work; what is left over waits for the next. */
const chunks = 200;

/** Deletes what has been kept long enough, hourly, on one replica, in steps that lock and last little. */
export function createRetention({ store, days, logger }: { store: RetentionStore; days: RetentionDays; logger: Logger }): Feature {
  const kept: Record<TrimmedTable, number> = {
    outbox_events: days.events,
    audit_log: days.audit,
    usage_records: days.usage,
    usage_minutes: days.statistics,
    usage_hours: days.statistics,
    usage_days: days.statistics,
    usage_marginals: days.statistics,
    budget_usage: days.statistics,
    edge_payloads: days.events,
    plugin_schedule_executions: days.events,
    telemetry_batches: batchDays,
    "graphile_worker._private_jobs": failedJobDays,
  };

  async function trim(table: TrimmedTable): Promise<void> {
    if (kept[table] === 0) return;
    let deleted = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const rows = await store.deleteOld(table, kept[table], chunkRows);
      deleted += rows;
      if (rows < chunkRows) break;
    }
    if (deleted > 0) logger.info("deleted rows beyond their retention", { table, rows: deleted, days: kept[table] });
  }

  return {
    jobs: {
      async "trim-history"() {
        const failures: string[] = [];
        // One table that cannot be trimmed does not let the others grow.
        for (const table of Object.keys(kept) as TrimmedTable[])
          await trim(table).catch((error: unknown) => failures.push(`${table}: ${messageOf(error)}`));
        if (failures.length > 0) throw new Error(failures.join("; "));
      },
    },
    crontab: "17 * * * * trim-history ?max=3",
  };
}
