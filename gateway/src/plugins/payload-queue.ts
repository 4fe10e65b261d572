import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "@portico/core/logger";
import type { PluginPayload } from "@portico/protocol/edge";
import { openLocalFile } from "../local-file.ts";

export type QueuedPayload = { payload: Buffer; correlationId: string; metadata: Record<string, string> };

/** What plugins send to their processes in the control plane: on disk until the hub has it, bounded for each plugin. */
export type PayloadQueue = {
  /** @returns how many of the plugin wait now, or why this one was not taken. */
  add(pluginId: number, payload: QueuedPayload): { pending: number } | { fault: string };
  pending(pluginId: number): number;
  /** The oldest ones that fit a message, without those of these plugins. */
  oldest(except: readonly number[]): PluginPayload[];
  remove(ids: readonly string[]): void;
  close(): void;
};

export const maxPayloadBytes = 1024 * 1024;
const maxMetadataEntries = 50;
const maxKeyBytes = 256;
const maxValueBytes = 4_096;
const maxCorrelationBytes = 256;
const maxOfPlugin = 10_000;
const maxBytesOfPlugin = 128 * 1024 * 1024;
const batchPayloads = 100;
/** A message of an edge has at most 4 MiB. */
const batchBytes = 3 * 1024 * 1024;

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS payloads (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, plugin_id INTEGER NOT NULL, payload BLOB NOT NULL,
    correlation_id TEXT NOT NULL, metadata TEXT NOT NULL, sent_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS payloads_plugin ON payloads (plugin_id, seq);
`;

export function openPayloadQueue({ dataDir, logger, now }: { dataDir: string; logger: Logger; now: () => number }): PayloadQueue {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const db = openLocalFile({ file: join(dataDir, "plugin-payloads.db"), schema, holds: "queue of plugins' payloads", logger });
  const insert = db.prepare(
    "INSERT INTO payloads (id, plugin_id, payload, correlation_id, metadata, sent_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const remove = db.prepare("DELETE FROM payloads WHERE id = ? RETURNING plugin_id, length(payload) AS bytes");
  const select = db.prepare(
    "SELECT id, plugin_id, payload, correlation_id, metadata, sent_at_ms FROM payloads WHERE plugin_id NOT IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT ?",
  );
  const sums = db.prepare("SELECT plugin_id, COUNT(*) AS count, SUM(length(payload)) AS bytes FROM payloads GROUP BY plugin_id");
  const used = new Map(sums.all().map((row) => [Number(row.plugin_id), { count: Number(row.count), bytes: Number(row.bytes) }]));
  const usedBy = (pluginId: number) => used.get(pluginId) ?? { count: 0, bytes: 0 };

  return {
    add(pluginId, { payload, correlationId, metadata }) {
      const fault = faultOf({ payload, correlationId, metadata });
      if (fault) return { fault };
      const { count, bytes } = usedBy(pluginId);
      if (count >= maxOfPlugin || bytes + payload.length > maxBytesOfPlugin)
        return { fault: `the queue of this plugin is full: ${count} payloads with ${bytes} bytes wait for the control plane` };
      insert.run(randomUUID(), pluginId, payload, correlationId, JSON.stringify(metadata), now());
      used.set(pluginId, { count: count + 1, bytes: bytes + payload.length });
      return { pending: count + 1 };
    },
    pending: (pluginId) => usedBy(pluginId).count,
    oldest(except) {
      const batch: PluginPayload[] = [];
      let bytes = 0;
      for (const row of select.iterate(JSON.stringify(except), batchPayloads)) {
        const payload = Buffer.from(row.payload as Uint8Array);
        bytes += payload.length + String(row.metadata).length + 1_024;
        if (batch.length > 0 && bytes > batchBytes) break;
        batch.push({
          id: String(row.id),
          pluginId: Number(row.plugin_id),
          payload,
          correlationId: String(row.correlation_id),
          metadata: JSON.parse(String(row.metadata)) as Record<string, string>,
          sentAtMs: Number(row.sent_at_ms),
        });
      }
      return batch;
    },
    remove(ids) {
      db.exec("BEGIN");
      try {
        for (const id of ids) {
          const row = remove.get(id);
          if (!row) continue;
          const { count, bytes } = usedBy(Number(row.plugin_id));
          used.set(Number(row.plugin_id), { count: count - 1, bytes: bytes - Number(row.bytes) });
        }
        db.exec("COMMIT");
      } catch (error) {
        db.exec("ROLLBACK");
        throw error;
      }
    },
    close: () => db.close(),
  };
}

function faultOf({ payload, correlationId, metadata }: QueuedPayload): string {
  if (payload.length === 0) return "payload is empty";
  if (payload.length > maxPayloadBytes) return `payload has ${payload.length} bytes; it may have ${maxPayloadBytes}`;
  if (Buffer.byteLength(correlationId) > maxCorrelationBytes) return `correlation_id has more than ${maxCorrelationBytes} bytes`;
  const entries = Object.entries(metadata);
  if (entries.length > maxMetadataEntries) return `metadata has ${entries.length} entries; it may have ${maxMetadataEntries}`;
  for (const [key, value] of entries) {
    if (Buffer.byteLength(key) > maxKeyBytes) return `a key of metadata has more than ${maxKeyBytes} bytes`;
    if (Buffer.byteLength(value) > maxValueBytes) return `metadata.${key} has more than ${maxValueBytes} bytes`;
  }
  return "";
}
