import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createLogger } from "@portico/core/logger";
import { TelemetryBatch, UsageRecord } from "@portico/protocol/edge";
import { expect, test } from "vitest";
import { openJournal } from "./journal.ts";

test("while the disk takes nothing, memory holds the youngest records, bounded, and later all of them are stored and told", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "journal-"));
  const logger = createLogger({ write: () => undefined });
  const journal = openJournal({ dataDir, maxRecords: 500_000, flushMs: 3_600_000, logger, onStored: () => undefined });
  const other = new DatabaseSync(join(dataDir, "journal.db"));
  try {
    other.exec("BEGIN EXCLUSIVE");
    const total = 57_001;
    for (let n = 0; n < total; n++) {
      const spend = { appId: 1 + (n % 2), llmId: 1, startedAtMs: 1_700_000_000_000, costMicroUsd: 1 };
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
      spent += batch.spends.reduce((sum, spend) => sum + spend.costMicroUsd, 0);
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
