import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createLogger } from "@portico/core/logger";
import { createTestDatabase } from "@portico/testkit";
import type pg from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openDatabase } from "../db/client.ts";
import { type JobQueue, type Jobs, prepareQueue, startJobs } from "./runner.ts";

const logger = createLogger({ write: () => undefined });
const leaseTimings = { beatMs: 50, leaseMs: 500 };
const undo: (() => Promise<unknown> | unknown)[] = [];
let pool: pg.Pool;
let databaseUrl: string;

beforeEach(async () => {
  const database = await createTestDatabase();
  databaseUrl = database.url;
  const db = openDatabase(databaseUrl);
  pool = db.sql;
  undo.push(database.drop, db.close);
  await prepareQueue(pool, logger);
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function queue(jobs: Jobs): Promise<JobQueue> {
  const started = await startJobs({ pool, jobs, logger, leaseTimings });
  undo.push(started.stop);
  return started;
}
const addJob = (name: string) => pool.query("SELECT graphile_worker.add_job($1)", [name]);
const jobs = async () => (await pool.query("SELECT locked_by, attempts, last_error FROM graphile_worker.jobs")).rows;
const eventually = (look: () => unknown) => vi.waitFor(look, { timeout: 10_000, interval: 20 });

async function aWorkerWithAJob(): Promise<ChildProcess> {
  const file = fileURLToPath(new URL("test/worker-process.ts", import.meta.url));
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ["ignore", "pipe", "inherit"],
  });
  undo.push(async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL")) await once(child, "exit");
  });
  await addJob("probe");
  await once(child.stdout as NonNullable<typeof child.stdout>, "data");
  return child;
}

test("a job of a process that was killed while it ran it runs again elsewhere once the lease is over, and not while the process lives", async () => {
  const child = await aWorkerWithAJob();
  const probe = vi.fn(async () => {});
  await queue({ probe });
  // A long job of a process that lives is left alone, however many leases it takes.
  const leasesAgo = "SELECT FROM graphile_worker.jobs WHERE locked_at < now() - 3 * $1 * interval '1 millisecond'";
  await eventually(async () => expect((await pool.query(leasesAgo, [leaseTimings.leaseMs])).rowCount).toBe(1));
  expect(probe).not.toHaveBeenCalled();
  child.kill("SIGKILL");
  await eventually(() => expect(probe).toHaveBeenCalledOnce());
  await eventually(async () => expect(await jobs()).toEqual([]));
});

test("a job that this process holds without running it, as after a lost connection, runs again", async () => {
  const release = Promise.withResolvers<void>();
  const lost = vi.fn(async () => {});
  const long = vi.fn(() => release.promise);
  await queue({ lost, long });
  await addJob("long");
  await eventually(() => expect(long).toHaveBeenCalledOnce());
  // As if the answer with the job had been lost on its way here.
  await pool.query("SELECT graphile_worker.add_job('lost', run_at => now() + interval '1 hour')");
  await pool.query(
    `UPDATE graphile_worker._private_jobs SET run_at = now(), attempts = 1, locked_at = now(),
       locked_by = (SELECT locked_by FROM graphile_worker.jobs WHERE task_identifier = 'long') WHERE locked_by IS NULL`,
  );
  await eventually(() => expect(lost).toHaveBeenCalledOnce());
  await eventually(async () => expect(await jobs()).toHaveLength(1));
  expect(long).toHaveBeenCalledOnce();
  release.resolve();
  await eventually(async () => expect(await jobs()).toEqual([]));
});

test("after the database has cut off every connection, jobs that were running end and later ones run", async () => {
  const release = Promise.withResolvers<void>();
  const long = vi.fn(() => release.promise);
  const later = vi.fn(async () => {});
  await queue({ long, later });
  await addJob("long");
  await eventually(() => expect(long).toHaveBeenCalledOnce());
  // Asked again for those that had just connected.
  const others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
  for (let round = 0; round < 3; round++) await pool.query(others);
  await eventually(() => addJob("later"));
  await eventually(() => expect(later).toHaveBeenCalled());
  release.resolve();
  await eventually(async () => expect(await jobs()).toEqual([]));
});

test("jobs run soon after the database accepts connections again, however often it refused them while it was starting", async () => {
  let isStarting = false;
  let refused = 0;
  const starting = Object.assign(new Error("the database system is starting up"), { code: "57P03" });
  // Both forms of pg's connect.
  const connect = (callback?: (error: Error) => void) => {
    if (!isStarting) return callback ? pool.connect(callback as never) : pool.connect();
    refused += 1;
    return callback ? callback(starting) : Promise.reject(starting);
  };
  const restarting = new Proxy(pool, { get: (target, name) => (name === "connect" ? connect : Reflect.get(target, name)) });
  const probe = vi.fn(async () => {});
  const started = await startJobs({ pool: restarting, jobs: { probe }, logger, leaseTimings });
  undo.push(started.stop);
  isStarting = true;
  // graphile-worker alone would pause for 1.5 s or more after the first of these, and longer after each.
  await eventually(() => expect(refused).toBeGreaterThan(5));
  await addJob("probe");
  isStarting = false;
  const recoveredMs = performance.now();
  await eventually(() => expect(probe).toHaveBeenCalledOnce());
  expect(performance.now() - recoveredMs).toBeLessThan(10_000);
});

test("a pool that stops leaves nothing behind", async () => {
  const done = vi.fn(async () => {});
  const started = await queue({ done });
  await addJob("done");
  await eventually(() => expect(done).toHaveBeenCalledOnce());
  await started.stop();
  undo.splice(undo.indexOf(started.stop), 1);
  expect((await pool.query("SELECT FROM job_workers")).rowCount).toBe(0);
});
