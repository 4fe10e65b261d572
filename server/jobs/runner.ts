import { EventEmitter } from "node:events";
import { backoffMs, messageOf, sleep } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { type Runner, run, runMigrations, type TaskList, type WorkerEvents, Logger as WorkerLogger } from "graphile-worker";
import type pg from "pg";
import { createLeases, type LeaseTimings } from "./leases.ts";
import { createLeaseStore } from "./store.ts";

/** Tasks by name: `(payload) => Promise<void>`. A throw is retried with growing pauses; the last failure stays in the table for people to see. */
export type Jobs = TaskList;

export type JobQueue = {
  /** Takes no more jobs and waits for those that run. */
  stop(): Promise<void>;
};

const backoff = { baseMs: 500, capMs: 10_000 };

/**
 * The queue and cron on Postgres (graphile-worker). Any number of replicas share it; each job runs on one of them, and on another within
 * a minute if that one ends. Should the library stop by itself, it is started again.
 */
export async function startJobs({
  pool,
  jobs,
  crontab = "",
  logger,
  concurrency = 4,
  leaseTimings,
}: {
  pool: pg.Pool;
  jobs: Jobs;
  crontab?: string;
  logger: Logger;
  concurrency?: number;
  leaseTimings?: LeaseTimings;
}): Promise<JobQueue> {
  const leases = createLeases({ store: createLeaseStore(pool), logger, timings: leaseTimings });
  const events: WorkerEvents = new EventEmitter();
  events.on("pool:create", ({ workerPool }) => leases.join(workerPool.id));
  events.on("job:start", ({ job }) => leases.started(job.id));
  events.on("job:complete", ({ job }) => leases.ended(job.id));
  const pgPool = withPlainConnectErrors(pool);
  const start = () =>
    run({
      pgPool,
      taskList: jobs,
      crontab,
      concurrency,
      noHandleSignals: true,
      pollInterval: Math.min(2_000, leaseTimings?.beatMs ?? 2_000),
      logger: adapt(logger),
      events,
    });

  const stopping = new AbortController();
  let runner: Runner = await start();
  const keeping = (async () => {
    for (let attempt = 0; ; attempt++) {
      const reason = await runner.promise.then(() => "it ended", messageOf);
      if (stopping.signal.aborted) return;
      logger.error("job queue stopped unexpectedly; restarting it", { reason });
      await sleep(backoffMs(attempt, backoff), stopping.signal);
      if (stopping.signal.aborted) return;
      await start().then(
        (next) => {
          runner = next;
        },
        (error: unknown) => logger.error("job queue could not be started", { error: messageOf(error) }),
      );
    }
  })();

  return {
    async stop() {
      stopping.abort();
      // One that stopped by itself is stopped already.
      await runner.stop().catch(() => {});
      await keeping;
      await leases.close();
    },
  };
}

/** Brings the queue's own tables up to date; safe to run on several replicas at once. */
export const prepareQueue = (pool: pg.Pool, logger: Logger): Promise<void> => runMigrations({ pgPool: pool, logger: adapt(logger) });

const adapt = (logger: Logger) =>
  new WorkerLogger(() => (level, message) => {
    if (level === "error") logger.error(message);
    else if (level === "warning") logger.warn(message);
    else logger.debug(message);
  });

/**
 * graphile-worker waits up to three minutes before it tries again after these errors, which outlasts most restarts of a database. Without
 * their code it asks again with its next poll, or stops and is started again.
 */
const slowlyRetried: ReadonlySet<unknown> = new Set(["57P03", "EHOSTUNREACH", "ETIMEDOUT"]);

function withPlainConnectErrors(pool: pg.Pool): pg.Pool {
  const plain = <E extends Error>(error: E): Error =>
    "code" in error && slowlyRetried.has(error.code) ? new Error(error.message, { cause: error }) : error;
  type Connected = Parameters<pg.Pool["connect"]>[0];
  const connect = (callback?: Connected) =>
    callback
      ? pool.connect((error, client, release) => callback(error && plain(error), client, release))
      : pool.connect().catch((error: Error) => Promise.reject(plain(error)));
  return new Proxy(pool, { get: (target, name) => (name === "connect" ? connect : Reflect.get(target, name)) });
}
