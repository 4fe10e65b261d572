import { createLogger } from "@portico/core/logger";
import { openDatabase } from "../../db/client.ts";
import { startJobs } from "../runner.ts";

// A worker process for tests: takes one job, says so and never ends it.
const pool = openDatabase(process.env.DATABASE_URL ?? "").sql;
const timings = { beatMs: 50, leaseMs: 500 };
const jobs = {
  async probe() {
    process.stdout.write("running\n");
    await new Promise(() => {});
  },
};
await startJobs({ pool, jobs, logger: createLogger({ level: "error" }), leaseTimings: timings });
