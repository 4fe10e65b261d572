import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";
import { type Sample, someOfEach } from "./resources.ts";

let studio: Studio;
let samples: Sample[];
beforeAll(async () => {
  studio = await aStudio();
  samples = await someOfEach(studio);
});
afterAll(() => studio.close());

type Attributes = Record<string, unknown>;
const read = async (path: string): Promise<Attributes> => (await studio.call("GET", path)).data.attributes;
/** What is left of a resource's attributes when the time of the last change is taken away. */
const lasting = ({ updated_at: _at, ...attributes }: Attributes) => attributes;
const methods = ["PATCH", "PUT"] as const;

test("every resource that can be changed can be replaced", () => {
  const paths = (wanted: string) =>
    studio.runtime.endpoints
      .filter(({ method, path }) => method === wanted && /^\/api\/v1\/[a-z-]+\/:id$/.test(path))
      .map(({ path }) => path);
  expect(paths("PUT").sort()).toEqual(paths("PATCH").sort());
});

test("what GET answers is accepted by PATCH and PUT, wrapped or flat, and changes nothing", async () => {
  for (const { name, path } of samples)
    for (const method of methods) {
      const { data } = await studio.call("GET", path);
      for (const body of [data.attributes, { data }, { ...data.attributes, id: data.id }, { data, meta: { page: 1 } }]) {
        const answer = await studio.call(method, path, body);
        expect([name, method, answer.status, answer.status === 200 ? "" : answer.text]).toEqual([name, method, 200, ""]);
        expect(lasting(answer.data.attributes), `${method} ${name}`).toEqual(lasting(data.attributes));
        expect(lasting(await read(path)), `${method} ${name}`).toEqual(lasting(data.attributes));
      }
    }
});

test("figures, states and times that the server writes are ignored, whatever is sent", async () => {
  const moving: Record<string, Attributes> = {
    llms: { updated_at: "2001-01-01T00:00:00Z", created_at: null, has_api_key: "x", plugins: 5, metadata: {} },
    apps: { current_spend: -1, credential_active: "yes", is_orphaned: true, owner: null, updated_at: 7 },
    groups: { user_count: 900, is_default: true },
    users: { role: "Super Admin", updated_at: "", metadata: [] },
    plugins: { state: "healthy", restarts: 99, granted_capabilities: ["llms.write"], generation: 7, code_hash: "x", manifest: {} },
    "model-prices": { updated_at: "x" },
    credentials: { app_name: "other", hint: "none" },
  };
  for (const { name, path } of samples) {
    const before = await read(path);
    for (const method of methods) {
      const answer = await studio.call(method, path, { ...before, ...moving[name] });
      expect([name, method, answer.status, lasting(answer.data.attributes)]).toEqual([name, method, 200, lasting(before)]);
    }
  }
});

test("another id, or another value of what identifies a resource, is 422 and says what it is; nothing changes", async () => {
  const fixed: Record<string, Attributes> = {
    llms: { slug: "another" },
    apps: { namespace: "elsewhere", credential_id: 999 },
    users: { api_key: "a-key-of-my-own" },
    credentials: { key_id: "00000000-0000-4000-8000-000000000000", secret: "pk_mine", app_id: 999 },
  };
  for (const { name, path, change } of samples) {
    const before = await read(path);
    for (const method of methods)
      for (const [field, value] of [["id", "999999"], ...Object.entries(fixed[name] ?? {})] as const) {
        const body = method === "PUT" ? { ...before, ...change, [field]: value } : { ...change, [field]: value };
        const answer = await studio.call(method, path, body);
        expect([name, method, field, answer.status]).toEqual([name, method, field, 422]);
        expect(answer.errors, `${method} ${name}`).toEqual([
          expect.objectContaining({ code: "validation_failed", field, detail: expect.stringContaining("is read-only") }),
        ]);
        expect(await read(path), `${method} ${name} ${field}`).toEqual(before);
      }
  }
});

test("an unknown field stays 400, and null of a field without null counts as absent", async () => {
  for (const { name, path } of samples) {
    const before = await read(path);
    for (const method of methods) {
      const answer = await studio.call(method, path, { ...before, no_such_field: 1 });
      expect([name, method, answer.status, answer.errors[0]?.field]).toEqual([name, method, 400, "no_such_field"]);
    }
    const { monthly_budget: _m, budget_start_date: _b, ...rest } = before;
    const nulls = Object.fromEntries(Object.keys(rest).map((field) => [field, null]));
    const answer = await studio.call("PATCH", path, nulls);
    expect([name, answer.status, answer.status === 200 && lasting(answer.data.attributes)]).toEqual([name, 200, lasting(before)]);
  }
  const created = await studio.call("POST", "/api/v1/llms", {
    name: "From Go",
    vendor: "openai",
    api_key: null,
    active: null,
    allowed_models: null,
    filters: null,
    privacy_score: null,
  });
  expect(created.data.attributes).toMatchObject({ active: true, allowed_models: [], privacy_score: 0, filters: [], has_api_key: false });
  expect((await studio.call("POST", "/api/v1/llms", { name: null, vendor: "openai" })).errors).toEqual([
    expect.objectContaining({ status: "422", field: "name", detail: "name: is required and must be text" }),
  ]);
});

test("PUT sets what is absent to its default, and keeps what answers do not show: keys, passwords, members, settings", async () => {
  const replaced = async (name: string, body: Attributes) => {
    const sample = samples.find((one) => one.name === name) as Sample;
    const answer = await studio.call("PUT", sample.path, body);
    expect([name, answer.status, answer.status === 200 ? "" : answer.text]).toEqual([name, 200, ""]);
    return { path: sample.path, attributes: answer.data.attributes };
  };
  const llm = await replaced("llms", { name: "Bare", vendor: "anthropic" });
  expect(llm.attributes).toMatchObject({
    has_api_key: true,
    api_endpoint: "",
    allowed_models: [],
    monthly_budget: null,
    budget_start_date: null,
    privacy_score: 0,
    active: true,
  });
  const app = await replaced("apps", { name: "Bare" });
  expect(app.attributes).toMatchObject({ description: "", llm_ids: [], monthly_budget: null, metadata: {}, user_id: 1, is_active: true });
  const password = (id: string) => studio.db.prisma.user.findUnique({ where: { id: Number(id) }, select: { passwordHash: true } });
  const userId = (samples.find(({ name }) => name === "users") as Sample).path.split("/").at(-1) ?? "";
  const before = await password(userId);
  const user = await replaced("users", { name: "Bare", email: "bare@acme.test" });
  expect(user.attributes).toMatchObject({ is_admin: false, show_chat: true, groups: [{ attributes: { name: "Default" } }] });
  expect(await password(userId)).toEqual(before);
  const group = await replaced("groups", { name: "Bare" });
  expect((await studio.call("GET", `${group.path}/users`)).meta.total_count).toBe(1);
  const plugin = await replaced("plugins", { name: "Bare", command: "file:///usr/bin/true" });
  expect(plugin.attributes).toMatchObject({ description: "", config: { level: 3 }, slug: "quiet-one", hook_types: ["auth", "post_auth"] });
  expect((await replaced("model-prices", { model_name: "bare", vendor: "openai" })).attributes).toMatchObject({ cpt: 0, cpit: 0 });
  expect((await replaced("credentials", {})).attributes).toMatchObject({ active: false });
  for (const { name, path } of samples.filter((one) => one.name !== "credentials"))
    expect([name, (await studio.call("PUT", path, {})).status]).toEqual([name, 422]);
});

test("groups are taken as objects or ids, in any mixture", async () => {
  const { path } = samples.find(({ name }) => name === "users") as Sample;
  const [one, two] = await Promise.all(["A", "B"].map((name) => studio.call("POST", "/api/v1/groups", { name })));
  const answer = await studio.call("PATCH", path, { groups: [one?.data, Number(two?.data.id)] });
  expect((answer.data.attributes.groups as { id: string }[]).map(({ id }) => id)).toEqual(
    expect.arrayContaining([one?.data.id, two?.data.id]),
  );
  expect((await studio.call("PATCH", path, { groups: [{ name: "A" }] })).errors[0]).toMatchObject({ status: "422", field: "groups.0" });
});
