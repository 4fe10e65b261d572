import type { Db, Tx } from "../../db/client.ts";

export function createKvStore(db: Db) {
  return {
    /**
     * @returns true when the key held nothing before (an expired value is nothing). Of writers at the same time exactly
     * one is told so: plugins have no other way to claim something. The row itself decides (xmax is 0 on a fresh one); a
     * look at the table from the same statement would miss a row that another writer inserts meanwhile.
     */
    async write(pluginId: number, key: string, value: Buffer, expiresAt: Date | null): Promise<boolean> {
      await db.sql.query("DELETE FROM plugin_data WHERE plugin_id = $1 AND data_key = $2 AND expire_at <= now()", [pluginId, key]);
      const { rows } = await db.sql.query<{ created: boolean }>(
        `INSERT INTO plugin_data (plugin_id, data_key, data_value, expire_at, updated_at) VALUES ($1, $2, $3, $4, now())
         ON CONFLICT (plugin_id, data_key) DO UPDATE SET data_value = excluded.data_value, expire_at = excluded.expire_at, updated_at = now()
         RETURNING (xmax = 0) AS created`,
        [pluginId, key, value, expiresAt],
      );
      return rows[0]?.created ?? false;
    },

    async read(pluginId: number, key: string): Promise<Buffer | undefined> {
      const { rows } = await db.sql.query<{ data_value: Buffer }>(
        "SELECT data_value FROM plugin_data WHERE plugin_id = $1 AND data_key = $2 AND (expire_at IS NULL OR expire_at > now())",
        [pluginId, key],
      );
      return rows[0]?.data_value;
    },

    /** @returns true when there was something to delete. */
    async delete(pluginId: number, key: string): Promise<boolean> {
      const { rows } = await db.sql.query<{ live: boolean }>(
        "DELETE FROM plugin_data WHERE plugin_id = $1 AND data_key = $2 RETURNING (expire_at IS NULL OR expire_at > now()) AS live",
        [pluginId, key],
      );
      return rows[0]?.live ?? false;
    },

    /** Bytes a plugin keeps, keys and a share for each row's upkeep included. */
    async size(pluginId: number): Promise<number> {
      const { rows } = await db.sql.query<{ bytes: number }>(
        "SELECT coalesce(sum(octet_length(data_value) + octet_length(data_key) + 200), 0)::bigint AS bytes FROM plugin_data WHERE plugin_id = $1",
        [pluginId],
      );
      return rows[0]?.bytes ?? 0;
    },

    count: (pluginId: number): Promise<number> => db.prisma.pluginData.count({ where: { pluginId } }),
    clear: (tx: Tx, pluginId: number) => tx.pluginData.deleteMany({ where: { pluginId } }),
    purgeExpired: () => db.prisma.pluginData.deleteMany({ where: { expiresAt: { lt: new Date() } } }),
  };
}
export type KvStore = ReturnType<typeof createKvStore>;
