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
