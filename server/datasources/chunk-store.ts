import { conflict } from "@portico/core";
import {
  type Chunk,
  type Match,
  type MetadataFilter,
  normalized,
  type VectorIndex,
  type VectorSource,
  type VectorStore,
} from "@portico/datasources";
import type { Db, Tx } from "../db/client.ts";

const keyOf = (datasourceId: number, name: string) => `${datasourceId}/${name}`;

function placeOf(key: string): [number, string] {
  const at = key.indexOf("/");
  return [Number(key.slice(0, at)), key.slice(at + 1)];
}

/** How the index reads what the built-in store keeps. */
export const createVectorSource = (db: Db): VectorSource => ({
  async state(key) {
    const { rows } = await db.sql.query<{ dimensions: number; deletions: number; count: number }>(
      `SELECT c.dimensions, c.deletions::int AS deletions,
         (SELECT count(*)::int FROM datasource_chunks k WHERE k.datasource_id = c.datasource_id AND k.collection = c.name) AS count
       FROM datasource_collections c WHERE c.datasource_id = $1 AND c.name = $2`,
      placeOf(key),
    );
    return rows[0];
  },

  async rowsAfter(key, id, limit) {
    const { rows } = await db.sql.query<{ id: number; embedding: Buffer }>(
      `SELECT id::float8 AS id, embedding FROM datasource_chunks WHERE datasource_id = $1 AND collection = $2 AND id > $3 ORDER BY id LIMIT $4`,
      [...placeOf(key), id, limit],
    );
    const size = (rows[0]?.embedding.length ?? 0) / 4;
    const vectors = new Float32Array(rows.length * size);
    const bytes = new Uint8Array(vectors.buffer);
    rows.forEach((row, at) => {
      bytes.set(row.embedding, at * size * 4);
    });
    return { ids: Float64Array.from(rows, (row) => row.id), vectors };
  },
});

const bytesOf = (vector: Float32Array): Buffer => Buffer.from(normalized(vector).buffer);

/** Condition of a filter on the column `metadata`, with its value as $3. */
const conditionOf = ({ values, mode }: MetadataFilter): { sql: string; value: unknown } =>
  mode === "and"
    ? { sql: "metadata @> $3::jsonb", value: JSON.stringify(values) }
    : {
        sql: "metadata @> ANY($3::jsonb[])",
        value: Object.entries(values).map(([key, value]) => JSON.stringify({ [key]: value })),
      };

/** Locks the collection, so that its chunks are committed in the order of their ids. */
async function lockCollection(tx: Tx, datasourceId: number, name: string, dimensions: number): Promise<void> {
  await tx.datasourceCollection.createMany({ data: [{ datasourceId, name, dimensions }], skipDuplicates: true });
  const [row] = await tx.$queryRaw<{ dimensions: number; empty: boolean }[]>`
    SELECT c.dimensions, NOT EXISTS (SELECT FROM datasource_chunks k WHERE k.datasource_id = c.datasource_id AND k.collection = c.name) AS empty
    FROM datasource_collections c WHERE c.datasource_id = ${datasourceId} AND c.name = ${name} FOR UPDATE`;
  if (row?.dimensions === dimensions) return;
  if (!row?.empty)
    throw conflict(
      `The documents of "${name}" have vectors of ${row?.dimensions} numbers, these have ${dimensions}: the embedder has changed. Delete the documents and process the files again.`,
    );
  await tx.datasourceCollection.updateMany({ where: { datasourceId, name }, data: { dimensions } });
}

/** The built-in vector store: rows of Portico's own database, so that every replica and every backup has them. */
export function openEmbedded(db: Db, index: VectorIndex, datasourceId: number): VectorStore {
  return {
    async add(name, chunks: readonly Chunk[]) {
      const [first] = chunks;
      if (!first) return;
      await db.transaction(async (tx) => {
        await lockCollection(tx, datasourceId, name, first.embedding.length);
        await tx.datasourceChunk.createMany({
          data: chunks.map(({ content, metadata, embedding }) => ({
            datasourceId,
            collection: name,
            content,
            metadata: metadata as object,
            embedding: bytesOf(embedding) as Uint8Array<ArrayBuffer>,
          })),
        });
      });
    },

    async nearest(name, vector, options) {
      const found = await index.nearest(keyOf(datasourceId, name), normalized(vector), options);
      if (found.length === 0) return [];
      const { rows } = await db.sql.query<{ id: number; content: string; metadata: Record<string, string> }>(
        "SELECT id::float8 AS id, content, metadata FROM datasource_chunks WHERE id = ANY($1::bigint[])",
        [found.map(({ id }) => id)],
      );
      const byId = new Map(rows.map((row) => [row.id, row]));
      return found.flatMap(({ id, score }): Match[] => {
        const row = byId.get(id);
        return row ? [{ content: row.content, metadata: row.metadata, score }] : [];
      });
    },

    async withMetadata(name, filter, { limit, offset }) {
      const { sql, value } = conditionOf(filter);
      const where = `datasource_id = $1 AND collection = $2 AND ${sql}`;
      const [{ rows }, total] = await Promise.all([
        db.sql.query<{ content: string; metadata: Record<string, string> }>(
          `SELECT content, metadata FROM datasource_chunks WHERE ${where} ORDER BY id LIMIT $4 OFFSET $5`,
          [datasourceId, name, value, limit, offset],
        ),
        db.sql.query<{ count: number }>(`SELECT count(*)::int AS count FROM datasource_chunks WHERE ${where}`, [datasourceId, name, value]),
      ]);
      return { matches: rows.map((row) => ({ ...row, score: 0 })), total: total.rows[0]?.count ?? 0 };
    },

    async deleteWithMetadata(name, filter, { dryRun }) {
      const { sql, value } = conditionOf(filter);
      const where = `datasource_id = $1 AND collection = $2 AND ${sql}`;
      const text = dryRun
        ? `SELECT count(*)::int AS count FROM datasource_chunks WHERE ${where}`
        : `WITH held AS (UPDATE datasource_collections SET deletions = deletions + 1 WHERE datasource_id = $1 AND name = $2 RETURNING 1),
             gone AS (DELETE FROM datasource_chunks WHERE ${where} AND EXISTS (SELECT FROM held) RETURNING 1)
           SELECT count(*)::int AS count FROM gone`;
      const { rows } = await db.sql.query<{ count: number }>(text, [datasourceId, name, value]);
      return rows[0]?.count ?? 0;
    },

    async namespaces() {
      const { rows } = await db.sql.query<{ name: string; count: number }>(
        `SELECT collection AS name, count(*)::int AS count FROM datasource_chunks WHERE datasource_id = $1 GROUP BY collection ORDER BY collection`,
        [datasourceId],
      );
      return rows;
    },

    async deleteNamespace(name) {
      await db.sql.query(
        `WITH held AS (UPDATE datasource_collections SET deletions = deletions + 1 WHERE datasource_id = $1 AND name = $2 RETURNING 1)
         DELETE FROM datasource_chunks WHERE datasource_id = $1 AND collection = $2 AND EXISTS (SELECT FROM held)`,
        [datasourceId, name],
      );
    },
  };
}
