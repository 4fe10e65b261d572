import type { Logger } from "@portico/core/logger";
import type pg from "pg";
import type { Feature } from "../feature.ts";
import { type JobQueue, type Jobs, startJobs } from "./runner.ts";

/** The queue that runs the jobs of all features; `work` is asked for them when it starts. */
export function createJobQueue({
  pool,
  work,
  logger,
}: {
  pool: pg.Pool;
  work: () => { jobs: Jobs; crontab: string };
  logger: Logger;
}): Feature {
  let queue: JobQueue | undefined;
  return {
    async start() {
      queue = await startJobs({ pool, logger, ...work() });
    },
    close: async () => queue?.stop(),
  };
}
