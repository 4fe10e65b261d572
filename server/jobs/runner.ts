import type { Logger } from "@portico/core/logger";
import { type Runner, run, runMigrations, type TaskList, Logger as WorkerLogger } from "graphile-worker";
import type pg from "pg";

/** Tasks by name: `(payload) => Promise<void>`. A throw is retried with growing pauses; the last failure stays in the table for people to see. */
export type Jobs = TaskList;

/** The queue and cron on Postgres (graphile-worker). Any number of replicas share it; each job runs on one of them. */
export async function startJobs({
  pool,
  jobs,
  crontab = "",
  logger,
  concurrency = 4,
}: {
  pool: pg.Pool;
  jobs: Jobs;
  crontab?: string;
  logger: Logger;
  concurrency?: number;
}): Promise<Runner> {
  return run({ pgPool: pool, taskList: jobs, crontab, concurrency, noHandleSignals: true, pollInterval: 2_000, logger: adapt(logger) });
}

/** Brings the queue's own tables up to date; safe to run on several replicas at once. */
export const prepareQueue = (pool: pg.Pool, logger: Logger): Promise<void> => runMigrations({ pgPool: pool, logger: adapt(logger) });

const adapt = (logger: Logger) =>
  new WorkerLogger(() => (level, message) => {
    if (level === "error") logger.error(message);
    else if (level === "warning") logger.warn(message);
    else logger.debug(message);
  });
