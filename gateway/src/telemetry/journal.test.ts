import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createLogger } from "@portico/core/logger";
import { TelemetryBatch, UsageRecord } from "@portico/protocol/edge";
import { expect, onTestFinished, test } from "vitest";
import { openJournal, type StoredBatch } from "./journal.ts";

test("while the disk takes nothing, memory holds the youngest records, bounded, and later all of them are stored and told", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "journal-"));
  const logger = createLogger({ write: () => undefined });
  const journal = openJournal({ dataDir, maxRecords: 500_000, flushMs: 3_600_000, logger, onStored: () => undefined });
  const other = new DatabaseSync(join(dataDir, "journal.db"));
  try {
    other.exec("BEGIN EXCLUSIVE");
    const total = 57_001;
    for (let n = 0; n < total; n++) {
      const spend = { appId: 1 + (n % 2), llmId: 1, startedAtMs: 1_700_000_000_000, costNanoUsd: 1 };
      journal.add(UsageRecord.fromPartial({ requestId: `r${n}`, startedAtMs: n + 1 }), spend);
      if (n % 5_000 === 0) journal.flush();
    }
    const lost = journal.droppedTotal();
    expect(lost).toBeGreaterThan(0);
    expect(journal.pending()).toBe(total - lost);
    expect(journal.pending()).toBeLessThanOrEqual(52_000);
    other.exec("ROLLBACK");
    journal.flush();

    const seen: string[] = [];
    let spent = 0;
    for (let batch = journal.oldest(); batch; batch = journal.oldest()) {
      const { records } = TelemetryBatch.decode(batch.body);
      expect(records).toHaveLength(batch.count);
      seen.push(...records.map((record) => record.requestId));
      spent += batch.spends.reduce((sum, spend) => sum + spend.costNanoUsd, 0);
      journal.remove(batch);
    }
    expect(seen).toEqual(Array.from({ length: total - lost }, (_, n) => `r${lost + n}`));
    expect(spent).toBe(seen.length);
    expect([journal.pending(), journal.droppedUntold()]).toEqual([0, lost]);
  } finally {
    other.close();
    journal.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

/** A journal whose file takes no writes while `refuseWrites` holds, as with a full disk: reads go on. */
function aJournal({ maxRecords = 1_000 } = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), "journal-"));
  const lines: string[] = [];
  const logger = createLogger({ write: (line) => void lines.push(line) });
  const open = () => openJournal({ dataDir, maxRecords, flushMs: 3_600_000, logger, onStored: () => undefined });
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return {
    lines,
    open,
    file: join(dataDir, "journal.db"),
    refuseWrites() {
      const other = new DatabaseSync(join(dataDir, "journal.db"));
      other.exec("BEGIN IMMEDIATE");
      onTestFinished(() => other.close());
      return () => other.exec("ROLLBACK");
    },
  };
}
const spend = { appId: 1, llmId: 1, startedAtMs: 1_700_000_000_000, costNanoUsd: 1 };
const record = (requestId: string) => UsageRecord.fromPartial({ requestId, startedAtMs: 1 });
const idsOf = (batch: { body: Buffer } | undefined) => batch && TelemetryBatch.decode(batch.body).records.map(({ requestId }) => requestId);

test("a folder of an older release keeps its spend, and one of this release can be read there", () => {
  const { open, file } = aJournal();
  const older = new DatabaseSync(file);
  older.exec(`CREATE TABLE batch (id INTEGER PRIMARY KEY AUTOINCREMENT, batch_id TEXT NOT NULL, records INTEGER NOT NULL, body BLOB NOT NULL, spends TEXT NOT NULL) STRICT;
    CREATE TABLE budget (kind TEXT NOT NULL, id INTEGER NOT NULL, period_start_ms INTEGER NOT NULL, spent_micro_usd INTEGER NOT NULL, PRIMARY KEY (kind, id)) STRICT;
    INSERT INTO batch (batch_id, records, body, spends) VALUES ('b', 1, x'', '[{"appId":1,"llmId":1,"startedAtMs":1700000000000,"costMicroUsd":3}]');
    INSERT INTO budget VALUES ('app', 1, 5, 7);`);
  older.close();
  const journal = open();
  expect(journal.unacknowledged()).toEqual([{ ...spend, costNanoUsd: 3_000 }]);
  expect(journal.loadBudget()).toMatchObject([{ spentMicroUsd: 7, spentRestNanoUsd: 0 }]);
  journal.saveBudget([{ kind: "app", id: 1, periodStartMs: 5, spentMicroUsd: 7, spentRestNanoUsd: 250, readAtUs: 1 }]);
  journal.add(record("tiny"), { ...spend, costNanoUsd: 1_500 });
  journal.close();
  const again = open();
  expect(again.loadBudget()).toMatchObject([{ spentMicroUsd: 7, spentRestNanoUsd: 250 }]);
  expect(again.unacknowledged()).toEqual([{ ...spend, costNanoUsd: 4_500 }]);
  again.close();
  const db = new DatabaseSync(file);
  const { spends } = db.prepare("SELECT spends FROM batch ORDER BY id DESC LIMIT 1").get() ?? {};
  db.close();
  expect(JSON.parse(String(spends))).toMatchObject([{ costMicroUsd: 1 }]);
});

test("records that cannot be written are given out from memory after those on disk, and are gone once they are delivered", () => {
  const { open, refuseWrites } = aJournal();
  const journal = open();
  journal.add(record("on-disk"), spend);
  journal.flush();
  const allowWrites = refuseWrites();
  journal.add(record("in-memory"), spend);
  journal.flush();
  expect(idsOf(journal.oldest())).toEqual(["on-disk"]);
  journal.remove(journal.oldest() as StoredBatch);
  expect(idsOf(journal.oldest())).toEqual(["in-memory"]);
  expect([journal.pending(), journal.unwritten()]).toEqual([1, 1]);
  journal.remove(journal.oldest() as StoredBatch);
  expect([journal.pending(), journal.oldest()]).toEqual([0, undefined]);
  allowWrites();
  journal.add(record("later"), spend);
  journal.flush();
  expect(idsOf(journal.oldest())).toEqual(["later"]);
  expect(journal.close()).toBe(0);
  const next = open();
  expect(idsOf(next.oldest())).toEqual(["later"]);
  next.close();
});

test("a batch that is written while it is on its way keeps its id, and its acknowledgement removes it from the disk", () => {
  const { open, refuseWrites } = aJournal();
  const journal = open();
  const allowWrites = refuseWrites();
  journal.add(record("a"), spend);
  journal.flush();
  const sent = journal.oldest() as StoredBatch;
  allowWrites();
  journal.flush();
  expect(journal.oldest()).toMatchObject({ batchId: sent.batchId, id: expect.any(Number) });
  journal.remove(sent);
  expect([journal.pending(), journal.oldest()]).toEqual([0, undefined]);
  journal.close();
});

test("a record of a batch in memory that the hub rejects is set aside alone", () => {
  const { open, refuseWrites } = aJournal();
  const journal = open();
  const allowWrites = refuseWrites();
  for (const id of ["a", "bad", "b"]) journal.add(record(id), spend);
  journal.flush();
  const rest = journal.setAside(journal.oldest() as StoredBatch, { reason: "odd", records: [1] });
  expect(idsOf(rest)).toEqual(["a", "b"]);
  expect([idsOf(journal.oldest()), journal.pending(), journal.rejectedTotal()]).toEqual([["a", "b"], 2, 1]);
  allowWrites();
  expect(journal.close()).toBe(0);
});

test("how many records were dropped is known after the next start, whether or not a batch followed", () => {
  const { open } = aJournal({ maxRecords: 1 });
  const journal = open();
  for (const id of ["a", "b", "c"]) {
    journal.add(record(id), spend);
    journal.flush();
  }
  expect(journal.close()).toBe(0);
  const next = open();
  expect([next.droppedUntold(), idsOf(next.oldest())]).toEqual([2, ["c"]]);
  next.droppedTold(2);
  next.close();
  const last = open();
  expect(last.droppedUntold()).toBe(0);
  last.close();
});

test("closing says how many records are lost when the disk takes them no more", () => {
  const { open, refuseWrites, lines } = aJournal();
  const journal = open();
  refuseWrites();
  for (const id of ["a", "b"]) journal.add(record(id), spend);
  expect(journal.close()).toBe(2);
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ level: "error", records: 2, message: expect.stringContaining("lost") }),
  );
});
