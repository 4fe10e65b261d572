import pg from "pg";

export type PoolSettings = {
  /** Most connections of this process. */
  size: number;
  /** How long a statement may take, a lock it waits for and a server that is frozen included. */
  statementMs: number;
};
export const defaultPoolSettings: PoolSettings = { size: 10, statementMs: 10_000 };

const mostConnectMs = 5_000;
/** The server gets a moment longer to say itself that a statement took too long. */
const graceMs = 250;
/** A transaction whose client is stopped must not keep its locks. */
const idleTransactionMs = 30_000;

// Counts and sums stay below 2^53 here; ids are 32-bit.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** How long a caller waits for a connection. */
export const connectMsOf = ({ statementMs }: PoolSettings): number => Math.min(mostConnectMs, statementMs);

/** Connections on which nothing takes longer than the settings say, whatever the server does or no longer does. */
export function createPool(databaseUrl: string, settings: PoolSettings, onError: (error: Error) => void): pg.Pool {
  const { size, statementMs } = settings;
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: size,
    connectionTimeoutMillis: connectMsOf(settings),
    idleTimeoutMillis: 60_000,
    query_timeout: statementMs + graceMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: "portico-studio",
    onConnect: (client) =>
      client.query(`SET statement_timeout = ${statementMs}; SET idle_in_transaction_session_timeout = ${idleTransactionMs}`),
  });
  // An idle connection that breaks (database restart) must not end the process; the pool opens another.
  pool.on("error", onError);
  pool.on("connect", (client) => {
    client.on("error", onError);
    closeWhenLate(client);
  });
  return pool;
}

/** A connection whose answer did not come in time still waits for it: whoever got it next would wait too. */
function closeWhenLate(client: pg.PoolClient): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  const watched = (...args: unknown[]): unknown => {
    const result = query(...args);
    if (result instanceof Promise)
      result.catch((error: unknown) => {
        if (isLate(error)) void client.end().catch(() => {});
      });
    return result;
  };
  client.query = watched as typeof client.query;
}

/** The deadline of this process has passed, not the server's. */
export const isLate = (error: unknown): boolean => error instanceof Error && error.message === "Query read timeout";
