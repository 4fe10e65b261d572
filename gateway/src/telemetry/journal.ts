import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf, type NanoUsd, nanoFromMicro, recordedCost, splitNano } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { type BudgetUsage, TelemetryBatch, type UsageRecord } from "@portico/protocol/edge";
import type { Spend } from "../budget/ledger.ts";
import { openLocalFile } from "../local-file.ts";
import { RecordWriter } from "./record-writer.ts";
import { createSpendSums } from "./spend-sums.ts";

/** Records waiting for the hub, as they will be sent. */
export type StoredBatch = {
  /** 0 for one that could not be written and is in memory only. */
  id: number;
  /** The hub stores a batch once however often it is sent under this id. */
  batchId: string;
  count: number;
  /** An encoded TelemetryBatch with nothing but its records. */
  body: Buffer;
  spends: Spend[];
};

/**
 * Usage records on disk until the hub has them; while the disk takes nothing, in memory. Bounded: when full, the oldest go and are
 * counted.
 */
export type Journal = {
  /** Takes a record into memory; it is on disk after the next flush. Never blocks. */
  add(record: UsageRecord, spend: Spend): void;
  flush(): void;
  oldest(): StoredBatch | undefined;
  remove(batch: StoredBatch): void;
  /**
   * Moves rejected records, all without `records`, out of the batch to a table of their own, bounded, with the reason. @returns what is left of the batch, which stays to be sent; undefined when nothing is.
   */
  setAside(batch: StoredBatch, refused: { reason: string; records?: readonly number[] | undefined }): StoredBatch | undefined;
  /** Records set aside since the start. */
  rejectedTotal(): number;
  /** Records not yet acknowledged. */
  pending(): number;
  /** Those of them that are not on disk. */
  unwritten(): number;
  /** Records lost since the start. */
  droppedTotal(): number;
  /** Records lost that the hub has not been told of; kept over restarts. */
  droppedUntold(): number;
  droppedTold(count: number): void;
  /** What unacknowledged records cost, after a restart. */
  unacknowledged(): Spend[];
  /** Keeps what the hub has counted; on disk with the next flush, together with what was removed because the hub has counted it. */
  saveBudget(usage: BudgetUsage[]): void;
  loadBudget(): BudgetUsage[];
  /** How far the hub's clock is from this machine's; on disk with the next flush. */
  saveClockOffset(offsetMs: number): void;
  loadClockOffset(): number;
  /** Writes what it can. @returns how many records are lost because they could be neither delivered nor written. */
  close(): number;
};

/** Records that will be stored together, already as they will be sent. */
type Part = Omit<StoredBatch, "id">;

const batchRecords = 2_000;
const batchBytes = 1024 * 1024;
const queueRecords = 50_000;
const recentBatches = 16;
const clockStepMs = 1_000;
/** Bounds of the rejected records on disk; beyond them the oldest are deleted. */
const keptRejections = 1_000;
const keptRejectedRecords = 20_000;

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT, batch_id TEXT NOT NULL, records INTEGER NOT NULL, body BLOB NOT NULL, spends TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS budget (
    kind TEXT NOT NULL, id INTEGER NOT NULL, period_start_ms INTEGER NOT NULL, spent_micro_usd INTEGER NOT NULL,
    spent_rest_nano_usd INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (kind, id)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS rejected (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, reason TEXT NOT NULL, records INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT;
`;

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
  const db = openLocalFile({ file: join(dataDir, "journal.db"), schema, holds: "usage journal", logger });
  // A file of an older release has no such column.
  if (!db.prepare("SELECT 1 FROM pragma_table_info('budget') WHERE name = 'spent_rest_nano_usd'").get())
    db.exec("ALTER TABLE budget ADD COLUMN spent_rest_nano_usd INTEGER NOT NULL DEFAULT 0");
  const insert = db.prepare("INSERT INTO batch (batch_id, records, body, spends) VALUES (?, ?, ?, ?)");
  const first = db.prepare("SELECT id, batch_id, records, body, spends FROM batch WHERE id > ? ORDER BY id LIMIT 1");
  const erase = db.prepare("DELETE FROM batch WHERE id <= ?");
  const setBudget = db.prepare(
    "INSERT OR REPLACE INTO budget (kind, id, period_start_ms, spent_micro_usd, spent_rest_nano_usd) VALUES (?, ?, ?, ?, ?)",
  );
  const keepRejected = db.prepare("INSERT INTO rejected (at_ms, reason, records, body) VALUES (?, ?, ?, ?)");
  const trimRejected = db.prepare(
    `DELETE FROM rejected WHERE id <= (SELECT max(id) FROM (SELECT id, sum(records) OVER (ORDER BY id DESC) AS kept,
       row_number() OVER (ORDER BY id DESC) AS place FROM rejected) WHERE place > ? OR (kept > ? AND place > 1))`,
  );
  const rewrite = db.prepare("UPDATE batch SET records = ?, body = ?, spends = ? WHERE id = ?");
  const setFact = db.prepare("INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
  const findBatch = db.prepare("SELECT id FROM batch WHERE batch_id = ?");
  const getFact = db.prepare("SELECT value FROM fact WHERE name = ?");
  const factOf = (name: string): unknown => {
    const value = getFact.get(name)?.value;
    return typeof value === "string" ? JSON.parse(value) : undefined;
  };

  // Batches go in the order of their ids. What the hub has is erased together with the next write: one transaction instead of
  // two, and a crash in between only sends a batch again that the hub knows.
  let goneUpTo = 0;
  let erasedUpTo = 0;
  // The youngest batches, so that what the hub takes at once is never read back.
  let recent: StoredBatch[] = [];
  const budget = new Map<string, BudgetUsage>();
  // Batches that were full before the next flush, and the one that is being filled.
  let full: Part[] = [];
  let fullRecords = 0;
  const writer = new RecordWriter();
  const spends = createSpendSums();
  let stored = Number(db.prepare("SELECT COALESCE(SUM(records), 0) AS n FROM batch").get()?.n ?? 0);
  let droppedTotal = 0;
  let droppedUntold = Number(factOf("dropped_untold") ?? 0);
  let droppedOnDisk = droppedUntold;
  let clockOffsetMs = Number(factOf("clock_offset_ms") ?? 0);
  let clockOffsetOnDisk = clockOffsetMs;
  let rejectedTotal = 0;
  let failing = false;

  const drop = (count: number) => {
    droppedTotal += count;
    droppedUntold += count;
  };

  const filling = (): Part => ({ batchId: randomUUID(), count: writer.count, body: writer.bytes(), spends: spends.all() });
  const startNext = () => {
    writer.clear();
    spends.clear();
  };

  /** Closes a batch before the next flush; while nothing can be written, the oldest go. */
  function closeFull(): void {
    full.push(filling());
    fullRecords += writer.count;
    startNext();
    while (fullRecords > queueRecords) {
      const lost = full.shift()?.count ?? 0;
      fullRecords -= lost;
      drop(lost);
    }
  }

  function flush(): void {
    const parts = writer.count > 0 ? [...full, filling()] : full;
    const isKept = goneUpTo === erasedUpTo && budget.size === 0 && droppedUntold === droppedOnDisk && clockOffsetMs === clockOffsetOnDisk;
    if (parts.length === 0 && isKept) return;
    const written: StoredBatch[] = [];
    try {
      db.exec("BEGIN");
      if (goneUpTo > erasedUpTo) erase.run(goneUpTo);
      for (const { kind, id, periodStartMs, spentMicroUsd, spentRestNanoUsd } of budget.values())
        setBudget.run(kind, id, periodStartMs, spentMicroUsd, spentRestNanoUsd);
      for (const part of parts) written.push(write(part));
      let held = stored + fullRecords + writer.count;
      let lost = 0;
      let lostUpTo = goneUpTo;
      while (held > maxRecords) {
        const oldest = first.get(lostUpTo);
        if (!oldest) break;
        lostUpTo = Number(oldest.id);
        held -= Number(oldest.records);
        lost += Number(oldest.records);
      }
      if (lost > 0) erase.run(lostUpTo);
      if (droppedUntold + lost !== droppedOnDisk) setFact.run("dropped_untold", JSON.stringify(droppedUntold + lost));
      if (clockOffsetMs !== clockOffsetOnDisk) setFact.run("clock_offset_ms", JSON.stringify(clockOffsetMs));
      db.exec("COMMIT");
      clockOffsetOnDisk = clockOffsetMs;
      drop(lost);
      droppedOnDisk = droppedUntold;
      full = [];
      fullRecords = 0;
      startNext();
      budget.clear();
      stored = held;
      erasedUpTo = goneUpTo = lostUpTo;
      recent = [...recent, ...written].filter(({ id }) => id > goneUpTo).slice(-recentBatches);
      if (failing) logger.info("usage records can be written again");
      failing = false;
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      if (!failing) logger.error("cannot write usage records; delivering them from memory", { error: messageOf(error) });
      failing = true;
    }
    // What cannot be written is delivered all the same.
    if (written.length > 0 || failing) onStored();
  }

  function write(part: Part): StoredBatch {
    const { lastInsertRowid } = insert.run(part.batchId, part.count, part.body, textOf(part.spends));
    return { id: Number(lastInsertRowid), ...part };
  }

  const timer = setInterval(flush, flushMs);
  timer.unref();

  /** A batch that was in memory when it was sent may have been written since. */
  const idOf = ({ id, batchId }: StoredBatch): number => id || Number(findBatch.get(batchId)?.id ?? 0);
  const inMemory = ({ batchId }: StoredBatch): number => full.findIndex((part) => part.batchId === batchId);

  // The oldest batch is the only one that is ever sent; one that was dropped meanwhile has been counted already.
  const settleBatch = (batch: StoredBatch): void => {
    const at = inMemory(batch);
    if (at >= 0) {
      full.splice(at, 1);
      fullRecords -= batch.count;
      return;
    }
    const id = idOf(batch);
    if (id <= goneUpTo) return;
    goneUpTo = id;
    stored -= batch.count;
  };

  function oldestStored(): StoredBatch | undefined {
    const known = recent.find(({ id }) => id === goneUpTo + 1);
    if (known) return known;
    const row = first.get(goneUpTo);
    if (!row) return undefined;
    return {
      id: Number(row.id),
      batchId: String(row.batch_id),
      count: Number(row.records),
      body: Buffer.from(row.body as Uint8Array),
      spends: spendsOf(row.spends),
    };
  }

  function oldestInMemory(): StoredBatch | undefined {
    if (!failing) return undefined;
    if (full.length === 0 && writer.count > 0) closeFull();
    const part = full[0];
    return part && { id: 0, ...part };
  }

  function setAside(
    batch: StoredBatch,
    { reason, records }: { reason: string; records?: readonly number[] | undefined },
  ): StoredBatch | undefined {
    const { refused, left } = split(batch, records);
    if (refused.count === 0) return batch;
    rejectedTotal += refused.count;
    const at = inMemory(batch);
    try {
      keepRejected.run(Date.now(), reason.slice(0, 500), refused.count, refused.body);
      trimRejected.run(keptRejections, keptRejectedRecords);
      if (left && at < 0) rewrite.run(left.count, left.body, textOf(left.spends), idOf(batch));
    } catch (error) {
      logger.error("cannot keep rejected usage records on disk", { records: refused.count, error: messageOf(error) });
    }
    if (!left) {
      settleBatch(batch);
      return undefined;
    }
    const rest = { ...batch, ...left };
    if (at >= 0) {
      full[at] = rest;
      fullRecords -= refused.count;
      return rest;
    }
    recent = recent.map((one) => (one.batchId === batch.batchId ? { ...rest, id: one.id } : one));
    stored -= refused.count;
    return rest;
  }

  /** A number may still fit where records do not: the hub is told of them after the next start. */
  function keepCountOf(lost: number): void {
    logger.error("usage records lost: they could be neither delivered nor written", { records: lost });
    try {
      setFact.run("dropped_untold", JSON.stringify(droppedUntold + lost));
    } catch (error) {
      logger.error("cannot write the number of lost usage records", { records: lost, error: messageOf(error) });
    }
  }

  return {
    setAside,
    rejectedTotal: () => rejectedTotal,
    add(record, spend) {
      writer.add(record);
      spends.add(spend);
      if (writer.count >= batchRecords || writer.length >= batchBytes) closeFull();
    },
    flush,
    oldest() {
      try {
        return oldestStored() ?? oldestInMemory();
      } catch (error) {
        logger.error("cannot read the usage journal", { error: messageOf(error) });
        return oldestInMemory();
      }
    },
    remove: settleBatch,
    pending: () => stored + fullRecords + writer.count,
    unwritten: () => fullRecords + writer.count,
    droppedTotal: () => droppedTotal,
    droppedUntold: () => droppedUntold,
    droppedTold(count) {
      droppedUntold = Math.max(0, droppedUntold - count);
    },
    unacknowledged() {
      const rows = db.prepare("SELECT spends FROM batch WHERE id > ?").all(goneUpTo);
      const sums = createSpendSums();
      for (const row of rows) for (const spend of spendsOf(row.spends)) sums.add(spend);
      return sums.all();
    },
    saveBudget(usage) {
      for (const one of usage) budget.set(`${one.kind} ${one.id}`, one);
    },
    saveClockOffset(offsetMs) {
      // It moves a little with every message.
      if (Math.abs(offsetMs - clockOffsetMs) > clockStepMs) clockOffsetMs = offsetMs;
    },
    loadClockOffset: () => clockOffsetMs,
    loadBudget: () =>
      db
        .prepare("SELECT kind, id, period_start_ms, spent_micro_usd, spent_rest_nano_usd FROM budget")
        .all()
        .map((row) => ({
          kind: String(row.kind),
          id: Number(row.id),
          periodStartMs: Number(row.period_start_ms),
          spentMicroUsd: Number(row.spent_micro_usd),
          spentRestNanoUsd: Number(row.spent_rest_nano_usd),
          // What is told next is newer than the file, whatever the clocks say.
          readAtUs: 0,
        })),
    close() {
      clearInterval(timer);
      flush();
      const lost = fullRecords + writer.count;
      if (lost > 0) keepCountOf(lost);
      db.close();
      return lost;
    },
  };
}

/** Gateways of older releases, which may run on the same folder again, read and write micro-dollars. */
const textOf = (spends: Spend[]): string =>
  JSON.stringify(spends.map((spend) => ({ ...spend, costMicroUsd: splitNano(spend.costNanoUsd).microUsd })));

type StoredSpend = Omit<Spend, "costNanoUsd"> & { costMicroUsd: number; costNanoUsd?: NanoUsd };
const spendsOf = (text: unknown): Spend[] =>
  (JSON.parse(String(text)) as StoredSpend[]).map(({ costMicroUsd, costNanoUsd = nanoFromMicro(costMicroUsd), ...spend }) => ({
    ...spend,
    costNanoUsd,
  }));

/** Parts a batch in the records that are named, or all, and the rest; the rest is undefined when nothing is left. */
function split(
  batch: StoredBatch,
  positions?: readonly number[],
): { refused: Pick<Part, "count" | "body">; left: Omit<Part, "batchId"> | undefined } {
  const records = positions && recordsOf(batch.body);
  if (!records) return { refused: batch, left: undefined };
  const named = new Set(positions);
  const bodyOf = (some: UsageRecord[]): Buffer => {
    const writer = new RecordWriter();
    for (const record of some) writer.add(record);
    return writer.bytes();
  };
  const refused = records.filter((_, index) => named.has(index));
  const rest = records.filter((_, index) => !named.has(index));
  const sums = createSpendSums();
  for (const record of rest) sums.add({ ...record, costNanoUsd: recordedCost(record) });
  return {
    refused: { count: refused.length, body: bodyOf(refused) },
    left: rest.length > 0 ? { count: rest.length, body: bodyOf(rest), spends: sums.all() } : undefined,
  };
}

/** undefined when they are damaged. */
function recordsOf(body: Buffer): UsageRecord[] | undefined {
  try {
    return TelemetryBatch.decode(body).records;
  } catch {
    return undefined;
  }
}
