import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase } from "@portico/testkit";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { migrateDeploy } from "./migrate.ts";

async function aDatabase(): Promise<string> {
  const database = await createTestDatabase({ empty: true });
  onTestFinished(database.drop);
  return database.url;
}

async function migrations(files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "migrations-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [name, sql] of Object.entries(files)) {
    await mkdir(join(dir, name), { recursive: true });
    await writeFile(join(dir, name, "migration.sql"), sql);
  }
  return dir;
}

async function select(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}

test("the repository's migrations apply to an empty database, and a second run applies none", async () => {
  const url = await aDatabase();
  expect((await migrateDeploy(url)).length).toBeGreaterThan(0);
  expect(await migrateDeploy(url)).toEqual([]);
});

test("of several processes at once one applies each migration and all succeed", async () => {
  const url = await aDatabase();
  const dir = await migrations({ "001_a": "CREATE TABLE a (id int)", "002_b": "SELECT pg_sleep(0.2); CREATE TABLE b (id int)" });
  const applied = await Promise.all([1, 2, 3].map(() => migrateDeploy(url, dir)));
  expect(applied.flat().sort()).toEqual(["001_a", "002_b"]);
});

test("a migration that fails leaves nothing of itself, names its line, and can be mended and run again", async () => {
  const url = await aDatabase();
  const dir = await migrations({ "001_a": "CREATE TABLE a (id int);\nCREATE TABLE a (id int);\nSELECT nothing FROM nowhere" });
  await expect(migrateDeploy(url, dir)).rejects.toMatchObject({ name: "MigrationError", fault: "broken", migration: "001_a" });
  expect(await select(url, "SELECT 1 FROM pg_tables WHERE tablename = 'a'")).toEqual([]);
  await writeFile(join(dir, "001_a", "migration.sql"), "CREATE TABLE a (id int)");
  expect(await migrateDeploy(url, dir)).toEqual(["001_a"]);
  await mkdir(join(dir, "002_b"));
  await writeFile(join(dir, "002_b", "migration.sql"), "CREATE TABLE b (id int);\nSELECT nothing FROM nowhere");
  await expect(migrateDeploy(url, dir)).rejects.toThrow(/002_b failed at line 2 .*nowhere/);
});

test("an edited migration is refused with the way back", async () => {
  const url = await aDatabase();
  const dir = await migrations({ "001_a": "CREATE TABLE a (id int)" });
  await migrateDeploy(url, dir);
  await writeFile(join(dir, "001_a", "migration.sql"), "CREATE TABLE a (id bigint)");
  await expect(migrateDeploy(url, dir)).rejects.toMatchObject({
    fault: "edited",
    message: expect.stringContaining("restore its migration.sql"),
  });
});

test("a migration that another tool left half done is refused until somebody marks it as undone", async () => {
  const url = await aDatabase();
  const dir = await migrations({ "001_a": "CREATE TABLE a (id int)" });
  await migrateDeploy(url, dir);
  await select(url, "UPDATE _prisma_migrations SET finished_at = NULL");
  await expect(migrateDeploy(url, dir)).rejects.toMatchObject({
    fault: "failed_earlier",
    message: expect.stringContaining("rolled_back_at = now()"),
  });
});

test("a database of a newer version is refused", async () => {
  const url = await aDatabase();
  await migrateDeploy(url, await migrations({ "001_a": "SELECT 1", "002_b": "SELECT 1" }));
  await expect(migrateDeploy(url, await migrations({ "001_a": "SELECT 1" }))).rejects.toMatchObject({
    fault: "newer_database",
    migration: "002_b",
  });
});

test("a lock that is never given back ends in an error naming the session that holds it", async () => {
  const url = await aDatabase();
  const holder = new pg.Client(url);
  await holder.connect();
  const { rows } = await holder.query("SELECT pg_backend_pid() AS pid, pg_advisory_lock(72707369)");
  const dir = await migrations({ "001_a": "SELECT 1" });
  await expect(migrateDeploy(url, dir, { lockTimeoutMs: 100 })).rejects.toThrow(`database session ${rows[0].pid}`);
  await holder.end();
});

test("a database that does not answer, and a folder without migrations, are said so", async () => {
  const dir = await migrations({ "001_a": "SELECT 1" });
  await expect(migrateDeploy("postgresql://nobody@127.0.0.1:1/none", dir)).rejects.toMatchObject({ fault: "unreachable" });
  await expect(migrateDeploy("postgresql://nobody@127.0.0.1:1/none", await migrations({}))).rejects.toMatchObject({ fault: "none_found" });
});
