import { messageOf } from "@portico/core";
import type pg from "pg";
import { storageFaultOf } from "./failures.ts";

/** Whether the database has room to write. */
export type Storage = {
  /** Remembers an error that says that it has not. */
  note(error: unknown): void;
  /** What is wrong, looked at again while something was; undefined when nothing is. */
  fault(): Promise<string | undefined>;
};

/** Needs blocks of its own, as any row may, and leaves nothing behind. */
const probe = `BEGIN; CREATE TEMP TABLE portico_storage_probe ON COMMIT DROP AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 64); COMMIT`;

export function createStorage(pool: pg.Pool): Storage {
  let fault: string | undefined;
  return {
    note(error) {
      fault = storageFaultOf(error) ?? fault;
    },
    async fault() {
      if (!fault) return undefined;
      const client = await pool.connect();
      try {
        await client.query(probe);
        fault = undefined;
      } catch (error) {
        fault = storageFaultOf(error) ?? messageOf(error);
      } finally {
        await client.query("ROLLBACK").then(
          () => client.release(),
          (broken: Error) => client.release(broken),
        );
      }
      return fault;
    },
  };
}
