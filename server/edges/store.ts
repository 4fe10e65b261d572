import { conflict } from "@portico/core";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import { createListing } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";

export type EdgeStatus = "registered" | "connected" | "disconnected";
export type SyncStatus = "in_sync" | "pending" | "stale" | "unknown";

/** Figures of an edge's last heartbeat. */
export type EdgeReport = {
  requests_total: number;
  requests_active: number;
  resident_bytes: number;
  telemetry_pending: number;
  telemetry_dropped: number;
  telemetry_rejected: number;
  hub_messages_unreadable: number;
  plugins: { plugin_id: number; state: string; error: string; restarts: number; generation?: number | undefined }[];
};

export type Edge = {
  id: number;
  edgeId: string;
  namespace: string;
  version: string;
  advertisedUrl: string;
  status: EdgeStatus;
  syncStatus: SyncStatus;
  sessionId: string | null;
  lastHeartbeatAt: Date | null;
  loadedVersion: number;
  loadedChecksum: string;
  lastSyncAckAt: Date | null;
  expectedVersion: number;
  expectedChecksum: string;
  refusal: string;
  /** How its last session came: tls, mtls, plaintext; "" before the first. */
  transport: string;
  rejectedRecords: number;
  ownerlessRecords: number;
  lastRejection: string;
  lastRejectionAt: Date | null;
  report: Partial<EdgeReport>;
  /** By plugin id, of those in the report. */
  pluginNames: Record<string, string>;
  createdAt: Date;
  updatedAt: Date;
};

/** What the hub checks an edge's token against. */
export type EdgeIdentity = {
  edgeId: string;
  namespace: string;
  tokenHash: string;
  sessionId: string | null;
  /** Of the key that it enrolled; "" when it has none. */
  clientKeySha256: string;
};

export type Beat = { edgeId: string; sessionId: string; version: number; checksum: string; report: EdgeReport };

export type NamespaceSync = {
  namespace: string;
  expectedChecksum: string;
  configVersion: number;
  lastConfigChange: Date | null;
  synced: number;
  pending: number;
  stale: number;
  unknown: number;
  total: number;
  /** Edges that are or have been there and do not serve what they should; those that never came or are gone keep nobody waiting. */
  waiting: number;
};

/** An edge that has not been heard for this long is not connected, whatever the row says: its replica may have died. */
export const silentMs = 20_000;
/** An edge that does not serve the expected snapshot for this long is stale. */
const pendingMs = 15 * 60_000;

export type EdgeFilters = { status?: EdgeStatus | undefined; namespace?: string | undefined };

const sorts = {
  id: "t.id",
  edge_id: "t.edge_id",
  namespace: "t.namespace",
  status: "t.status",
  last_heartbeat: { by: "t.last_heartbeat_at", nulls: "smallest" },
} as const;
export const edgeSorts = Object.keys(sorts);

const status = `CASE WHEN e.status = 'connected' AND (e.last_heartbeat_at IS NULL OR e.last_heartbeat_at < now() - interval '${silentMs} ms')
  THEN 'disconnected' ELSE e.status END`;
/** What an edge reports when it has everything: of resources, or of the snapshot they make for an edge that does not take deltas. */
const expectedChecksum = "CASE WHEN e.takes_deltas OR s.snapshot_checksum = '' THEN s.checksum ELSE s.snapshot_checksum END";
const syncStatus = `CASE WHEN e.loaded_checksum = '' THEN 'unknown' WHEN e.loaded_checksum = ${expectedChecksum} AND e.refusal = '' THEN 'in_sync'
  WHEN s.changed_at > now() - interval '${pendingMs} ms' THEN 'pending' ELSE 'stale' END`;
const selectEdges = `SELECT e.id, e.edge_id, e.namespace, ${status} AS status, ${syncStatus} AS sync_status, e.version, e.advertised_url, e.session_id,
  e.last_heartbeat_at, e.loaded_version, e.loaded_checksum, e.last_sync_ack_at, coalesce(s.version, 0) AS expected_version,
  coalesce(${expectedChecksum}, '') AS expected_checksum, e.refusal, e.report,
  e.transport, e.rejected_records, e.ownerless_records, e.last_rejection, e.last_rejection_at,
  (SELECT jsonb_object_agg(p.id, p.name) FROM jsonb_path_query(e.report, '$.plugins[*].plugin_id') AS r(id) JOIN plugins p ON p.id = r.id::int) AS plugin_names,
  e.created_at, e.updated_at
  FROM edges e LEFT JOIN edge_positions s ON s.namespace = e.namespace`;

export function createEdgeStore(db: Db, counts: Counts) {
  const listing = createListing<SqlEdge, EdgeFilters>(
    { db, counts },
    {
      // Edges come and go without an entry in the journal.
      kinds: [],
      from: `(${selectEdges}) t`,
      select: "t.*",
      sorts,
      search: ["t.edge_id"],
      filters: { status: "t.status = ?", namespace: "t.namespace = ?" },
    },
  );

  return {
    async list(query: ListQuery, filters: EdgeFilters): Promise<Page<Edge>> {
      const page = await listing.page(query, filters);
      return { ...page, items: page.items.map(fromSql) };
    },

    async find(edgeId: string): Promise<Edge | undefined> {
      const { rows } = await db.sql.query<SqlEdge>(`${selectEdges} WHERE e.edge_id = $1`, [edgeId]);
      return rows[0] && fromSql(rows[0]);
    },

    async listOfNamespace(namespace: string): Promise<Edge[]> {
      const { rows } = await db.sql.query<SqlEdge>(`${selectEdges} WHERE e.namespace = $1 ORDER BY e.edge_id`, [namespace]);
      return rows.map(fromSql);
    },

    async listSync(): Promise<NamespaceSync[]> {
      const { rows } = await db.sql.query<NamespaceSync>(
        `SELECT n.namespace, coalesce(s.checksum, '') AS "expectedChecksum", coalesce(s.version, 0) AS "configVersion",
                s.changed_at AS "lastConfigChange", count(e.id) AS total,
                count(*) FILTER (WHERE e.sync_status = 'in_sync') AS synced, count(*) FILTER (WHERE e.sync_status = 'pending') AS pending,
                count(*) FILTER (WHERE e.sync_status = 'stale') AS stale, count(*) FILTER (WHERE e.sync_status = 'unknown') AS unknown,
                count(*) FILTER (WHERE e.sync_status IN ('pending', 'stale') AND e.status IN ('connected', 'registered')) AS waiting
         FROM (SELECT '' AS namespace UNION SELECT namespace FROM edges) n
         LEFT JOIN edge_positions s ON s.namespace = n.namespace
         LEFT JOIN (${selectEdges}) e ON e.namespace = n.namespace
         GROUP BY n.namespace, s.checksum, s.version, s.changed_at ORDER BY n.namespace`,
      );
      return rows;
    },

    insert: (tx: Tx, edge: { edgeId: string; namespace: string; tokenHash: string }): Promise<{ id: number }> =>
      tx.edge
        .create({ data: edge, select: { id: true } })
        .catch(onUnique(() => conflict(`An edge "${edge.edgeId}" already exists.`, "edge_id"))),

    /** With the token ends what was enrolled with it. */
    async setToken(tx: Tx, edgeId: string, tokenHash: string): Promise<boolean> {
      return (await tx.edge.updateMany({ where: { edgeId }, data: { tokenHash, clientKeySha256: "" } })).count > 0;
    },

    /** Remembers the key that the edge proves itself with from now on. @returns false when it has one, or another token. */
    async enrol(edgeId: string, tokenHash: string, clientKeySha256: string): Promise<boolean> {
      const { rowCount } = await db.sql.query(
        "UPDATE edges SET client_key_sha256 = $3, updated_at = now() WHERE edge_id = $1 AND token_hash = $2 AND client_key_sha256 = ''",
        [edgeId, tokenHash, clientKeySha256],
      );
      return rowCount === 1;
    },

    /** Deletes the edge unless it is connected. */
    async deleteUnlessConnected(tx: Tx, edgeId: string): Promise<boolean> {
      const deleted = await tx.$executeRaw`DELETE FROM edges WHERE edge_id = ${edgeId}
        AND (status <> 'connected' OR last_heartbeat_at IS NULL OR last_heartbeat_at < now() - ${silentMs} * interval '1 millisecond')`;
      return deleted > 0;
    },

    async identify(by: { tokenHash: string } | { edgeId: string }): Promise<EdgeIdentity | undefined> {
      const [column, value] = "tokenHash" in by ? ["token_hash", by.tokenHash] : ["edge_id", by.edgeId];
      const { rows } = await db.sql.query<EdgeIdentity>(
        `SELECT edge_id AS "edgeId", namespace, token_hash AS "tokenHash", session_id AS "sessionId", client_key_sha256 AS "clientKeySha256"
         FROM edges WHERE ${column} = $1`,
        [value],
      );
      return rows[0];
    },

    /** @returns false when another gateway process is connected as this edge and has been heard lately. */
    async openSession(
      edgeId: string,
      session: { sessionId: string; version: string; advertisedUrl: string; instanceId: string; transport: string },
    ): Promise<boolean> {
      const { sessionId, version, advertisedUrl, instanceId, transport } = session;
      const { rowCount } = await db.sql.query(
        `UPDATE edges SET session_id = $2, version = $3, advertised_url = $4, instance_id = $5, transport = $6, updated_at = now()
         WHERE edge_id = $1 AND NOT (status = 'connected' AND last_heartbeat_at > now() - interval '${silentMs} ms'
           AND $5 <> '' AND instance_id <> '' AND instance_id <> $5)`,
        [edgeId, sessionId, version, advertisedUrl, instanceId, transport],
      );
      return rowCount === 1;
    },

    /** @returns false when the session is not the edge's any more. */
    async connected(
      edgeId: string,
      sessionId: string,
      { version, checksum, takesDeltas }: { version: number; checksum: string; takesDeltas: boolean },
    ): Promise<boolean> {
      const { rowCount } = await db.sql.query(
        `UPDATE edges SET status = 'connected', last_heartbeat_at = now(), loaded_version = $3, loaded_checksum = $4, takes_deltas = $5,
           refusal = '', updated_at = now()
         WHERE edge_id = $1 AND session_id = $2`,
        [edgeId, sessionId, version, checksum, takesDeltas],
      );
      return rowCount === 1;
    },

    async disconnected(sessions: string[]): Promise<void> {
      if (sessions.length === 0) return;
      await db.sql.query(
        "UPDATE edges SET status = 'disconnected', updated_at = now() WHERE session_id = ANY($1::uuid[]) AND status = 'connected'",
        [sessions],
      );
    },

    /** What became of a change: served, in part (with a refusal) or whole, or refused. */
    async acknowledged(
      edgeId: string,
      sessionId: string,
      { version, checksum, refusal, isServed }: { version: number; checksum: string; refusal: string; isServed: boolean },
    ): Promise<void> {
      await db.sql.query(
        isServed
          ? `UPDATE edges SET loaded_version = $3, loaded_checksum = $4, refusal = $5, last_sync_ack_at = now(), updated_at = now()
             WHERE edge_id = $1 AND session_id = $2`
          : `UPDATE edges SET refusal = 'version ' || $3::bigint || ' (' || left($4, 12) || '): ' || $5, last_sync_ack_at = now(), updated_at = now()
             WHERE edge_id = $1 AND session_id = $2`,
        [edgeId, sessionId, version, checksum, refusal],
      );
    },

    /** Stores many heartbeats in one statement, dated by the database, as silence is judged. @returns the sessions that are still the edge's. */
    async beat(beats: Beat[]): Promise<Set<string>> {
      if (beats.length === 0) return new Set();
      const { rows } = await db.sql.query<{ session: string }>(
        `UPDATE edges e SET status = 'connected', last_heartbeat_at = now(), loaded_version = t.version, loaded_checksum = t.checksum, report = t.report
         FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::text[], $5::jsonb[]) AS t(edge_id, session_id, version, checksum, report)
         WHERE e.edge_id = t.edge_id AND e.session_id = t.session_id RETURNING e.session_id AS session`,
        [
          beats.map((b) => b.edgeId),
          beats.map((b) => b.sessionId),
          beats.map((b) => b.version),
          beats.map((b) => b.checksum),
          beats.map((b) => JSON.stringify(b.report)),
        ],
      );
      return new Set(rows.map(({ session }) => session));
    },

    /** Writes down who has fallen silent. @returns their edge ids. */
    async sweepSilent(): Promise<string[]> {
      const { rows } = await db.sql.query<{ edge_id: string }>(
        `UPDATE edges SET status = 'disconnected', updated_at = now()
         WHERE status = 'connected' AND last_heartbeat_at < now() - interval '${silentMs} ms' RETURNING edge_id`,
      );
      return rows.map((row) => row.edge_id);
    },

    /** Tells every replica and open page something that needs no outbox row. */
    async announce(topic: string, objectId: string): Promise<void> {
      await db.sql.query("SELECT pg_notify('portico_outbox', $1)", [`0 ${topic} ${objectId}`]);
    },
  };
}
export type EdgeStore = ReturnType<typeof createEdgeStore>;

type SqlEdge = {
  id: number;
  edge_id: string;
  namespace: string;
  status: EdgeStatus;
  sync_status: SyncStatus;
  version: string;
  advertised_url: string;
  session_id: string | null;
  last_heartbeat_at: Date | null;
  loaded_version: number;
  loaded_checksum: string;
  last_sync_ack_at: Date | null;
  expected_version: number;
  expected_checksum: string;
  refusal: string;
  transport: string;
  rejected_records: number;
  ownerless_records: number;
  last_rejection: string;
  last_rejection_at: Date | null;
  report: Partial<EdgeReport>;
  plugin_names: Record<string, string> | null;
  created_at: Date;
  updated_at: Date;
};

const fromSql = (row: SqlEdge): Edge => ({
  id: row.id,
  edgeId: row.edge_id,
  namespace: row.namespace,
  version: row.version,
  advertisedUrl: row.advertised_url,
  status: row.status,
  syncStatus: row.sync_status,
  sessionId: row.session_id,
  lastHeartbeatAt: row.last_heartbeat_at,
  loadedVersion: row.loaded_version,
  loadedChecksum: row.loaded_checksum,
  lastSyncAckAt: row.last_sync_ack_at,
  expectedVersion: row.expected_version,
  expectedChecksum: row.expected_checksum,
  refusal: row.refusal,
  transport: row.transport,
  rejectedRecords: row.rejected_records,
  ownerlessRecords: row.ownerless_records,
  lastRejection: row.last_rejection,
  lastRejectionAt: row.last_rejection_at,
  report: row.report,
  pluginNames: row.plugin_names ?? {},
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
