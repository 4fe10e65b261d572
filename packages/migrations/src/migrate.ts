import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { messageOf } from "@portico/core";
import pg from "pg";

/** Where the repository keeps its migrations. */
export const migrationsDir = fileURLToPath(new URL("../../../prisma/migrations", import.meta.url));

/** Prisma's own advisory lock, so that this runner and `prisma migrate` exclude each other. */
const advisoryLock = 72707369;

export type MigrationFault = "none_found" | "unreachable" | "locked" | "edited" | "failed_earlier" | "newer_database" | "broken";

/** Why the database could not be brought up to date. The message ends with what to do about it. */
export class MigrationError extends Error {
  readonly fault: MigrationFault;
  /** Folder name of the migration concerned, "" when it is about none. */
  readonly migration: string;

  constructor(fault: MigrationFault, message: string, { migration = "", cause }: { migration?: string; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = "MigrationError";
    this.fault = fault;
    this.migration = migration;
  }
}

export type MigrateOptions = {
  /** Called after each migration that was applied. */
  onApply?(name: string, tookMs: number): void;
  /** How long another process may hold the migration lock before this one gives up. */
  lockTimeoutMs?: number;
  /** How long one statement may wait for a table that somebody else uses. */
  tableLockTimeoutMs?: number;
};

type Migration = { name: string; sql: string; checksum: string };

/**
 * Applies the migrations of `dir` that this database lacks, in name order, each in a transaction of its own, and resolves to
 * the names it applied. Keeps Prisma's `_prisma_migrations` table and checksums. Two callers at once: one waits, none doubles.
 * Rejects with MigrationError; a migration that fails leaves no trace of itself.
 */
export async function migrateDeploy(url: string, dir: string = migrationsDir, options: MigrateOptions = {}): Promise<string[]> {
  const { onApply, lockTimeoutMs = 60_000, tableLockTimeoutMs = 30_000 } = options;
  const migrations = await readMigrations(dir);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: "portico-migrate" });
  // A connection lost between two queries is reported by the next query; without a listener it would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (cause) {
    throw new MigrationError(
      "unreachable",
      `The database is not responding (${messageOf(cause)}): check DATABASE_URL and that the database is running.`,
      {
        cause,
      },
    );
  }
  try {
    await takeLock(client, lockTimeoutMs);
    await client.query(`CREATE TABLE IF NOT EXISTS _prisma_migrations (
      id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ, migration_name VARCHAR(255) NOT NULL,
      logs TEXT, rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`);
    const pending = await pendingMigrations(client, migrations);
    for (const migration of pending) {
      const startedAt = performance.now();
      await apply(client, migration, tableLockTimeoutMs);
      onApply?.(migration.name, performance.now() - startedAt);
    }
    return pending.map((m) => m.name);
  } finally {
    // Ending the session releases the advisory lock, whatever happened.
    await client.end().catch(() => {});
  }
}

/**
 * Makes a function that resolves to what the database lacks of the migrations `dir` holds now, undefined when nothing: a backup may be
 * put back under a running process. More than these is no fault: while versions are exchanged the newer one's are there first.
 */
export async function createMigrationCheck(pool: pg.Pool, dir: string = migrationsDir): Promise<() => Promise<string | undefined>> {
  const names = (await readMigrations(dir)).map(({ name }) => name);
  return async () => {
    const { rows } = await pool.query<{ name: string }>(
      `SELECT name FROM unnest($1::text[]) AS name WHERE NOT EXISTS (SELECT FROM _prisma_migrations
         WHERE migration_name = name AND finished_at IS NOT NULL AND rolled_back_at IS NULL) ORDER BY name`,
      [names],
    );
    return rows.length > 0 ? `${rows.map(({ name }) => name).join(", ")} not applied: restart studio to apply it` : undefined;
  };
}

async function readMigrations(dir: string): Promise<Migration[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((cause) => {
    throw new MigrationError("none_found", `No migrations at ${dir}: restore that folder from the repository.`, { cause });
  });
  const names = entries
    .filter((e) => e.isDirectory())
    .map((e) => e.name)
    .sort();
  const migrations = await Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(dir, name, "migration.sql"), "utf8").catch((cause) => {
        throw new MigrationError("none_found", `Migration ${name} has no migration.sql: restore it from the repository.`, {
          migration: name,
          cause,
        });
      });
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
  if (migrations.length === 0) throw new MigrationError("none_found", `No migrations in ${dir}: restore that folder from the repository.`);
  return migrations;
}

async function takeLock(client: pg.Client, lockTimeoutMs: number): Promise<void> {
  const deadline = performance.now() + lockTimeoutMs;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>("SELECT pg_try_advisory_lock($1) AS locked", [advisoryLock]);
    if (rows[0]?.locked) return;
    if (performance.now() >= deadline) break;
    await sleep(Math.min(200, Math.max(10, lockTimeoutMs / 10)));
  }
  const { rows } = await client.query<{ pid: number }>(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = $1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    [advisoryLock],
  );
  const holder = rows[0] ? `database session ${rows[0].pid}` : "another process";
  throw new MigrationError(
    "locked",
    `The migration lock is still held by ${holder} after ${Math.round(lockTimeoutMs / 1000)} s: wait for it${rows[0] ? `, or end it with SELECT pg_terminate_backend(${rows[0].pid})` : ""}, then restart.`,
  );
}

async function pendingMigrations(client: pg.Client, migrations: Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
    "SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at",
  );
  const known = new Map(migrations.map((m) => [m.name, m]));
  for (const row of rows) {
    const migration = known.get(row.migration_name);
    if (!row.finished_at)
      throw new MigrationError(
        "failed_earlier",
        `Migration ${row.migration_name} failed earlier and may be partly applied: restore a backup, or undo its changes and run UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '${row.migration_name}'.`,
        { migration: row.migration_name },
      );
    if (!migration)
      throw new MigrationError(
        "newer_database",
        `This database has migration ${row.migration_name}, which this version does not know: run the version that applied it, or use another database.`,
        { migration: row.migration_name },
      );
    if (migration.checksum !== row.checksum)
      throw new MigrationError(
        "edited",
        `Migration ${row.migration_name} was edited after it was applied: restore its migration.sql from the repository and write the change as a new migration (node scripts/migration.mjs <name>).`,
        { migration: row.migration_name },
      );
  }
  const done = new Set(rows.map((row) => row.migration_name));
  return migrations.filter((m) => !done.has(m.name));
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration, tableLockTimeoutMs: number): Promise<void> {
  try {
    await client.query("BEGIN");
    await client.query(`SET LOCAL lock_timeout = ${Math.floor(tableLockTimeoutMs)}`);
    await client.query(sql);
    await client.query(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) VALUES ($1, $2, $3, now(), 1)",
      [randomUUID(), checksum, name],
    );
    await client.query("COMMIT");
  } catch (cause) {
    await client.query("ROLLBACK").catch(() => {});
    const position = cause instanceof pg.DatabaseError && cause.position ? Number(cause.position) : 0;
    const line = position > 0 ? ` at line ${sql.slice(0, position).split("\n").length}` : "";
    const busy = cause instanceof pg.DatabaseError && cause.code === "55P03";
    throw new MigrationError(
      "broken",
      busy
        ? `Migration ${name} waited ${Math.round(tableLockTimeoutMs / 1000)} s for a table in use: stop the other Portico processes on this database and start again.`
        : `Migration ${name} failed${line} (${messageOf(cause)}) and was rolled back: fix the cause and restart.`,
      { migration: name, cause },
    );
  }
}
