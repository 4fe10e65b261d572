import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const ready = async () => {
  const { status, json } = await studio.call("GET", "/ready", undefined, null);
  return { ...(json as { missing?: string[]; checks: Record<string, string> }), status };
};

test("a studio is ready with its database, migrations and plugins, and says which migration is missing; a newer one is no fault", async () => {
  expect(await ready()).toEqual({ status: 200, checks: { database: "ok", migrations: "ok", events: "ok", plugins: "ok" } });
  const { sql } = studio.db;
  const { rows } = await sql.query<{ name: string }>("SELECT migration_name AS name FROM _prisma_migrations ORDER BY 1 DESC LIMIT 1");
  const last = rows[0]?.name ?? "";
  const missing = { status: 503, missing: [expect.stringContaining(`${last} not applied`)] };

  await sql.query("UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = $1", [last]);
  expect(await ready()).toMatchObject(missing);
  await sql.query("UPDATE _prisma_migrations SET rolled_back_at = NULL, migration_name = '999_newer' WHERE migration_name = $1", [last]);
  expect(await ready()).toMatchObject(missing);
  await sql.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
     SELECT gen_random_uuid(), checksum, $1, now(), 1 FROM _prisma_migrations WHERE migration_name = '999_newer'`,
    [last],
  );
  expect((await ready()).status).toBe(200);
  await sql.query("DELETE FROM _prisma_migrations WHERE migration_name = '999_newer'");
});

test("what a body lacks is said to be required, with what it would have to be", async () => {
  const said = async (path: string, body: unknown) =>
    (await studio.call("POST", `/api/v1/${path}`, body)).errors.map(({ detail }) => detail);
  expect(await said("llms", {})).toEqual([
    "name: is required and must be text",
    "vendor: is required and must be one of openai, anthropic",
  ]);
  expect(await said("plugins", { name: "N" })).toEqual(["command: is required and must be text"]);
  expect(await said("plugins", { name: "N", command: 7 })).toEqual(["command: must be text"]);
});

test("with the database frozen /ready says within two seconds what does not answer, also to a browser with a session", async () => {
  const target = new URL(studio.databaseUrl);
  const sockets = new Set<Socket>();
  let isFrozen = false;
  const relay = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on("error", () => {}).on("close", () => to.destroy());
      from.on("data", (bytes) => isFrozen || to.write(bytes));
    }
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const through = new URL(target);
  through.hostname = "127.0.0.1";
  through.port = String((relay.address() as AddressInfo).port);
  const replica = await aStudio({ env: { DATABASE_URL: through.href } });
  try {
    isFrozen = true;
    const ask = async () => {
      const startedMs = performance.now();
      const response = await replica.aBrowser().fetch("GET", "/ready", { headers: { cookie: "session=ps_anything" } });
      return {
        status: response.status,
        report: (await response.json()) as { checks: Record<string, string> },
        ms: performance.now() - startedMs,
      };
    };
    // More often than there are connections: a check that hangs is not started again.
    for (const { status, report, ms } of await Promise.all(Array.from({ length: 12 }, ask))) {
      expect(status).toBe(503);
      expect(report.checks).toMatchObject({ database: "did not answer within 1.5 s", migrations: "did not answer within 1.5 s" });
      expect(ms).toBeLessThan(2_000);
    }
    expect(replica.db.sql.totalCount + replica.db.sql.waitingCount).toBeLessThan(10);
  } finally {
    for (const socket of sockets) socket.destroy();
    relay.close();
    await replica.close();
  }
});
