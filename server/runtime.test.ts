import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase } from "@portico/testkit";
import pg from "pg";
import { expect, test } from "vitest";
import { readEnv } from "./env.ts";
import { createRuntime } from "./runtime.ts";

test("a start that fails when its queue runs already leaves no connection, job or listener behind", async () => {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), "portico-runtime-"));
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const env = readEnv({
    NODE_ENV: "test",
    DATABASE_URL: database.url,
    PORTICO_DATA_DIR: dataDir,
    PORTICO_SECRET_KEY: "a secret key for tests only",
    // Edges come last: everything else has started when their port turns out to be taken.
    CONTROL_PORT: String((other.address() as AddressInfo).port),
    LOG_LEVEL: "error",
  });
  const client = new pg.Client(database.url);
  try {
    await expect(createRuntime(env)).rejects.toThrow(/port/);
    await client.connect();
    const { rows } = await client.query<{ pools: number }>("SELECT count(*)::int AS pools FROM job_workers");
    expect(rows[0]?.pools).toBe(0);
    const others = "SELECT application_name, query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    await expect.poll(async () => (await client.query(others)).rows, { timeout: 10_000 }).toEqual([]);
  } finally {
    await client.end();
    other.close();
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  }
});
