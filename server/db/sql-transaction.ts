import { backoffMs, sleep } from "@portico/core";
import type pg from "pg";
import { isTransient } from "./failures.ts";

const attempts = 4;
const pause = { baseMs: 10, capMs: 200 };

export type SqlTransactionOptions = {
  /** After a deadlock or serialization failure the steps run again, so they change nothing outside the database. */
  retry?: boolean;
  isolation?: "REPEATABLE READ";
};

/** Runs the steps in one transaction on a connection of the pool. A throw rolls back; the error is the driver's. */
export async function sqlTransaction<T>(
  pool: pg.Pool,
  run: (client: pg.PoolClient) => Promise<T>,
  options: SqlTransactionOptions = {},
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    return await transactionOn(client, run, { ...options, onBroken: (error) => (broken = error) });
  } finally {
    // A connection that cannot roll back is of no use to the next.
    client.release(broken);
  }
}

/** The same on a connection that the caller holds. */
export async function transactionOn<T>(
  client: pg.PoolClient,
  run: (client: pg.PoolClient) => Promise<T>,
  { retry = false, isolation, onBroken = () => {} }: SqlTransactionOptions & { onBroken?: (error: Error) => void } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(isolation ? `BEGIN ISOLATION LEVEL ${isolation}` : "BEGIN");
      const result = await run(client);
      await client.query("COMMIT");
      return result;
    } catch (error) {
      const isBroken = await client.query("ROLLBACK").then(
        () => false,
        (cause: Error) => {
          onBroken(cause);
          return true;
        },
      );
      if (isBroken || !retry || !isTransient(error) || attempt === attempts) throw error;
      await sleep(backoffMs(attempt, pause));
    }
  }
}

/** Prisma's transactions after a deadlock: two that waited for each other do so again when they start at the same moment. */
export async function retried<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction();
    } catch (error) {
      if (!isTransient(error) || attempt === attempts) throw error;
      await sleep(backoffMs(attempt, pause));
    }
  }
}
