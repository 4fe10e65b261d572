import type { Db } from "../../db/client.ts";

/** What a plugin at an edge sent, as its process here gets it. */
export type WaitingPayload = {
  id: string;
  edgeId: string;
  edgeNamespace: string;
  payload: Buffer;
  correlationId: string;
  metadata: Record<string, string>;
  sentAt: Date;
  receivedAt: Date;
  attempts: number;
};

export type NewPayload = Omit<WaitingPayload, "receivedAt" | "attempts"> & { pluginId: number };

export type PayloadState = "pending" | "delivered" | "failed";

/** A payload as administrators see it: never its content. */
export type PayloadSummary = {
  id: string;
  edgeId: string;
  edgeNamespace: string;
  correlationId: string;
  state: PayloadState;
  bytes: number;
  attempts: number;
  error: string;
  sentAt: Date;
  receivedAt: Date;
  endedAt: Date | null;
};

export type PayloadStore = {
  /** Of these plugins, those that may send, and how many of each wait. */
  senders(pluginIds: readonly number[]): Promise<Map<number, number>>;
  /** Stores what is not stored yet, and has it delivered. */
  take(payloads: readonly NewPayload[]): Promise<void>;
  /** Those whose time has come, oldest first. */
  due(pluginId: number, limit: number): Promise<WaitingPayload[]>;
  delivered(id: string): Promise<void>;
  /** @param failed it is given up. */
  postponed(id: string, outcome: { error: string; afterMs: number; failed: boolean }): Promise<void>;
  /** When the next one is due; undefined when none waits. */
  nextAt(pluginId: number): Promise<Date | undefined>;
  list(pluginId: number, state: PayloadState | undefined, limit: number): Promise<PayloadSummary[]>;
  counts(pluginId: number): Promise<Record<PayloadState, number>>;
  /** @returns whether there was such a payload, given up. */
  retry(pluginId: number, id: string): Promise<boolean>;
};

export const payloadJob = "deliver-edge-payloads";
const addJob = `graphile_worker.add_job('${payloadJob}', json_build_object('plugin_id', plugin_id), job_key => 'edge-payloads:' || plugin_id, max_attempts => 25)`;

export function createPayloadStore(db: Db): PayloadStore {
  return {
    async senders(pluginIds) {
      const { rows } = await db.sql.query<{ id: number; waiting: number }>(
        `SELECT p.id, (SELECT count(*)::int FROM edge_payloads e WHERE e.plugin_id = p.id AND e.state = 'pending') AS waiting
         FROM plugins p JOIN plugin_grants g ON g.plugin_id = p.id AND g.capability = 'control.send' WHERE p.id = ANY($1) AND p.is_active`,
        [pluginIds],
      );
      return new Map(rows.map(({ id, waiting }) => [id, waiting]));
    },
    async take(payloads) {
      if (payloads.length === 0) return;
      await db.sqlTransaction(async (client) => {
        await client.query(
          `INSERT INTO edge_payloads (id, plugin_id, edge_id, edge_namespace, payload, correlation_id, metadata, sent_at)
           SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::jsonb[], $8::timestamptz[])
           ON CONFLICT (id) DO NOTHING`,
          [
            payloads.map(({ id }) => id),
            payloads.map(({ pluginId }) => pluginId),
            payloads.map(({ edgeId }) => edgeId),
            payloads.map(({ edgeNamespace }) => edgeNamespace),
            payloads.map(({ payload }) => payload),
            payloads.map(({ correlationId }) => correlationId),
            payloads.map(({ metadata }) => JSON.stringify(metadata)),
            payloads.map(({ sentAt }) => sentAt),
          ],
        );
        await client.query(`SELECT ${addJob} FROM unnest($1::int[]) AS plugin_id`, [
          [...new Set(payloads.map(({ pluginId }) => pluginId))],
        ]);
      });
    },
    async due(pluginId, limit) {
      const { rows } = await db.sql.query<WaitingPayload>(
        `SELECT id::text, edge_id AS "edgeId", edge_namespace AS "edgeNamespace", payload, correlation_id AS "correlationId", metadata,
           sent_at AS "sentAt", received_at AS "receivedAt", attempts
         FROM edge_payloads WHERE plugin_id = $1 AND state = 'pending' AND next_attempt_at <= now() ORDER BY received_at, sent_at LIMIT $2`,
        [pluginId, limit],
      );
      return rows;
    },
    async delivered(id) {
      await db.sql.query(
        "UPDATE edge_payloads SET state = 'delivered', payload = '', error = '', attempts = attempts + 1, ended_at = now() WHERE id = $1::uuid",
        [id],
      );
    },
    async postponed(id, { error, afterMs, failed }) {
      await db.sql.query(
        `UPDATE edge_payloads SET attempts = attempts + 1, error = $2, next_attempt_at = now() + make_interval(secs => $3::float8 / 1000),
           state = CASE WHEN $4 THEN 'failed' ELSE state END, ended_at = CASE WHEN $4 THEN now() END WHERE id = $1::uuid`,
        [id, error, afterMs, failed],
      );
    },
    async nextAt(pluginId) {
      const { rows } = await db.sql.query<{ at: Date | null }>(
        "SELECT min(next_attempt_at) AS at FROM edge_payloads WHERE plugin_id = $1 AND state = 'pending'",
        [pluginId],
      );
      return rows[0]?.at ?? undefined;
    },
    async list(pluginId, state, limit) {
      const { rows } = await db.sql.query<PayloadSummary>(
        `SELECT id::text, edge_id AS "edgeId", edge_namespace AS "edgeNamespace", correlation_id AS "correlationId", state, length(payload) AS bytes,
           attempts, error, sent_at AS "sentAt", received_at AS "receivedAt", ended_at AS "endedAt"
         FROM edge_payloads WHERE plugin_id = $1 AND ($2::text IS NULL OR state = $2) ORDER BY received_at DESC LIMIT $3`,
        [pluginId, state ?? null, limit],
      );
      return rows;
    },
    async counts(pluginId) {
      const { rows } = await db.sql.query<{ state: PayloadState; count: number }>(
        "SELECT state, count(*)::int AS count FROM edge_payloads WHERE plugin_id = $1 GROUP BY state",
        [pluginId],
      );
      return { pending: 0, delivered: 0, failed: 0, ...Object.fromEntries(rows.map(({ state, count }) => [state, count])) };
    },
    retry: (pluginId, id) =>
      db.sqlTransaction(async (client) => {
        const { rowCount } = await client.query(
          `UPDATE edge_payloads SET state = 'pending', attempts = 0, next_attempt_at = now(), ended_at = NULL
           WHERE plugin_id = $1 AND id = $2::uuid AND state = 'failed'`,
          [pluginId, id],
        );
        if (!rowCount) return false;
        await client.query(`SELECT ${addJob} FROM unnest($1::int[]) AS plugin_id`, [[pluginId]]);
        return true;
      }),
  };
}
