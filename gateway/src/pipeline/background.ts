import { join } from "node:path";
import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { UsageRecord } from "@portico/protocol/edge";
import type { Reservation } from "../budget/ledger.ts";
import { openLocalFile } from "../local-file.ts";

/**
 * Calls that a vendor works on after it has answered them. What they cost is known when the client asks for the result, at this gateway or at
 * another, or never.
 */
export type BackgroundCalls = {
  /** Keeps what a call is estimated at, and the money set aside for it, until its usage is known. */
  defer(record: UsageRecord, reservation: Reservation | undefined): void;
  /** A call has been charged from here; its result may be read as often as the client likes. */
  isCharged(key: string): boolean;
  /** Ends the wait for a call, which is charged now. @returns its record with the estimate; undefined when it was made elsewhere. */
  take(key: string): UsageRecord | undefined;
  close(): void;
};

/** How long after a call its result is waited for. */
const waitMs = 6 * 60 * 60_000;
const checkMs = 60_000;
const maxCalls = 10_000;

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS call (key TEXT PRIMARY KEY, due_ms INTEGER NOT NULL, record BLOB NOT NULL) STRICT;
`;

type Waiting = { record: UsageRecord; dueMs: number; reservation: Reservation | undefined };

/** Names a call at every gateway alike: the hub counts a record once. */
export const backgroundKey = (llmId: number, responseId: string): string => `background-${llmId}-${responseId}`.slice(0, 200);

export function createBackgroundCalls({
  dataDir,
  now,
  charge,
  logger,
}: {
  dataDir: string;
  /** Unix milliseconds by the hub's clock. */
  now(): number;
  /** Books the estimate of a call whose result nobody has asked for. */
  charge(record: UsageRecord): void;
  logger: Logger;
}): BackgroundCalls {
  const db = openLocalFile({ file: join(dataDir, "background.db"), schema, holds: "list of background calls", logger });
  const insert = db.prepare("INSERT OR REPLACE INTO call (key, due_ms, record) VALUES (?, ?, ?)");
  const erase = db.prepare("DELETE FROM call WHERE key = ?");
  const waiting = new Map<string, Waiting>();
  const charged = new Set<string>();
  for (const row of db.prepare("SELECT key, due_ms, record FROM call ORDER BY due_ms").all())
    waiting.set(String(row.key), {
      record: UsageRecord.decode(row.record as Uint8Array),
      dueMs: Number(row.due_ms),
      reservation: undefined,
    });

  /** What cannot be written is in memory all the same. */
  function onDisk(write: () => unknown): void {
    try {
      write();
    } catch (error) {
      logger.warn("cannot write the list of background calls", { error: messageOf(error) });
    }
  }

  function take(key: string): UsageRecord | undefined {
    if (charged.size >= maxCalls) charged.delete(charged.values().next().value as string);
    charged.add(key);
    const found = waiting.get(key);
    if (!found) return undefined;
    waiting.delete(key);
    found.reservation?.release();
    onDisk(() => erase.run(key));
    return found.record;
  }

  function expire(key: string): void {
    const record = take(key);
    if (record) charge(record);
  }

  const timer = setInterval(() => {
    const nowMs = now();
    for (const [key, { dueMs }] of waiting) if (dueMs <= nowMs) expire(key);
  }, checkMs);
  timer.unref();

  return {
    defer(record, reservation) {
      const key = record.requestId;
      const dueMs = now() + waitMs;
      waiting.set(key, { record, dueMs, reservation });
      onDisk(() => insert.run(key, dueMs, UsageRecord.encode(record).finish()));
      if (waiting.size > maxCalls) expire(waiting.keys().next().value as string);
    },
    isCharged: (key) => charged.has(key),
    take,
    close() {
      clearInterval(timer);
      db.close();
    },
  };
}
