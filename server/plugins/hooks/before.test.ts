import { afterEach, expect, test, vi } from "vitest";
import { aStudio, type Studio } from "../../testing.ts";
import { aPlugin, commands, dataOf, until } from "../test/harness.ts";

// Plugins are real processes, several of which start and stop in a test.
vi.setConfig({ testTimeout: 60_000 });

let studio: Studio;
afterEach(async () => {
  delete process.env.TEST_PROBE_PRIORITY;
  await studio.close();
});

const draft = (name: string) => ({
  name,
  vendor: "openai",
  api_endpoint: "https://llm.test/v1",
  api_key: "sk-hidden-4711",
  short_description: "x",
});
const counts = async ({ db }: Studio) => ({
  llms: await db.prisma.llm.count(),
  events: await db.prisma.outboxEvent.count({ where: { objectType: "llm" } }),
  audit: await db.prisma.auditEntry.count({ where: { objectType: "llm" } }),
});

test("a create rejected by a plugin answers 422 naming it, and leaves no LLM, no event and no audit entry", async () => {
  studio = await aStudio();
  const { call } = studio;
  const validator = await aPlugin(studio, { name: "House rules", command: commands.validator });
  const refused = await call("POST", "/api/v1/llms", { ...draft("Plain"), api_endpoint: "http://llm.test/v1" });
  expect(refused.status).toBe(422);
  expect(refused.errors[0]).toMatchObject({ code: "hook_rejected", meta: { plugin: "House rules", plugin_id: validator.id } });
  expect(refused.errors[0]?.detail).toMatch(/https/i);
  expect(await counts(studio)).toEqual({ llms: 0, events: 0, audit: 0 });

  const accepted = await call("POST", "/api/v1/llms", draft("Fine"));
  expect(accepted.status).toBe(201);
  expect(accepted.data.attributes.metadata).toMatchObject({ [`plugin_${validator.id}_validated_by`]: expect.any(String) });
});

test("a plugin's hooks judge nothing before an administrator has approved them, nor after they are denied", async () => {
  studio = await aStudio();
  const { call } = studio;
  const probe = await aPlugin(studio, { name: "Eager", command: commands.probe, config: { mode: "reject" } }, { approve: false });
  expect(probe.created).toMatchObject({ status: "scopes_pending", requires_approval: true, service_access_authorized: false });
  expect((await call("POST", "/api/v1/llms", draft("Unjudged"))).status).toBe(201);
  await call("POST", `${probe.path}/approve-scopes`, { approved: true });
  await probe.healthy();
  expect((await call("POST", "/api/v1/llms", draft("Judged"))).errors[0]).toMatchObject({ code: "hook_rejected" });
  const denied = await call("POST", `${probe.path}/approve-scopes`, { approved: false });
  expect(denied.json).toMatchObject({ status: "denied" });
  await probe.healthy();
  expect((await call("POST", "/api/v1/llms", draft("Unjudged again"))).status).toBe(201);
});

test("a plugin sees the acting user and no key, may change the object, and an earlier validator judges what it became", async () => {
  studio = await aStudio();
  const { call, admin } = studio;
  process.env.TEST_PROBE_PRIORITY = "1";
  const judge = await aPlugin(studio, { name: "Judge", command: commands.probe, config: { mode: "allow", forbidden: "renamed bad" } });
  process.env.TEST_PROBE_PRIORITY = "90";
  const renamer = await aPlugin(studio, { name: "Renamer", command: commands.probe, config: { mode: "rename" } });

  const created = await call("POST", "/api/v1/llms", draft("good"));
  expect(created.data.attributes).toMatchObject({
    name: "renamed good",
    has_api_key: true,
    metadata: { [`plugin_${renamer.id}_renamed`]: "yes", [`plugin_${judge.id}_checked`]: "yes" },
  });
  const refused = await call("POST", "/api/v1/llms", draft("bad"));
  expect(refused.errors[0]).toMatchObject({ code: "hook_rejected", meta: { plugin: "Judge" } });

  const seen = dataOf(await judge.rpc("seen")) as { name: string; userId: number; operationId: string; api_key: string }[];
  expect(seen[0]).toMatchObject({ name: "good", userId: admin.userId, api_key: "[redacted]", logo: "", filters: [], plugins: [] });
  expect(JSON.stringify(seen)).not.toContain("sk-hidden");
  expect(new Set(seen.slice(0, 2).map(({ operationId }) => operationId)).size).toBe(1);
  expect(seen[1]).toMatchObject({ name: "renamed good" });

  const keep = (await call("POST", "/api/v1/llms", draft("keep me"))).data.id;
  expect((await call("DELETE", `/api/v1/llms/${keep}`)).errors[0]).toMatchObject({ code: "hook_rejected", detail: "it is to be kept" });
});

test("a before-hook that does not answer blocks what it checks, unless its settings say that it may fail", async () => {
  studio = await aStudio({ pluginLimits: { hookDeadlineMs: 400 } });
  const { call } = studio;
  const probe = await aPlugin(studio, { name: "Sleeper", command: commands.probe, config: { mode: "hang" } });
  expect(await probe.state()).toMatchObject({ object_hook_failure_policy: "fail_closed" });
  const blocked = await call("POST", "/api/v1/llms", draft("Blocked"));
  expect(blocked.errors[0]).toMatchObject({ status: "503", code: "plugin_unavailable", meta: { plugin: "Sleeper" } });
  expect(await counts(studio)).toMatchObject({ llms: 0 });

  await call("PATCH", probe.path, { config: { mode: "hang", object_hook_failure_policy: "fail_open" } });
  expect(await probe.healthy()).toMatchObject({ object_hook_failure_policy: "fail_open" });
  expect((await call("POST", "/api/v1/llms", draft("Passed"))).status).toBe(201);
});

test("an after-hook is told at least once, is tried again when it fails, and never changes the answer", async () => {
  studio = await aStudio();
  const { call } = studio;
  const probe = await aPlugin(studio, { name: "Told", command: commands.probe, config: { mode: "allow", fail_times: 1 } });
  expect((await call("POST", "/api/v1/llms", draft("Announced"))).status).toBe(201);
  const told = await until(async () => {
    const seen = dataOf(await probe.rpc("seen")) as { hookType?: string; name: string }[];
    return seen.find(({ hookType }) => hookType === "after_create");
  });
  expect(told).toMatchObject({ name: "Announced" });
  expect(JSON.stringify(told)).not.toContain("sk-hidden");
});
