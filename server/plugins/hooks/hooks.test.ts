import { afterEach, expect, test, vi } from "vitest";
import { aStudio, type Studio } from "../../testing.ts";
import { aPlugin, commands, until } from "../test/harness.ts";

// Plugins are real processes.
vi.setConfig({ testTimeout: 60_000 });

let studio: Studio;
afterEach(() => studio.close());

const draft = (name: string) => ({ name, vendor: "openai", api_endpoint: "https://llm.test/v1" });

test("an administrator sets failure policy and timeout of each hook by itself, and goes back to the plugin's own by null", async () => {
  studio = await aStudio({ pluginLimits: { hookDeadlineMs: 400 } });
  const { call, db } = studio;
  const probe = await aPlugin(studio, { name: "Sleeper", command: commands.probe, config: { mode: "hang" } });
  const hooks = async () => (await call("GET", `${probe.path}/hooks`)).list;
  expect((await hooks()).map(({ id }) => id)).toEqual([
    ...["llm.before_create", "llm.before_update", "llm.before_delete"],
    ...["llm.after_create", "llm.after_update", "llm.after_delete"],
  ]);
  const byDefault = { approved: true, registered: true, priority: 50, timeout_ms: 400, is_default_timeout: true };
  expect((await hooks())[0]).toMatchObject({
    type: "plugin-hooks",
    attributes: { ...byDefault, failure_policy: "fail_closed", is_default_policy: true },
  });
  expect((await hooks())[3]).toMatchObject({ attributes: { ...byDefault, failure_policy: null } });

  const changed = await call("PATCH", `${probe.path}/hooks/llm.before_create`, { failure_policy: "fail_open", timeout_ms: 150 });
  expect(changed.data.attributes).toMatchObject({ failure_policy: "fail_open", is_default_policy: false, timeout_ms: 150 });
  const created = await call("POST", "/api/v1/llms", draft("Passed"));
  expect(created.status).toBe(201);
  // Another hook of the same plugin is as closed as before.
  const blocked = await call("PATCH", `/api/v1/llms/${created.data.id}`, { active: false });
  expect(blocked.errors[0]).toMatchObject({ status: "503", code: "plugin_unavailable", meta: { plugin: "Sleeper" } });

  await call("PATCH", `${probe.path}/hooks/llm.before_create`, { failure_policy: null });
  const shut = await call("POST", "/api/v1/llms", draft("Shut"));
  expect(shut.errors[0]).toMatchObject({ status: "503", detail: expect.stringContaining("within 150 ms") });
  const entries = await db.prisma.auditEntry.findMany({ where: { action: "plugin.updated" }, orderBy: { id: "asc" } });
  expect(entries.map(({ changes }) => changes)).toMatchObject([
    { hooks: { "llm.before_create": { failure_policy: "fail_open", timeout_ms: 150 } } },
    { hooks: { "llm.before_create": { failure_policy: null } } },
  ]);
  // What it was set to outlives its process.
  await call("POST", `${probe.path}/reload`);
  expect((await hooks())[0]?.attributes).toMatchObject({ timeout_ms: 150, registered: true });
});

test("a hook that is not the plugin's, or a setting that it cannot have, is refused by name", async () => {
  studio = await aStudio();
  const { call } = studio;
  const probe = await aPlugin(studio, { name: "Probe", command: commands.probe });
  const patch = (hook: string, body: object) => call("PATCH", `${probe.path}/hooks/${hook}`, body);
  expect((await patch("user.before_create", { timeout_ms: 500 })).status).toBe(404);
  for (const [hook, body, field] of [
    ["llm.before_create", { timeout_ms: 5 }, "timeout_ms"],
    ["llm.before_create", { failure_policy: "open" }, "failure_policy"],
    ["llm.after_create", { failure_policy: "fail_open" }, "failure_policy"],
  ] as const)
    expect((await patch(hook, body)).errors[0], `${hook} ${field}`).toMatchObject({ status: "422", field });
  expect((await patch("llm.after_create", { timeout_ms: 20_000 })).data.attributes).toMatchObject({ timeout_ms: 20_000 });
});

test("what was registered and approved blocks while its process is away, in the order in which it was registered", async () => {
  studio = await aStudio({ pluginLimits: { hookStartWaitMs: 300 } });
  const { call, runtime, db } = studio;
  const first = await aPlugin(studio, { name: "Away", command: commands.probe });
  const second = await aPlugin(studio, { name: "Earlier", command: commands.probe, config: { mode: "reject" } });
  await db.prisma.pluginHook.updateMany({ where: { pluginId: second.id }, data: { priority: 1 } });
  // A replica that has only just started knows no process, but the same rows.
  const { host } = runtime.plugins;
  vi.spyOn(host, "get").mockReturnValue(undefined);
  vi.spyOn(host, "whenReady").mockRejectedValue(new Error("still starting"));
  const blocked = await call("POST", "/api/v1/llms", draft("Blocked"));
  expect(blocked.errors[0]).toMatchObject({ status: "503", code: "plugin_unavailable", meta: { plugin: "Earlier" } });
  await call("PATCH", `${second.path}/hooks/llm.before_create`, { failure_policy: "fail_open" });
  expect((await call("POST", "/api/v1/llms", draft("Blocked"))).errors[0]).toMatchObject({ meta: { plugin: "Away", plugin_id: first.id } });
  // A program that registered less than it declares is not waited for.
  await db.prisma.pluginHook.updateMany({ where: { pluginId: first.id }, data: { registered: false } });
  expect((await call("POST", "/api/v1/llms", draft("Free"))).status).toBe(201);
  // Of another program nothing is known, so that it takes part.
  await db.prisma.pluginHook.updateMany({ where: { pluginId: first.id }, data: { codeHash: "another" } });
  expect((await call("POST", "/api/v1/llms", draft("Unknown"))).errors[0]).toMatchObject({ status: "503", meta: { plugin: "Away" } });
  vi.restoreAllMocks();
  await until(async () => host.get(first.id));
});
