import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const historyOf = async (type: string, id: string, more = "") =>
  (await studio.call("GET", `/api/v1/audit-log?object_type=${type}&object_id=${id}${more}`)).list.map(({ attributes }) => attributes);

test("a change is kept with who made it and each field before and after; what was sent unchanged is none", async () => {
  const { id } = (await studio.call("POST", "/api/v1/llms", { name: "Old name", vendor: "openai", monthly_budget: 5 })).data;
  const other = await studio.aUser({ isAdmin: true, name: "Somebody else" });
  await studio.call("PATCH", `/api/v1/llms/${id}`, { name: "New name", vendor: "openai", monthly_budget: null }, other);
  await studio.call("PATCH", `/api/v1/llms/${id}`, { name: "Newest name" });
  const [newest, middle, first] = await historyOf("llm", id);
  expect(newest).toMatchObject({
    actor_name: "Admin",
    action: "llm.updated",
    changes: [{ field: "name", before: "New name", after: "Newest name" }],
  });
  expect(middle).toMatchObject({ actor_id: other.userId, actor_name: "Somebody else" });
  expect(middle?.changes).toEqual([
    { field: "name", before: "Old name", after: "New name" },
    { field: "monthly_budget", before: 5, after: null },
  ]);
  expect(first).toMatchObject({ action: "llm.created" });
  expect(first?.changes).toContainEqual({ field: "name", after: "Old name" });
});

test("a changed key says that it changed, and neither the old one nor the new one is anywhere", async () => {
  const { id } = (await studio.call("POST", "/api/v1/llms", { name: "Keyed", vendor: "openai", api_key: "sk-first-secret" })).data;
  await studio.call("PATCH", `/api/v1/llms/${id}`, { api_key: "sk-second-secret" });
  await studio.call("PATCH", `/api/v1/llms/${id}`, { api_key: "sk-third-secret" });
  const text = JSON.stringify(await historyOf("llm", id));
  expect(text).not.toMatch(/sk-\w+-secret/);
  expect((await historyOf("llm", id))[0]?.changes).toEqual([{ field: "api_key", before: "[redacted]", after: "[redacted]" }]);
});

test("the log is paged, says how much there is, and is for administrators", async () => {
  const { id } = (await studio.call("POST", "/api/v1/groups", { name: "Paged" })).data;
  for (const name of ["Paged 1", "Paged 2", "Paged 3"]) await studio.call("PATCH", `/api/v1/groups/${id}`, { name });
  const page = await studio.call("GET", `/api/v1/audit-log?object_type=group&object_id=${id}&page=2&page_size=3`);
  expect(page.meta).toMatchObject({ total_count: 4, total_pages: 2 });
  expect(page.list.map(({ attributes }) => attributes.action)).toEqual(["group.created"]);
  expect((await studio.call("GET", "/api/v1/audit-log", undefined, await studio.aUser())).status).toBe(403);
});
