import { renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";

/** Opens the journal's file; a damaged one is set aside, so that the gateway goes on with a new one. */
export function openJournalFile(file: string, logger: Logger): DatabaseSync {
  const openIt = (): DatabaseSync => {
    const db = new DatabaseSync(file);
    try {
      db.exec(schema);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  };
  try {
    return openIt();
  } catch (error) {
    if (!isDamaged(error)) throw new Error(`${file}: ${messageOf(error)}`);
    const aside = `${file}.damaged-${Date.now()}`;
    renameSync(file, aside);
    for (const suffix of ["-wal", "-shm"]) rmSync(file + suffix, { force: true });
    logger.error("the usage journal is damaged: set aside, a new one created", { file, aside, error: messageOf(error) });
    return openIt();
  }
}

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT, batch_id TEXT NOT NULL, records INTEGER NOT NULL, body BLOB NOT NULL, spends TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS budget (
    kind TEXT NOT NULL, id INTEGER NOT NULL, period_start_ms INTEGER NOT NULL, spent_micro_usd INTEGER NOT NULL, PRIMARY KEY (kind, id)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS rejected (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, reason TEXT NOT NULL, records INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT;
`;

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const isDamaged = (error: unknown): boolean =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" && [11, 26].includes(error.errcode & 0xff);
