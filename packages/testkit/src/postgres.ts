import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { migrateDeploy, migrationsDir } from "@portico/migrations";
import pg from "pg";
import { type Children, createChildren } from "../../../scripts/lib/children.mjs";
import { takeLock } from "../../../scripts/lib/lock.mjs";
import { buildDir } from "../../../scripts/lib/paths.mjs";
import { ensureCluster, ensureDatabase, startCluster } from "../../../scripts/lib/postgres.mjs";
import { postgresPackage, postgresPlace } from "../../../scripts/lib/postgres-place.mjs";

/** Set by `startTestPostgres` and inherited by test workers: the server that every test of a run shares. */
const serverVariable = "PORTICO_TEST_POSTGRES";
const templateDatabase = "portico_template";
const keptCaches = 3;

export type TestPostgres = {
  /** Of the postmaster. */
  pid: number;
  url(database: string): string;
  stop(): Promise<void>;
};

/**
 * Starts a Postgres of our own in a temporary folder, holding a database migrated to the newest migration, for `createTestDatabase`
 * to copy. The migrated cluster is kept in `.build` and only copied when the migrations are unchanged, so a start takes a third of a second.
 */
export async function startTestPostgres(): Promise<TestPostgres> {
  const children = createChildren();
  const template = await ensureTemplateCluster(children);
  const dir = await mkdtemp(join(tmpdir(), "portico-test-"));
  // Postgres may run under another account than ours, which has to pass through here.
  await chmod(dir, 0o711);
  try {
    await promisify(execFile)("cp", ["-a", template.clusterDir, join(dir, "postgres")]);
    const server = await startCluster({ children, place: { ...template, clusterDir: join(dir, "postgres") }, throwAway: true });
    process.env[serverVariable] = server.url("postgres");
    return {
      pid: server.child.pid,
      url: server.url,
      async stop() {
        delete process.env[serverVariable];
        await children.stopAll();
        await rm(dir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await children.stopAll();
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

async function ensureTemplateCluster(children: Children) {
  const key = createHash("sha256").update(postgresPackage().version);
  for (const name of (await readdir(migrationsDir)).sort()) {
    const file = join(migrationsDir, name, "migration.sql");
    if (existsSync(file)) key.update(`${name}\0${await readFile(file, "utf8")}\0`);
  }
  const caches = join(buildDir, "test-postgres");
  const dir = join(caches, key.digest("hex").slice(0, 16));
  await mkdir(dir, { recursive: true });
  const place = postgresPlace(dir);
  const complete = join(dir, "complete");
  if (existsSync(complete) && existsSync(place.clusterDir)) return place;

  const lock = await waitForLock(join(caches, "lock"));
  try {
    if (existsSync(complete) && existsSync(place.clusterDir)) return place;
    await rm(place.clusterDir, { recursive: true, force: true });
    await ensureCluster({ children, place, sync: false });
    const server = await startCluster({ children, place, throwAway: true });
    await ensureDatabase(server, templateDatabase);
    await migrateDeploy(server.url(templateDatabase));
    await server.child.stop();
    await writeFile(complete, "");
    await dropOldCaches(caches, dir);
    return place;
  } finally {
    lock.release();
  }
}

async function waitForLock(file: string): Promise<{ release(): void }> {
  for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 100) {
    const lock = takeLock(file);
    if (lock.release) return lock;
    await sleep(100);
  }
  throw new Error(`Another test run has been preparing its database for a minute: see ${file}.`);
}

async function dropOldCaches(caches: string, current: string): Promise<void> {
  const dirs = (await readdir(caches, { withFileTypes: true })).filter((e) => e.isDirectory()).map((e) => join(caches, e.name));
  const aged = await Promise.all(dirs.filter((dir) => dir !== current).map(async (dir) => ({ dir, at: (await stat(dir)).mtimeMs })));
  for (const { dir } of aged.sort((a, b) => b.at - a.at).slice(keptCaches - 1)) await rm(dir, { recursive: true, force: true });
}

export type TestDatabase = { url: string; name: string; drop(): Promise<void>; [Symbol.asyncDispose](): Promise<void> };

/**
 * A database of the test's own on the run's shared server: migrated and without rows, or wholly empty on request.
 * Rejects when no server was started (vitest starts one through `@portico/testkit/global-setup`).
 */
export async function createTestDatabase({ empty = false }: { empty?: boolean } = {}): Promise<TestDatabase> {
  const serverUrl = process.env[serverVariable];
  if (!serverUrl)
    throw new Error("No test Postgres runs: call startTestPostgres() first, or use the vitest configuration of the repository.");
  const name = `test_${randomBytes(6).toString("hex")}`;
  await query(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${empty ? "template0" : templateDatabase}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const drop = () => query(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  return { url: url.toString(), name, drop, [Symbol.asyncDispose]: drop };
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url);
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
