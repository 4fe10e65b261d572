import type pg from "pg";
import type { Db } from "../db/client.ts";
import type { Status, Trigger } from "./store.ts";

/** A schedule whose time has come, locked by this transaction. */
export type Due = {
  id: number;
  pluginId: number;
  scheduleId: string;
  name: string;
  cronExpr: string;
  timezone: string;
  config: Record<string, unknown>;
  timeoutSeconds: number;
  retries: number;
  catchUp: boolean;
  attempt: number;
  nextRunAt: Date;
  /** Its last run has not ended. */
  isRunning: boolean;
  /** By the database's clock. */
  now: Date;
};

export type Begun = { executionId: string; due: Due };
/** What becomes of a due schedule: its next time, and whether a run begins. */
export type Decision = { due: Due; nextRunAt: Date | null; attempt: number; begins: Trigger | undefined };
export type Ended = { executionId: string; status: Exclude<Status, "running">; error: string };

export type RunStore = {
  /**
   * Takes due schedules of these plugins, has it decided what becomes of each, and writes that down, all in one transaction: no other
   * replica gets the same one.
   */
  claim(
    options: { pluginIds: readonly number[]; limit: number; replica: string; graceSeconds: number },
    decide: (due: readonly Due[]) => Decision[],
  ): Promise<Begun[]>;
  /** Begins a run of a schedule now. @returns undefined when it runs already, or is gone. */
  begin(id: number, options: { replica: string; graceSeconds: number }): Promise<Begun | undefined>;
  end(ended: readonly Ended[]): Promise<void>;
  /** A failed run is tried again at this time, unless the next regular one comes before. */
  retry(id: number, at: Date, attempt: number): Promise<void>;
  /** Ends runs whose replica is gone. @returns how many. */
  expire(): Promise<number>;
  /** Milliseconds until the next of these plugins' schedules is due; undefined when none is. */
  dueInMs(pluginIds: readonly number[]): Promise<number | undefined>;
};

const columns = `s.id, s.plugin_id AS "pluginId", s.schedule_id AS "scheduleId", s.name, s.cron_expr AS "cronExpr", s.timezone, s.config,
  s.timeout_seconds AS "timeoutSeconds", s.retries, s.catch_up AS "catchUp", s.attempt, coalesce(s.next_run_at, now()) AS "nextRunAt",
  EXISTS (SELECT FROM plugin_schedule_executions e WHERE e.plugin_schedule_id = s.id AND e.status = 'running') AS "isRunning", now() AS now`;

const interrupted = "The process that ran it ended before the run did.";

export function createRunStore(db: Db): RunStore {
  async function insert(
    client: pg.PoolClient,
    begun: readonly { due: Due; trigger: Trigger; dueAt: Date }[],
    { replica, graceSeconds }: { replica: string; graceSeconds: number },
  ): Promise<Begun[]> {
    if (begun.length === 0) return [];
    const { rows } = await client.query<{ executionId: string; scheduleId: number }>(
      `INSERT INTO plugin_schedule_executions (plugin_schedule_id, plugin_id, status, trigger, due_at, locked_by, lease_until)
       SELECT b.id, b.plugin_id, 'running', b.trigger, b.due_at, $5, now() + make_interval(secs => b.seconds + $6)
       FROM unnest($1::int[], $2::int[], $3::text[], $4::timestamptz[], $7::int[]) AS b(id, plugin_id, trigger, due_at, seconds)
       ON CONFLICT DO NOTHING
       RETURNING id::text AS "executionId", plugin_schedule_id AS "scheduleId"`,
      [
        begun.map(({ due }) => due.id),
        begun.map(({ due }) => due.pluginId),
        begun.map(({ trigger }) => trigger),
        begun.map(({ dueAt }) => dueAt),
        replica,
        graceSeconds,
        begun.map(({ due }) => due.timeoutSeconds),
      ],
    );
    const dueOf = new Map(begun.map(({ due }) => [due.id, due]));
    return rows.flatMap(({ executionId, scheduleId }) => {
      const due = dueOf.get(scheduleId);
      return due ? [{ executionId, due }] : [];
    });
  }

  return {
    claim: ({ pluginIds, limit, ...by }, decide) =>
      db.sqlTransaction(async (client) => {
        const { rows } = await client.query<Due>(
          `SELECT ${columns} FROM plugin_schedules s WHERE s.next_run_at <= now() AND s.enabled AND s.plugin_id = ANY($1)
           ORDER BY s.next_run_at LIMIT $2 FOR UPDATE OF s SKIP LOCKED`,
          [pluginIds, limit],
        );
        if (rows.length === 0) return [];
        const decisions = decide(rows);
        const starting = decisions.flatMap(({ due, begins }) => (begins ? [{ due, trigger: begins, dueAt: due.nextRunAt }] : []));
        const begun = await insert(client, starting, by);
        await client.query(
          `UPDATE plugin_schedules s SET next_run_at = d.next_run_at, attempt = d.attempt, last_run_at = CASE WHEN d.begins THEN now() ELSE s.last_run_at END
           FROM unnest($1::int[], $2::timestamptz[], $3::int[], $4::boolean[]) AS d(id, next_run_at, attempt, begins) WHERE s.id = d.id`,
          [
            decisions.map(({ due }) => due.id),
            decisions.map(({ nextRunAt }) => nextRunAt),
            decisions.map(({ attempt }) => attempt),
            decisions.map(({ begins }) => begins !== undefined),
          ],
        );
        return begun;
      }),

    begin: (id, by) =>
      db.sqlTransaction(async (client) => {
        const { rows } = await client.query<Due>(`SELECT ${columns} FROM plugin_schedules s WHERE s.id = $1 FOR UPDATE OF s`, [id]);
        const [due] = rows;
        if (!due || due.isRunning) return undefined;
        const [begun] = await insert(client, [{ due, trigger: "manual", dueAt: due.now }], by);
        await client.query("UPDATE plugin_schedules SET last_run_at = now() WHERE id = $1", [id]);
        return begun;
      }),

    async end(ended) {
      await db.sql.query(
        `UPDATE plugin_schedule_executions e SET status = d.status, error = d.error, completed_at = now()
         FROM unnest($1::bigint[], $2::text[], $3::text[]) AS d(id, status, error) WHERE e.id = d.id AND e.status = 'running'`,
        [ended.map(({ executionId }) => executionId), ended.map(({ status }) => status), ended.map(({ error }) => error)],
      );
    },

    async retry(id, at, attempt) {
      await db.sql.query(
        "UPDATE plugin_schedules SET next_run_at = $2, attempt = $3 WHERE id = $1 AND enabled AND (next_run_at IS NULL OR next_run_at > $2)",
        [id, at, attempt],
      );
    },

    async expire() {
      const { rowCount } = await db.sql.query(
        `UPDATE plugin_schedule_executions SET status = 'failed', error = $1, completed_at = now() WHERE status = 'running' AND lease_until < now()`,
        [interrupted],
      );
      return rowCount ?? 0;
    },

    async dueInMs(pluginIds) {
      const { rows } = await db.sql.query<{ ms: number | null }>(
        "SELECT (extract(epoch FROM min(next_run_at) - now()) * 1000)::float8 AS ms FROM plugin_schedules WHERE enabled AND plugin_id = ANY($1)",
        [pluginIds],
      );
      return rows[0]?.ms ?? undefined;
    },
  };
}
