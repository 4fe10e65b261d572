import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { type BudgetUsage, TelemetryBatch, type UsageRecord } from "@portico/protocol/edge";
import type { Spend } from "../budget/ledger.ts";

/** Records waiting for the hub, as they will be sent. */
export type StoredBatch = {
  id: number;
  /** The hub stores a batch once however often it is sent under this id. */
  batchId: string;
  count: number;
  /** An encoded TelemetryBatch with nothing but its records. */
  body: Buffer;
  spends: Spend[];
};

/** Usage records on disk until the hub has them. Bounded: when full, the oldest go and are counted. */
export type Journal = {
  /** Takes a record into memory; it is on disk after the next flush. Never blocks. */
  add(record: UsageRecord, spend: Spend): void;
  flush(): void;
  oldest(): StoredBatch | undefined;
  remove(batch: StoredBatch): void;
  /** Gives up a batch the hub will never take; its records count as lost. */
  discard(batch: StoredBatch): void;
  /** Records not yet acknowledged. */
  pending(): number;
  /** Records lost since the start. */
  droppedTotal(): number;
  /** Records lost that the hub has not been told of; kept over restarts. */
  droppedUntold(): number;
  droppedTold(count: number): void;
  /** What unacknowledged records cost, after a restart. */
  unacknowledged(): Spend[];
  saveBudget(usage: BudgetUsage[]): void;
  loadBudget(): BudgetUsage[];
  close(): void;
};

const batchRecords = 500;
const queueRecords = 50_000;

export function openJournal({
  dataDir,
  maxRecords,
  flushMs,
  logger,
  onStored,
}: {
  dataDir: string;
  maxRecords: number;
  flushMs: number;
  logger: Logger;
  onStored(): void;
}): Journal {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(dataDir, "journal.db"));
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS batch (
      id INTEGER PRIMARY KEY AUTOINCREMENT, batch_id TEXT NOT NULL, records INTEGER NOT NULL, body BLOB NOT NULL, spends TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  `);
  const insert = db.prepare("INSERT INTO batch (batch_id, records, body, spends) VALUES (?, ?, ?, ?)");
  const first = db.prepare("SELECT id, batch_id, records, body, spends FROM batch ORDER BY id LIMIT 1");
  const erase = db.prepare("DELETE FROM batch WHERE id = ?");
  const setFact = db.prepare("INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
  const getFact = db.prepare("SELECT value FROM fact WHERE name = ?");
  const factOf = (name: string): unknown => {
    const value = getFact.get(name)?.value;
    return typeof value === "string" ? JSON.parse(value) : undefined;
  };

  let queue: { record: UsageRecord; spend: Spend }[] = [];
  let stored = Number(db.prepare("SELECT COALESCE(SUM(records), 0) AS n FROM batch").get()?.n ?? 0);
  let droppedTotal = 0;
  let droppedUntold = Number(factOf("dropped_untold") ?? 0);
  let failing = false;

  const drop = (count: number) => {
    droppedTotal += count;
    droppedUntold += count;
    setFact.run("dropped_untold", JSON.stringify(droppedUntold));
  };

  function flush(): void {
    if (queue.length === 0) return;
    const taken = queue;
    try {
      db.exec("BEGIN");
      for (let at = 0; at < taken.length; at += batchRecords) {
        const part = taken.slice(at, at + batchRecords);
        const records = part.map((item) => item.record);
        const body = TelemetryBatch.encode({ sessionId: "", batchId: "", records, droppedBefore: 0 }).finish();
        insert.run(randomUUID(), part.length, body, JSON.stringify(summed(part.map((item) => item.spend))));
      }
      let held = stored + taken.length;
      let lost = 0;
      while (held > maxRecords) {
        const oldest = first.get();
        if (!oldest) break;
        erase.run(Number(oldest.id));
        held -= Number(oldest.records);
        lost += Number(oldest.records);
      }
      if (lost > 0) drop(lost);
      db.exec("COMMIT");
      queue = [];
      stored = held;
      if (failing) logger.info("usage records can be written again");
      failing = false;
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      if (!failing) logger.error("cannot write usage records; keeping them in memory", { error: messageOf(error) });
      failing = true;
      return;
    }
    onStored();
  }

  const timer = setInterval(flush, flushMs);
  timer.unref();

  const eraseBatch = (batch: StoredBatch) => {
    erase.run(batch.id);
    stored -= batch.count;
  };

  return {
    add(record, spend) {
      if (queue.length >= queueRecords) {
        queue.splice(0, batchRecords);
        droppedTotal += batchRecords;
        droppedUntold += batchRecords;
      }
      queue.push({ record, spend });
    },
    flush,
    oldest() {
      const row = first.get();
      if (!row) return undefined;
      return {
        id: Number(row.id),
        batchId: String(row.batch_id),
        count: Number(row.records),
        body: Buffer.from(row.body as Uint8Array),
        spends: JSON.parse(String(row.spends)) as Spend[],
      };
    },
    remove: eraseBatch,
    discard(batch) {
      eraseBatch(batch);
      drop(batch.count);
    },
    pending: () => stored + queue.length,
    droppedTotal: () => droppedTotal,
    droppedUntold: () => droppedUntold,
    droppedTold(count) {
      if (count === 0) return;
      droppedUntold = Math.max(0, droppedUntold - count);
      setFact.run("dropped_untold", JSON.stringify(droppedUntold));
    },
    unacknowledged() {
      const rows = db.prepare("SELECT spends FROM batch").all();
      return summed(rows.flatMap((row) => JSON.parse(String(row.spends)) as Spend[]));
    },
    saveBudget: (usage) => void setFact.run("budget", JSON.stringify(usage)),
    loadBudget: () => (factOf("budget") ?? []) as BudgetUsage[],
    close() {
      clearInterval(timer);
      flush();
      db.close();
    },
  };
}

/** One line for each app, LLM and day, so that a batch says in a few words what it cost. */
function summed(spends: Spend[]): Spend[] {
  const sums = new Map<string, Spend>();
  for (const spend of spends) {
    if (spend.costMicroUsd === 0) continue;
    const key = `${spend.appId} ${spend.llmId} ${Math.floor(spend.startedAtMs / 86_400_000)}`;
    const sum = sums.get(key);
    if (sum) sum.costMicroUsd += spend.costMicroUsd;
    else sums.set(key, { ...spend });
  }
  return [...sums.values()];
}
