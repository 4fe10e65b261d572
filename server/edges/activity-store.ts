import type { Db } from "../db/client.ts";

/** A request to edges to take their configuration again, as the journal has it. */
export type ReloadRequest = { id: string; at: Date; by: string; edgeIds: string[] };
export type EdgeProgress = { edgeId: string; namespace: string; isConnected: boolean; lastAckAt: Date | null };
export type NamespaceCounts = { namespace: string; edges: number; llms: number; apps: number; credentials: number };
export type EdgeEntry = {
  id: number;
  at: Date;
  action: string;
  edgeId: string;
  namespace: string;
  by: string;
  changes: Record<string, unknown>;
};
export type EdgeEntryFilters = { namespace?: string | undefined; edge_id?: string | undefined; event_type?: string | undefined };

/** How far back requests to reload are listed. */
const listedDays = 7;

/** What has happened to edges, and what each namespace holds. */
export function createEdgeActivityStore({ sql }: Pick<Db, "sql">) {
  return {
    async reloads(operationId?: string): Promise<ReloadRequest[]> {
      const { rows } = await sql.query<ReloadRequest>(
        `SELECT changes->>'operation_id' AS id, min(at) AS at, min(actor_name) AS by, array_agg(object_id ORDER BY object_id) AS "edgeIds"
         FROM audit_log WHERE object_type = 'edge' AND action = 'edge.reloaded' AND at > now() - interval '${listedDays} days'
           AND changes ? 'operation_id' AND ($1::text IS NULL OR changes->>'operation_id' = $1)
         GROUP BY 1 ORDER BY min(at) DESC LIMIT 200`,
        [operationId ?? null],
      );
      return rows;
    },

    /** Every edge with when it last acknowledged a configuration. */
    async progress(): Promise<EdgeProgress[]> {
      const { rows } = await sql.query<EdgeProgress>(
        `SELECT edge_id AS "edgeId", namespace, status = 'connected' AS "isConnected", last_sync_ack_at AS "lastAckAt" FROM edges`,
      );
      return rows;
    },

    /** The global one first. */
    async namespaces(): Promise<NamespaceCounts[]> {
      const { rows } = await sql.query<NamespaceCounts>(
        `WITH found AS (
           SELECT namespace, 1 AS edges, 0 AS llms, 0 AS apps, 0 AS credentials FROM edges
           UNION ALL SELECT namespace, 0, 1, 0, 0 FROM llms
           UNION ALL SELECT namespace, 0, 0, 1, 0 FROM apps WHERE NOT is_system
           UNION ALL SELECT a.namespace, 0, 0, 0, 1 FROM credentials c JOIN apps a ON a.id = c.app_id WHERE NOT a.is_system
           UNION ALL SELECT namespace, 0, 0, 0, 0 FROM plugins
           UNION ALL SELECT '', 0, 0, 0, 0)
         SELECT namespace, sum(edges)::int AS edges, sum(llms)::int AS llms, sum(apps)::int AS apps, sum(credentials)::int AS credentials
         FROM found GROUP BY namespace ORDER BY namespace`,
      );
      return rows;
    },

    /** Newest first. */
    async entries({ namespace, edge_id, event_type }: EdgeEntryFilters, limit: number): Promise<EdgeEntry[]> {
      const { rows } = await sql.query<EdgeEntry>(
        `SELECT j.id, j.at, j.action, j.object_id AS "edgeId", coalesce(e.namespace, j.changes->>'namespace', '') AS namespace,
           j.actor_name AS by, j.changes
         FROM audit_log j LEFT JOIN edges e ON e.edge_id = j.object_id
         WHERE j.object_type = 'edge' AND ($1::text IS NULL OR coalesce(e.namespace, j.changes->>'namespace', '') = $1)
           AND ($2::text IS NULL OR j.object_id = $2) AND ($3::text IS NULL OR j.action = replace($3, 'edge_', 'edge.'))
         ORDER BY j.id DESC LIMIT $4`,
        [namespace ?? null, edge_id ?? null, event_type ?? null, limit],
      );
      return rows;
    },
  };
}
export type EdgeActivityStore = ReturnType<typeof createEdgeActivityStore>;
