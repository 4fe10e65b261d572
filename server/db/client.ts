import { backoffMs, sleep } from "@portico/core";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { isTransient, rejectionOf } from "./failures.ts";
import { type Prisma, PrismaClient } from "./generated/client.ts";

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
  /** Called after each committed transaction with the kinds of object it changed (see journal.ts). A throw is logged. */
  onCommit(listener: (kinds: ReadonlySet<string>) => void): void;
  close(): Promise<void>;
};

// Counts and sums stay below 2^53 here; ids are 32-bit.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export function openDatabase(
  databaseUrl: string,
  { poolSize = 10, onError }: { poolSize?: number; onError?: (error: Error) => void } = {},
): Db {
  const sql = new pg.Pool({
    connectionString: databaseUrl,
    max: poolSize,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    application_name: "portico-studio",
  });
  // An idle connection that breaks (database restart) must not end the process; the pool opens another.
  sql.on("error", (error) => onError?.(error));
  sql.on("connect", (client) => client.on("error", (error) => onError?.(error)));
  const prisma = new PrismaClient({ adapter: new PrismaPg(sql), transactionOptions: { maxWait: 5_000, timeout: 15_000 } });
  const listeners: ((kinds: ReadonlySet<string>) => void)[] = [];
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
      });
      // The write is committed: whatever a listener makes of it, the caller is told so.
      if (kinds.size > 0)
        for (const listener of listeners) {
          try {
            listener(kinds);
          } catch (error) {
            onError?.(error instanceof Error ? error : new Error(String(error)));
          }
        }
      return result;
    },
    onCommit: (listener) => void listeners.push(listener),
    async close() {
      await prisma.$disconnect();
      await sql.end().catch(() => {});
    },
  };
}

const attempts = 4;

/** Two that waited for each other do so again when they start at the same moment. */
async function retried<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction();
    } catch (error) {
      if (!isTransient(error) || attempt === attempts) throw rejectionOf(error) ?? error;
      await sleep(backoffMs(attempt, { baseMs: 10, capMs: 200 }));
    }
  }
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
