import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, onTestFinished, test, vi } from "vitest";
import { createChildren } from "./children.mjs";
import { ensureCluster, ensureDatabase, startCluster } from "./postgres.mjs";
import { postgresPlace } from "./postgres-place.mjs";

// A cluster is made for each test, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

function aPlace() {
  const dir = mkdtempSync(join(tmpdir(), "portico-postgres-"));
  chmodSync(dir, 0o711);
  const children = createChildren();
  onTestFinished(async () => {
    await children.stopAll();
    rmSync(dir, { recursive: true, force: true });
  });
  return { dir, children, place: postgresPlace(dir) };
}

async function query(server, sql, url = server.url("portico")) {
  const client = new pg.Client(url);
  client.on("error", () => {});
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end().catch(() => {});
  return rows;
}

test("what was committed survives a killed server, and a pid file whose number is another program's now", async () => {
  const { children, place } = aPlace();
  await ensureCluster({ children, place, sync: false });
  const first = await startCluster({ children, place });
  await ensureDatabase(first, "portico");
  await query(first, "CREATE TABLE kept AS SELECT 1 AS id");
  process.kill(first.child.pid, "SIGKILL");
  await first.child.exited;

  const pidFile = join(place.clusterDir, "postmaster.pid");
  writeFileSync(pidFile, readFileSync(pidFile, "utf8").replace(/^\d+/, String(process.pid)));
  const second = await startCluster({ children, place });
  expect(second.port).toBe(first.port);
  expect(await query(second, "SELECT id FROM kept")).toEqual([{ id: 1 }]);
});

test("a server that outlived its keeper is stopped before the next one starts", async () => {
  const { children, place } = aPlace();
  await ensureCluster({ children, place, sync: false });
  const orphan = await startCluster({ children, place });
  const said = [];
  // As after a kill of everything that watched over it: nobody asked this one to stop.
  const next = await startCluster({ children, place, report: (sentence) => said.push(sentence) });
  expect(said).toEqual([expect.stringContaining("left over")]);
  expect((await orphan.child.exited).code).toBe(0);
  await ensureDatabase(next, "portico");
  expect(await query(next, "SHOW server_encoding")).toEqual([{ server_encoding: "UTF8" }]);
});

test("an interrupted creation is done again, and the password is needed to enter", async () => {
  const { children, place } = aPlace();
  mkdirSync(`${place.clusterDir}.new`);
  writeFileSync(join(`${place.clusterDir}.new`, "PG_VERSION"), "18\n");
  await ensureCluster({ children, place, sync: false });
  const server = await startCluster({ children, place });
  await ensureDatabase(server, "portico");
  const stranger = new pg.Client(server.url("portico").replace(/:[^:@]+@/, ":wrong@"));
  await expect(stranger.connect()).rejects.toThrow(/password authentication failed/);
});

test("studio's role owns its database, what an earlier version made as superuser included, and rules nothing else", async () => {
  const { children, place } = aPlace();
  await ensureCluster({ children, place, sync: false });
  const server = await startCluster({ children, place });
  await query(server, "CREATE DATABASE portico", server.url("postgres"));
  await query(
    server,
    "CREATE SCHEMA jobs; CREATE TYPE jobs.kind AS ENUM ('a'); CREATE TABLE kept (id serial, at jobs.kind); CREATE VIEW seen AS TABLE kept; CREATE FUNCTION jobs.one() RETURNS int LANGUAGE sql RETURN 1",
  );
  await ensureDatabase(server, "portico");
  await ensureDatabase(server, "portico");
  const asStudio = (sql) => query(server, sql, server.studioUrl("portico"));
  await asStudio(
    "ALTER TABLE kept ADD more int; INSERT INTO kept (more) VALUES (1); DROP VIEW seen; DROP FUNCTION jobs.one(); ALTER TYPE jobs.kind ADD VALUE 'b'; CREATE SCHEMA more",
  );
  expect(await asStudio("SELECT id, more FROM kept")).toEqual([{ id: 1, more: 1 }]);
  for (const sql of [
    "COPY kept FROM PROGRAM 'true'",
    "SELECT pg_read_file('PG_VERSION')",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "CREATE ROLE other",
    "CREATE DATABASE other",
  ])
    await expect(asStudio(sql), sql).rejects.toThrow(/permission denied|must be superuser/);
});
