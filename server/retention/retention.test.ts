import { createLogger } from "@portico/core/logger";
import { createTestDatabase } from "@portico/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Db, openDatabase } from "../db/client.ts";
import { readEnv } from "../env.ts";
import { prepareQueue } from "../jobs/runner.ts";
import { createRetention, type RetentionDays } from "./retention.ts";
import { createRetentionStore } from "./store.ts";

let db: Db;
let drop: () => Promise<void>;
const lines: string[] = [];
const logger = createLogger({ write: (line) => lines.push(line) });
const env = { DATABASE_URL: "postgresql://x", PORTICO_SECRET_KEY: "a secret key for tests only" };
const defaults = readEnv(env).retentionDays;

beforeAll(async () => {
  const database = await createTestDatabase();
  drop = database.drop;
  db = openDatabase(database.url);
  await prepareQueue(db.sql, logger);
});
afterAll(async () => {
  await db.close();
  await drop();
});

const trim = (days: RetentionDays = defaults) => {
  const { jobs } = createRetention({ store: createRetentionStore(db.sql), days, logger });
  return jobs?.["trim-history"]?.({}, undefined as never);
};

/** One row of each age, in days, in every table. */
async function rowsOfAge(...ages: number[]): Promise<void> {
  // In the order in which they happened.
  for (const age of ages.toSorted((a, b) => b - a)) {
    const at = `now() - ${age} * interval '1 day'`;
    await db.sql.query(`
      INSERT INTO outbox_events (topic, object_type, object_id, actor_user_id, payload, created_at) VALUES ('t', 'llm', '1', 0, '{}', ${at});
      INSERT INTO audit_log (at, actor_id, actor_name, action, object_type, object_id, request_id) VALUES (${at}, 1, 'A', 'llm.updated', 'llm', '1', 'r');
      INSERT INTO usage_minutes VALUES (${at}, 1, 1, 1, 0, 0, 0, 0, 0, 0, '{}');
      INSERT INTO budget_usage VALUES ('app', 1, ${at}, 1);
      INSERT INTO telemetry_batches VALUES (gen_random_uuid(), 'e', 1, ${at});
      INSERT INTO usage_records (request_id, edge_id, at, app_id, user_id, llm_id, vendor, model, outcome, status_code, streamed, duration_ms, first_byte_ms,
        plugin_ms, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_micro_usd, request_bytes, response_bytes, path, interaction,
        usage_estimated) VALUES (gen_random_uuid(), 'e', ${at}, 1, 1, 1, 'v', 'm', 'completed', 200, false, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, '/', 'app', false)`);
    await db.sql.query(`SELECT graphile_worker.add_job('failed', max_attempts => 1, run_at => ${at})`);
  }
  await db.sql.query("UPDATE graphile_worker._private_jobs SET attempts = max_attempts");
}

async function ages(): Promise<Record<string, number[]>> {
  const times = {
    outbox_events: "created_at",
    audit_log: "at",
    usage_records: "at",
    usage_minutes: "minute",
    usage_hours: "hour",
    usage_days: "day",
    "(SELECT DISTINCT start_at FROM usage_marginals WHERE grain = 'day') AS usage_marginals": "start_at",
    budget_usage: "period_start",
    telemetry_batches: "received_at",
    "graphile_worker._private_jobs": "run_at",
  };
  const found: Record<string, number[]> = {};
  for (const [table, time] of Object.entries(times)) {
    const { rows } = await db.sql.query(`SELECT round(extract(epoch FROM now() - ${time}) / 86400)::int AS age FROM ${table} ORDER BY 1`);
    found[table.replace(/^.* AS |graphile_worker._private_/, "")] = rows.map(({ age }) => age);
  }
  return found;
}

test("each table keeps its rows as long as set and no longer; what is set to 0 stays", async () => {
  await rowsOfAge(1, 20, 80, 100, 800, 1_200);
  await trim();
  expect(await ages()).toEqual({
    outbox_events: [1],
    audit_log: [1, 20, 80, 100],
    usage_records: [1, 20, 80],
    usage_minutes: [1, 20, 80, 100, 800],
    usage_hours: [1, 20, 80, 100, 800],
    usage_days: [1, 20, 80, 100, 800],
    usage_marginals: [1, 20, 80, 100, 800],
    budget_usage: [1, 20, 80, 100, 800],
    telemetry_batches: [1, 20],
    jobs: [1, 20],
  });
  expect(lines.join("\n")).toContain("audit_log");

  await rowsOfAge(5_000);
  await trim({ events: 0, audit: 0, usage: 0, statistics: 0 });
  const kept = await ages();
  for (const table of [
    "outbox_events",
    "audit_log",
    "usage_records",
    "usage_minutes",
    "usage_hours",
    "usage_days",
    "usage_marginals",
    "budget_usage",
  ])
    expect(kept[table]).toContain(5_000);
});

test("the newest audit entry of an object that exists is kept whatever its age, because it is the object's version", async () => {
  await db.sql.query("DELETE FROM audit_log");
  await db.sql.query(`
    INSERT INTO audit_log (at, actor_id, actor_name, action, object_type, object_id, request_id)
    SELECT now() - age * interval '1 day', 1, 'A', action, kind, id, 'r' FROM (VALUES
      (2000, 'llm.created', 'llm', '7'), (1900, 'llm.updated', 'llm', '7'),
      (1800, 'llm.created', 'llm', '8'), (1700, 'llm.deleted', 'llm', '8'),
      (1600, 'app.created', 'app', '7'), (10, 'app.updated', 'app', '7'),
      (1500, 'session.created', 'session', '1')) AS old (age, action, kind, id)`);
  await trim();
  const { rows } = await db.sql.query("SELECT action FROM audit_log ORDER BY at");
  expect(rows.map(({ action }) => action)).toEqual(["llm.updated", "app.updated"]);
});

test("more rows than one step deletes are all deleted, and a job that may still run is not", async () => {
  await db.sql.query(`INSERT INTO outbox_events (topic, object_type, object_id, actor_user_id, payload, created_at)
    SELECT 't', 'llm', n::text, 0, '{}', now() - interval '100 days' FROM generate_series(1, 12000) AS n`);
  await db.sql.query("SELECT graphile_worker.add_job('waiting', run_at => now() - interval '100 days')");
  await trim();
  expect((await ages()).outbox_events).toEqual([1]);
  expect((await ages()).jobs).toContain(100);
});

test("a retention that would take from budgets or after-hooks what they need is refused by name", () => {
  const set = (name: string, value: string) => () => readEnv({ ...env, [name]: value });
  expect(set("PORTICO_KEEP_USAGE_DAYS", "30")).toThrow(/PORTICO_KEEP_USAGE_DAYS: must be 0 \(never delete\) or at least 35 days/);
  expect(set("PORTICO_KEEP_EVENTS_DAYS", "1")).toThrow(/PORTICO_KEEP_EVENTS_DAYS/);
  expect(set("PORTICO_KEEP_AUDIT_DAYS", "-1")).toThrow(/PORTICO_KEEP_AUDIT_DAYS/);
  expect(set("PORTICO_KEEP_AUDIT_DAYS", "0")().retentionDays.audit).toBe(0);
});
