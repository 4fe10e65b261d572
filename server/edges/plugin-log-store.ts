import type { Db } from "../db/client.ts";

/** One line of a plugin at an edge, in a form that the table takes. */
export type EdgeLogLine = { pluginId: number; edgeId: string; at: Date; stream: string; level: string; text: string };
/** `seq` grows over all edges. */
type StoredLogLine = { seq: number; edge_id: string; at: Date; stream: string; level: string; text: string };

const keptLogLines = 1_000;
const pruneEveryMs = 5_000;
/** Writers take turns, so that lines become visible in the order of their ids: who reads on after an id misses none. */
const writersLock = 1_886_350_955;

/** What plugins wrote at gateways: about the newest thousand lines of each. */
export function createPluginLogStore(db: Db) {
  const prunedAtMs = new Map<number, number>();

  /** Plugins whose turn it is to be cut to the lines that are kept. */
  function dueForPruning(pluginIds: Iterable<number>): number[] {
    const now = performance.now();
    for (const [id, atMs] of prunedAtMs) if (now - atMs >= pruneEveryMs) prunedAtMs.delete(id);
    const due = [...new Set(pluginIds)].filter((id) => !prunedAtMs.has(id));
    for (const id of due) prunedAtMs.set(id, now);
    return due;
  }

  return {
    /** Stores lines in their order, without those of plugins that an edge of this namespace does not run. */
    async insert(namespace: string, lines: EdgeLogLine[]): Promise<void> {
      await db.sqlTransaction(async (client) => {
        await client.query("SELECT pg_advisory_xact_lock($1)", [writersLock]);
        await client.query(
          `INSERT INTO plugin_logs (plugin_id, edge_id, at, stream, level, text)
           SELECT t.plugin_id, t.edge_id, t.at, t.stream, t.level, t.text
           FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY
             AS t(plugin_id, edge_id, at, stream, level, text, position)
           JOIN plugins p ON p.id = t.plugin_id AND p.namespace IN ('', $7) ORDER BY t.position`,
          [
            lines.map((line) => line.pluginId),
            lines.map((line) => line.edgeId),
            lines.map((line) => line.at),
            lines.map((line) => line.stream),
            lines.map((line) => line.level),
            lines.map((line) => line.text),
            namespace,
          ],
        );
      });
      const due = dueForPruning(lines.map((line) => line.pluginId));
      if (due.length > 0)
        await db.sql.query(
          `DELETE FROM plugin_logs l USING unnest($1::bigint[]) AS due(plugin_id)
           WHERE l.plugin_id = due.plugin_id AND l.id <= (SELECT o.id FROM plugin_logs o WHERE o.plugin_id = due.plugin_id ORDER BY o.id DESC OFFSET $2 LIMIT 1)`,
          [due, keptLogLines],
        );
    },

    /** The newest lines of a plugin with a greater seq, oldest first. */
    async list(pluginId: number, afterSeq: number): Promise<StoredLogLine[]> {
      const { rows } = await db.sql.query<StoredLogLine>(
        `SELECT id AS seq, edge_id, at, stream, level, text FROM plugin_logs WHERE plugin_id = $1 AND id > $2 ORDER BY id DESC LIMIT $3`,
        [pluginId, afterSeq, keptLogLines],
      );
      return rows.reverse();
    },
  };
}
export type PluginLogStore = ReturnType<typeof createPluginLogStore>;
