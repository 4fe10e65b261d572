import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "@portico/core/logger";
import { openLocalFile } from "../local-file.ts";

/** What plugins keep at this gateway: one store per plugin, on disk, bounded. Nothing is replicated. */
export type KvStore = {
  read(pluginId: number, key: string): Buffer | undefined;
  /** @returns whether the key is new, or that the plugin's quota is used up. */
  write(pluginId: number, key: string, value: Uint8Array, expiresAtMs: number | null): "created" | "replaced" | "quota_exceeded";
  delete(pluginId: number, key: string): boolean;
  close(): void;
};

const purgeMs = 60_000;

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS kv (
    plugin_id INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, bytes INTEGER NOT NULL, expires_at_ms INTEGER,
    PRIMARY KEY (plugin_id, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS kv_expiry ON kv (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
`;

/** @param quotaBytes sum of a plugin's keys and values. */
export function openKvStore({
  dataDir,
  logger,
  quotaBytes = 256 * 1024 * 1024,
  now = Date.now,
}: {
  dataDir: string;
  logger: Logger;
  quotaBytes?: number;
  now?: () => number;
}): KvStore {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const db = openLocalFile({ file: join(dataDir, "plugin-kv.db"), schema, holds: "store of plugins' data", logger });
  const select = db.prepare("SELECT value FROM kv WHERE plugin_id = ? AND key = ? AND (expires_at_ms IS NULL OR expires_at_ms > ?)");
  const sizeOf = db.prepare("SELECT bytes, expires_at_ms FROM kv WHERE plugin_id = ? AND key = ?");
  const upsert = db.prepare(`
    INSERT INTO kv (plugin_id, key, value, bytes, expires_at_ms) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (plugin_id, key) DO UPDATE SET value = excluded.value, bytes = excluded.bytes, expires_at_ms = excluded.expires_at_ms
  `);
  const remove = db.prepare("DELETE FROM kv WHERE plugin_id = ? AND key = ?");
  const expired = db.prepare("DELETE FROM kv WHERE expires_at_ms <= ?");
  const sums = db.prepare("SELECT plugin_id, SUM(bytes) AS bytes FROM kv GROUP BY plugin_id");

  let used = new Map<number, number>();
  function purge(): void {
    expired.run(now());
    used = new Map(sums.all().map((row) => [Number(row.plugin_id), Number(row.bytes)]));
  }
  purge();
  const timer = setInterval(purge, purgeMs);
  timer.unref();

  return {
    read(pluginId, key) {
      const value = select.get(pluginId, key, now())?.value;
      return value instanceof Uint8Array ? Buffer.from(value) : undefined;
    },
    write(pluginId, key, value, expiresAtMs) {
      const bytes = Buffer.byteLength(key) + value.length;
      const before = sizeOf.get(pluginId, key);
      const total = (used.get(pluginId) ?? 0) - Number(before?.bytes ?? 0) + bytes;
      if (total > quotaBytes) return "quota_exceeded";
      upsert.run(pluginId, key, value, bytes, expiresAtMs);
      used.set(pluginId, total);
      const live = before !== undefined && (before.expires_at_ms === null || Number(before.expires_at_ms) > now());
      return live ? "replaced" : "created";
    },
    delete(pluginId, key) {
      const before = sizeOf.get(pluginId, key);
      if (!before) return false;
      remove.run(pluginId, key);
      used.set(pluginId, (used.get(pluginId) ?? 0) - Number(before.bytes));
      return before.expires_at_ms === null || Number(before.expires_at_ms) > now();
    },
    close() {
      clearInterval(timer);
      db.close();
    },
  };
}
