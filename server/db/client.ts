import type { AppError } from "@portico/core";
import { PrismaPg } from "@prisma/adapter-pg";
import type pg from "pg";
import { rejectionOf } from "./failures.ts";
import { type Prisma, PrismaClient } from "./generated/client.ts";
import { connectMsOf, createPool, defaultPoolSettings, type PoolSettings } from "./pool.ts";
import { retried, type SqlTransactionOptions, sqlTransaction } from "./sql-transaction.ts";
import { createStorage } from "./storage.ts";

const transactionMs = 15_000;

export type Tx = Prisma.TransactionClient;

/**
 * The database as stores see it. Prisma for most things; `sql` (the same pool) where a statement's shape matters for
 * speed or where Prisma has no word for it.
 */
export type Db = {
  prisma: PrismaClient;
  sql: pg.Pool;
  /**
   * Runs the steps in one transaction; a throw rolls back. Nothing slow (plugins, network) belongs inside. After a deadlock the steps
   * run again, so they change nothing outside the database.
   * @throws AppError for what the caller or the moment is to blame for (see failures.ts).
   */
  transaction<T>(run: (tx: Tx) => Promise<T>): Promise<T>;
  /** The same for statements of `sql`. The error is the driver's; only with `retry` do the steps run again after a deadlock. */
  sqlTransaction<T>(run: (client: pg.PoolClient) => Promise<T>, options?: SqlTransactionOptions): Promise<T>;
  /**
   * Called after each committed transaction with the kinds of object it changed (see journal.ts). The transaction's caller waits for what
   * the listener returns, which therefore has a short deadline of its own. A failure is logged.
   */
  onCommit(listener: (kinds: ReadonlySet<string>) => void | Promise<void>): void;
  /** What a thrown error means to the caller (see failures.ts); notes when it says that nothing can be written. */
  rejectionOf(error: unknown): AppError | undefined;
  /** Why nothing can be written at the moment; undefined as far as is known. */
  storageFault(): Promise<string | undefined>;
  close(): Promise<void>;
};

export function openDatabase(
  databaseUrl: string,
  { pool = defaultPoolSettings, onError = () => {} }: { pool?: PoolSettings; onError?: (error: Error) => void } = {},
): Db {
  const sql = createPool(databaseUrl, pool, onError);
  const transactionOptions = { maxWait: connectMsOf(pool), timeout: transactionMs };
  const prisma = new PrismaClient({ adapter: new PrismaPg(sql), transactionOptions });
  const storage = createStorage(sql);
  const understood = (error: unknown) => {
    storage.note(error);
    return rejectionOf(error);
  };
  const listeners: ((kinds: ReadonlySet<string>) => void | Promise<void>)[] = [];
  return {
    prisma,
    sql,
    async transaction(run) {
      const { result, kinds } = await retried(() => {
        const kinds = new Set<string>();
        return prisma.$transaction(async (tx) => {
          changedBy.set(tx, kinds);
          return { result: await run(tx), kinds };
        });
      }).catch((error: unknown) => {
        throw understood(error) ?? error;
      });
      // The write is committed: whatever a listener makes of it, the caller is told so.
      if (kinds.size > 0)
        await Promise.all(
          listeners.map(async (listener) => {
            try {
              await listener(kinds);
            } catch (error) {
              onError(error instanceof Error ? error : new Error(String(error)));
            }
          }),
        );
      return result;
    },
    sqlTransaction: (run, options) => sqlTransaction(sql, run, options),
    rejectionOf: understood,
    storageFault: storage.fault,
    onCommit: (listener) => void listeners.push(listener),
    async close() {
      await prisma.$disconnect();
      await sql.end().catch(() => {});
    },
  };
}

const changedBy = new WeakMap<object, Set<string>>();

/** Notes that the transaction changes objects of this kind. */
export const noteChange = (tx: Tx, kind: string): void => void changedBy.get(tx)?.add(kind);

/** Rethrows a broken unique rule as a domain error, once, where the store knows what it means. */
export const onUnique =
  (rejection: () => Error) =>
  (error: unknown): never => {
    throw isKnown(error, "P2002") ? rejection() : error;
  };

/** True for Prisma's "record to update or delete does not exist". */
export const isMissing = (error: unknown): boolean => isKnown(error, "P2025");

function isKnown(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}
