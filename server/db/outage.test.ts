import { readdirSync, readFileSync } from "node:fs";
import { startTestPostgres, type TestPostgres } from "@portico/testkit";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type Answer, aStudio, type Studio } from "../testing.ts";

const shared = process.env.PORTICO_TEST_POSTGRES;
let postgres: TestPostgres;
let studio: Studio;
let stderr: { mockRestore(): void };

beforeAll(async () => {
  // A server of its own, which is frozen and stopped.
  postgres = await startTestPostgres();
  studio = await aStudio({ env: { PORTICO_DATABASE_TIMEOUT_SECONDS: "0.5" } });
  stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => signal("SIGCONT"));
afterAll(async () => {
  // Dropping its database is refused when the server is gone.
  await studio.close().catch(() => {});
  await postgres.stop();
  stderr.mockRestore();
  if (shared) process.env.PORTICO_TEST_POSTGRES = shared;
});

/** To the postmaster and all of its children. */
function signal(name: NodeJS.Signals): void {
  const parentOf = (pid: number) => {
    try {
      return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]);
    } catch {
      return 0;
    }
  };
  const children = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === postgres.pid);
  for (const pid of [postgres.pid, ...children]) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended.
    }
  }
}

const attempts = (): [what: string, Promise<Answer>][] => [
  ["a list", studio.call("GET", "/api/v1/llms")],
  ["another list", studio.call("GET", "/api/v1/apps?q=x")],
  ["analytics", studio.call("GET", "/api/v1/analytics/usage?start_date=2026-01-01&end_date=2026-02-01")],
  ["one object", studio.call("GET", "/api/v1/users/1")],
  ["a create", studio.call("POST", "/api/v1/groups", { name: "Late" })],
  ["an update", studio.call("PATCH", "/api/v1/users/1", { name: "Late" })],
  ["a delete", studio.call("DELETE", "/api/v1/groups/1")],
  ["a sign-in", studio.aBrowser().signIn("admin@portico.local", "wrong password")],
  [
    "a session",
    studio
      .aBrowser()
      .fetch("GET", "/common/me", { headers: { cookie: "session=ps_x" } })
      .then((r) => studio.answerOf(r)),
  ],
];

async function everythingSaysUnavailable(withinMs: number): Promise<void> {
  const startedMs = performance.now();
  for (const [what, answer] of attempts()) {
    const { status, errors, headers } = await answer;
    expect([what, status, errors[0]?.code, headers.get("retry-after")]).toEqual([what, 503, "database_unavailable", "2"]);
  }
  expect(performance.now() - startedMs).toBeLessThan(withinMs);
}
const ready = async () => {
  const startedMs = performance.now();
  const { status } = await studio.call("GET", "/ready", undefined, null);
  return { status, inTime: performance.now() - startedMs < 2_000 };
};
const works = () =>
  vi.waitFor(async () => expect([(await studio.call("GET", "/api/v1/llms")).status, (await ready()).status]).toEqual([200, 200]), {
    timeout: 15_000,
    interval: 100,
  });

test("with the database frozen reads and writes answer 503 within the deadline, and work again once it goes on", async () => {
  await works();
  signal("SIGSTOP");
  await everythingSaysUnavailable(10_000);
  expect(await ready()).toEqual({ status: 503, inTime: true });
  signal("SIGCONT");
  await works();
  expect((await studio.call("POST", "/api/v1/groups", { name: "In time" })).status).toBe(201);
});

test("a statement that waits too long for a lock ends in 503 instead of holding its connection", async () => {
  const client = await studio.db.sql.connect();
  await client.query("BEGIN; LOCK TABLE groups");
  const { status, errors } = await studio.call("POST", "/api/v1/groups", { name: "Locked" });
  await client.query("ROLLBACK");
  client.release();
  expect([status, errors[0]?.code]).toEqual([503, "database_unavailable"]);
  await works();
});

test("a full disk is said as what it is, by the answer and by /ready until there is room again; nothing is half written", async () => {
  const { db } = studio;
  await db.sql.query(`
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'could not extend file "base/16384/16385": No space left on device' USING ERRCODE = '53100'; END $$;
    CREATE FUNCTION full_disk_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'could not extend file "base/16384/16386": No space left on device' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON audit_log EXECUTE FUNCTION full_disk();
    CREATE EVENT TRIGGER full_disk ON ddl_command_start WHEN TAG IN ('CREATE TABLE AS') EXECUTE FUNCTION full_disk_ddl()`);
  const { status, errors } = await studio.call("POST", "/api/v1/groups", { name: "No room" });
  expect([status, errors[0]?.code, errors[0]?.detail]).toEqual([507, "database_full", expect.stringContaining("full")]);
  expect(await db.prisma.group.count({ where: { name: "No room" } })).toBe(0);
  const report = async () => (await studio.call("GET", "/ready", undefined, null)).json;
  expect(await report()).toMatchObject({ status: "not ready", missing: ["database: the disk of the database is full"] });

  await db.sql.query("DROP EVENT TRIGGER full_disk; DROP TRIGGER full_disk ON audit_log");
  expect(await report()).toMatchObject({ status: "ready" });
});

test("a read-only database is said as what it is", async () => {
  const { db } = studio;
  const { rows } = await db.sql.query<{ name: string }>("SELECT current_database() AS name");
  const [database, end] = [
    rows[0]?.name,
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = $1",
  ];
  await db.sql.query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
  await db.sql.query(end, [database]);
  await vi.waitFor(async () => {
    const { status, errors } = await studio.call("POST", "/api/v1/groups", { name: "Read only" });
    expect([status, errors[0]?.detail]).toEqual([503, expect.stringContaining("read-only")]);
  });
  await db.sql.query(`BEGIN; SET TRANSACTION READ WRITE; ALTER DATABASE ${database} RESET default_transaction_read_only; COMMIT`);
  await db.sql.query(end, [database]).catch(() => {});
  await works();
});

test("with the database stopped reads and writes answer 503 at once", async () => {
  await works();
  signal("SIGQUIT");
  await vi.waitFor(async () => expect((await ready()).status).toBe(503));
  await everythingSaysUnavailable(10_000);
  expect(await ready()).toEqual({ status: 503, inTime: true });
});
