import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

test("a secret is in no answer but the one that creates it, and in no row of any table: not in events, audit entries or jobs", async () => {
  const { call, db } = studio;
  const answers: string[] = [];
  const quiet = async (method: string, path: string, body?: unknown) => {
    const answer = await call(method, path, body);
    expect(answer.status, `${method} ${path} ${answer.text}`).toBeLessThan(300);
    answers.push(answer.text);
    return answer;
  };
  const secrets = ["sk-vendor-key-0815", "sk-vendor-key-4711", "first password 1", "second password 2"];
  const llm = await quiet("POST", "/api/v1/llms", { name: "Model", vendor: "openai", api_key: secrets[0] });
  await quiet("PATCH", `/api/v1/llms/${llm.data.id}`, { api_key: secrets[1] });
  const user = await quiet("POST", "/api/v1/users", { email: "ana@acme.test", name: "Ana", password: secrets[2] });
  await quiet("PATCH", `/api/v1/users/${user.data.id}`, { password: secrets[3] });

  const app = await call("POST", "/api/v1/apps", { name: "crm", user_id: Number(user.data.id), activate: true });
  const second = await call("POST", `/api/v1/apps/${app.data.id}/credentials`);
  const rolled = await call("POST", `/api/v1/users/${user.data.id}/roll-api-key`);
  const token = await call("POST", "/common/api-tokens", { name: "mine" });
  secrets.push(
    (app.data.attributes.credential as { secret: string }).secret,
    String(second.data.attributes.secret),
    String(rolled.data.attributes.api_key),
    String(token.data.attributes.token),
    studio.runtime.systemAppSecret,
    studio.admin.token,
  );

  await quiet("POST", `/api/v1/credentials/${second.data.id}/deactivate`);
  for (const list of ["llms", "users", "groups", "apps", "credentials", "model-prices"]) await quiet("GET", `/api/v1/${list}?all=true`);
  await quiet("GET", "/common/api-tokens");
  for (const resource of [llm, user, app, second])
    await quiet("GET", `/api/v1/${resource.data.type === "app" ? "apps" : resource.data.type}/${resource.data.id}`);
  await quiet("DELETE", `/api/v1/users/${user.data.id}`);

  const { rows: tables } = await db.sql.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  expect(tables.length).toBeGreaterThan(20);
  const places: Record<string, string> = { answers: answers.join("\n") };
  for (const { name } of tables) {
    const { rows } = await db.sql.query<{ text: string }>(`SELECT t::text AS text FROM ${name} AS t`);
    places[name] = rows.map((row) => row.text).join("\n");
  }
  expect(places["public.outbox_events"]).toContain("system.user.deleted");
  const found = Object.entries(places).flatMap(([place, text]) => secrets.filter((secret) => text.includes(secret)).map(() => place));
  expect(found).toEqual([]);
});
