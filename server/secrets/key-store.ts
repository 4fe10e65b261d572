import type { Db } from "../db/client.ts";

/** A column with values that the vault has sealed. */
export type SealedColumn = { table: string; column: string };

export type KeyStore = {
  /** How many values are sealed with each key, by its id. */
  countByKey(): Promise<Map<string, number>>;
  /** Columns that may have sealed values: those named `sealed` or `…_sealed`. */
  columns(): Promise<SealedColumn[]>;
  /** Some values that are sealed with another key than this. */
  sealedOtherwise(column: SealedColumn, keyId: string, keyIds: readonly string[], limit: number): Promise<string[]>;
  /** Writes each value's successor unless the value was changed meanwhile. */
  replace(column: SealedColumn, pairs: readonly { before: string; after: string }[]): Promise<void>;
};

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export function createKeyStore(db: Db): KeyStore {
  async function columns(): Promise<SealedColumn[]> {
    const { rows } = await db.sql.query<SealedColumn>(
      `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
       WHERE table_schema = 'public' AND data_type = 'text' AND (column_name = 'sealed' OR column_name LIKE '%\\_sealed') ORDER BY 1, 2`,
    );
    return rows;
  }

  return {
    columns,
    async countByKey() {
      const parts = (await columns()).map(
        ({ table, column }) =>
          `SELECT split_part(${quoted(column)}, '.', 2) AS key FROM ${quoted(table)} WHERE ${quoted(column)} LIKE 'v1.%'`,
      );
      const { rows } = await db.sql.query<{ key: string; total: number }>(
        `SELECT key, count(*) AS total FROM (${parts.join(" UNION ALL ")}) s GROUP BY key`,
      );
      return new Map(rows.map(({ key, total }) => [key, Number(total)]));
    },
    async sealedOtherwise({ table, column }, keyId, keyIds, limit) {
      const { rows } = await db.sql.query<{ value: string }>(
        `SELECT DISTINCT ${quoted(column)} AS value FROM ${quoted(table)}
         WHERE ${quoted(column)} LIKE 'v1.%' AND split_part(${quoted(column)}, '.', 2) <> $1 AND split_part(${quoted(column)}, '.', 2) = ANY($2)
         LIMIT $3`,
        [keyId, keyIds, limit],
      );
      return rows.map(({ value }) => value);
    },
    async replace({ table, column }, pairs) {
      await db.sql.query(
        `UPDATE ${quoted(table)} t SET ${quoted(column)} = v.after FROM unnest($1::text[], $2::text[]) AS v(before, after)
         WHERE t.${quoted(column)} = v.before`,
        [pairs.map(({ before }) => before), pairs.map(({ after }) => after)],
      );
    },
  };
}
