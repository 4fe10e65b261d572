import { renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";

/**
 * Opens a file of the gateway's folder; a damaged one is set aside, so that the gateway goes on with a new one.
 * @throws Error naming the file when it cannot be opened for another reason.
 */
export function openLocalFile({
  file,
  schema,
  holds,
  logger,
}: {
  file: string;
  schema: string;
  /** What the file holds, for the log. */
  holds: string;
  logger: Logger;
}): DatabaseSync {
  const openIt = (): DatabaseSync => {
    const db = new DatabaseSync(file);
    try {
      db.exec(schema);
      checkPages(db);
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
    logger.error(`the ${holds} is damaged: set aside, a new one created`, { file, aside, error: messageOf(error) });
    return openIt();
  }
}

/** A damaged page would otherwise show when it is read, in the middle of the work. */
function checkPages(db: DatabaseSync): void {
  const found = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {})[0];
  if (found !== "ok") throw Object.assign(new Error(String(found)), { errcode: corrupt });
}

const [corrupt, notADatabase] = [11, 26];

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const isDamaged = (error: unknown): boolean =>
  error instanceof Error &&
  "errcode" in error &&
  typeof error.errcode === "number" &&
  [corrupt, notADatabase].includes(error.errcode & 0xff);
