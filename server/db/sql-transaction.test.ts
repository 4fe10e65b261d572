import { createTestDatabase, type TestDatabase } from "@portico/testkit";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Db, openDatabase } from "./client.ts";

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase(database.url);
  await db.sql.query("CREATE TABLE counters (id int PRIMARY KEY, value int NOT NULL)");
});
beforeEach(async () => {
  await db.sql.query("TRUNCATE counters");
  await db.sql.query("INSERT INTO counters VALUES (1, 0), (2, 0)");
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

const values = async () => (await db.sql.query("SELECT value FROM counters ORDER BY id")).rows.map(({ value }) => value);
const raise = "UPDATE counters SET value = value + 1 WHERE id = $1";

/** Two that lock the same rows in opposite order, each after the other has its first. */
async function crossed(options: { retry: boolean }) {
  const firstLocks: (() => void)[] = [];
  const both = [0, 1].map(() => new Promise<void>((resolve) => firstLocks.push(resolve)));
  const one = (own: number, order: [number, number]) =>
    db.sqlTransaction(async (client) => {
      await client.query(raise, [order[0]]);
      firstLocks[own]?.();
      await Promise.all(both);
      await client.query(raise, [order[1]]);
    }, options);
  return Promise.allSettled([one(0, [1, 2]), one(1, [2, 1])]);
}

test("a transaction that fails changes nothing and throws the driver's error", async () => {
  const failed = db.sqlTransaction(async (client) => {
    await client.query(raise, [1]);
    await client.query("INSERT INTO counters VALUES (2, 0)");
  });
  await expect(failed).rejects.toMatchObject({ code: "23505", constraint: "counters_pkey" });
  expect(await values()).toEqual([0, 0]);
});

test("after a deadlock the steps run again, each counted once", async () => {
  const outcomes = await crossed({ retry: true });
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  expect(await values()).toEqual([2, 2]);
});

test("without retry the one that a deadlock ends is reported and the other counts", async () => {
  const outcomes = await crossed({ retry: false });
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(await values()).toEqual([1, 1]);
});

test("a connection that breaks inside a transaction is not given to the next", async () => {
  const broken = db.sqlTransaction(async (client) => {
    await client.query("SELECT pg_terminate_backend(pg_backend_pid())");
  });
  await expect(broken).rejects.toThrow();
  expect(await db.sqlTransaction(async (client) => (await client.query("SELECT 1 AS one")).rows)).toEqual([{ one: 1 }]);
});
