import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { aStudio, type Studio } from "../../testing.ts";
import { aPlugin, commands, dataOf, until } from "../test/harness.ts";

// Plugins are real processes, several of which start and stop in a test.
vi.setConfig({ testTimeout: 60_000 });

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

test("the seeds' request installs a gateway plugin: plugin_type is accepted, hooks come from its manifest, no process runs here", async () => {
  const { call } = studio;
  const answer = await call("POST", "/api/v1/plugins", {
    name: "My Plugin",
    slug: "my-plugin",
    description: "Custom plugin",
    command: commands.enricher,
    hook_type: "pre_auth",
    is_active: true,
    plugin_type: "gateway",
  });
  expect(answer.status).toBe(201);
  expect(answer.data.attributes).toMatchObject({
    slug: "my-plugin",
    hook_type: "post_auth",
    hook_types: ["post_auth"],
    plugin_type: "Gateway Plugin",
    is_active: true,
    status: "ready",
    requires_approval: false,
    has_config_schema: true,
    runs_on: ["gateway"],
    state: "stopped",
    config: { additional_instruction: expect.any(String) },
  });
  expect((await call("POST", "/api/v1/plugins", { name: "My Plugin", command: commands.enricher })).errors[0]).toMatchObject({
    status: "409",
    field: "slug",
  });
  const reloaded = await call("POST", `/api/v1/plugins/${answer.data.id}/reload`);
  expect(reloaded.status).toBe(200);
  expect((await call("GET", `/api/v1/plugins/${answer.data.id}`)).data.attributes).toMatchObject({ generation: 2 });
});

test("a command that cannot be a plugin is refused with a sentence, and an active one that cannot be loaded leaves nothing", async () => {
  const { call } = studio;
  const refused = async (command: string) => (await call("POST", "/api/v1/plugins", { name: "Bad", command, is_active: true })).errors[0];
  expect(await refused("grpc://host:1")).toMatchObject({ status: "422", field: "command", detail: expect.stringContaining("grpc://") });
  expect(await refused("relative/path")).toMatchObject({ status: "422", field: "command" });
  expect(await refused("file:///opt/../etc/passwd")).toMatchObject({ status: "422", field: "command" });
  expect(await refused("/bin/true; rm -rf /")).toMatchObject({ status: "422", field: "command" });
  expect(await refused("/nowhere/at/all")).toMatchObject({ code: "plugin_invalid", detail: expect.stringContaining("does not exist") });
  expect(await refused("/bin/true")).toMatchObject({ code: "plugin_invalid", field: "command" });
  expect((await call("GET", "/api/v1/plugins?q=Bad")).meta.total_count).toBe(0);
  const stored = await call("POST", "/api/v1/plugins", { name: "Bad", command: "/nowhere/at/all" });
  expect(stored.data.attributes).toMatchObject({ is_active: false, state: "stopped", hook_type: "pending" });
  const activated = await call("PATCH", `/api/v1/plugins/${stored.data.id}`, { is_active: true });
  expect(activated.errors[0]).toMatchObject({ code: "plugin_invalid" });
  expect((await call("GET", `/api/v1/plugins/${stored.data.id}`)).data.attributes).toMatchObject({ is_active: false });
});

test("a plugin's secrets are in no answer, no event and no audit entry; [redacted] keeps them, and the process has them", async () => {
  const { call, db } = studio;
  const config = { mode: "allow", api_key: "sk-probe-4711", nested: { token: "tok-probe-4711", note: "seen" } };
  const probe = await aPlugin(studio, { name: "Secretive", command: commands.probe, config });
  expect(probe.created.config).toMatchObject({ api_key: "[redacted]", nested: { token: "[redacted]", note: "seen" }, limit: 3 });

  const kept = await call("PATCH", probe.path, { config: { ...(probe.created.config as object), limit: 5 } });
  expect(kept.data.attributes.config).toMatchObject({ api_key: "[redacted]", limit: 5 });
  expect(kept.data.attributes.state).toBe("starting");
  await probe.healthy();
  expect(dataOf(await probe.rpc("config"))).toMatchObject({ limit: 5, api_key: "sk-probe-4711", nested: { token: "tok-probe-4711" } });
  const listed = dataOf(await probe.rpc("studio", { method: "getPlugin", request: { pluginId: probe.id } }));
  expect(JSON.stringify(listed)).toContain("[redacted]");

  const pages = await Promise.all(["", "/status", "/logs", "/workflow-status"].map((tail) => call("GET", `${probe.path}${tail}`)));
  const events = await db.prisma.outboxEvent.findMany();
  const audit = await db.prisma.auditEntry.findMany();
  const rows = await db.sql.query("SELECT * FROM plugins");
  const everything = JSON.stringify([
    pages.map(({ text }) => text),
    listed,
    events.map(({ payload }) => payload),
    audit.map((e) => e.changes),
    rows.rows,
  ]);
  expect(everything).not.toContain("probe-4711");
});

test("a config that breaks the schema is refused, naming each field", async () => {
  const { call } = studio;
  const { path } = await aPlugin(studio, { name: "Strict", command: commands.probe });
  const { errors } = await call("PATCH", path, { config: { mode: "dance", limit: 11, other: 1 } });
  expect(errors.map(({ status, field }) => ({ status, field }))).toEqual(
    expect.arrayContaining(["config.mode", "config.limit", "config.other"].map((field) => ({ status: "422", field }))),
  );
  expect((await call("PATCH", path, { config: { api_key: "[redacted]" } })).errors[0]).toMatchObject({ field: "config.api_key" });
});

test("a plugin installed without the settings it needs waits for them, says which, and does not keep the studio unready", async () => {
  const { call } = studio;
  process.env.TEST_PROBE_NEEDS_KEY = "1";
  const created = await call("POST", "/api/v1/plugins", { name: "Needy", command: commands.probe, is_active: true });
  delete process.env.TEST_PROBE_NEEDS_KEY;
  expect(created.status).toBe(201);
  expect(created.data.attributes).toMatchObject({ state: "failed", state_error: expect.stringContaining("config.api_key is required") });
  const ready = await call("GET", "/ready", undefined, null);
  expect(ready).toMatchObject({ status: 200, json: { checks: { plugins: expect.stringContaining("not healthy") } } });
  const path = `/api/v1/plugins/${created.data.id}`;
  expect((await call("PATCH", path, { config: { mode: "allow" } })).errors[0]).toMatchObject({ field: "config.api_key" });
  await call("PATCH", path, { config: { mode: "allow", api_key: "k" } });
  await until(async () => (await call("GET", path)).data.attributes.state === "healthy");
});

test("a reload answers when the new process is healthy, a crash is healed, and both are in the log", async () => {
  const { call, runtime } = studio;
  const probe = await aPlugin(studio, { name: "Mortal", command: commands.probe });
  const pid = async () => (dataOf(await call("GET", `${probe.path}/status`)) as { pid: number }).pid;
  const first = await pid();
  const reloaded = await call("POST", `${probe.path}/reload`);
  expect(reloaded.status).toBe(200);
  const second = await pid();
  expect(second).not.toBe(first);
  expect((await probe.rpc("crash")).status).toBeGreaterThanOrEqual(500);
  await probe.healthy(({ restarts }) => restarts === 1);
  expect(await pid()).not.toBe(second);
  const logs = (await call("GET", `${probe.path}/logs`)).json as { data: { seq: number; text: string }[] };
  expect(logs.data.some(({ text }) => text.includes("unhealthy"))).toBe(true);
  const last = logs.data.at(-1)?.seq ?? 0;
  expect((await call("GET", `${probe.path}/logs?after=${last}`)).json).toEqual({ data: [] });

  await call("PATCH", probe.path, { is_active: false });
  await until(async () => runtime.plugins.host.get(probe.id) === undefined);
  expect((await probe.rpc("config")).status).toBe(400);
});

test("reloads under load cost no RPC, and settings that the plugin refuses leave it running with those from before", async () => {
  const { call, runtime } = studio;
  const probe = await aPlugin(studio, { name: "Busy", command: commands.probe });
  const statuses: number[] = [];
  let isLoaded = true;
  const callers = Array.from({ length: 8 }, async () => {
    while (isLoaded) statuses.push((await probe.rpc("config")).status);
  });
  for (let i = 0; i < 2; i += 1) expect((await call("POST", `${probe.path}/reload`)).status).toBe(200);
  isLoaded = false;
  await Promise.all(callers);
  expect(statuses.length).toBeGreaterThan(20);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);

  const pid = runtime.plugins.host.status(probe.id)?.pid;
  await call("PATCH", probe.path, { config: { mode: "allow", prefix: "broken" } });
  await probe.healthy(({ state_error }) => String(state_error).includes("broken on purpose"));
  expect(runtime.plugins.host.status(probe.id)).toMatchObject({ state: "healthy", pid });
  expect((await probe.rpc("config")).status).toBe(200);
  const refused = await call("POST", `${probe.path}/reload`);
  expect(refused.status).toBe(502);
  expect(refused.text).toContain("keeps running as before");
  await call("PATCH", probe.path, { config: { mode: "allow" } });
  await probe.healthy(({ state_error }) => !state_error);
}, 120_000);

test("the plugins of an LLM keep their order and overrides; unknown ones are named", async () => {
  const { call } = studio;
  const llm = (await call("POST", "/api/v1/llms", { name: "Ordered", vendor: "openai" })).data.id;
  const ids = await Promise.all(
    ["One", "Two", "Three"].map(async (name) => {
      const body = { name, command: commands.enricher, load_immediately: true };
      return Number((await call("POST", "/api/v1/plugins", body)).data.id);
    }),
  );
  const [one, two, three] = ids as [number, number, number];
  const path = `/api/v1/llms/${llm}/plugins`;
  const order = async () => (await call("GET", path)).list.map(({ id }) => Number(id));
  expect((await call("PUT", path, { plugin_ids: [three, one] })).json).toMatchObject({ message: "LLM plugins updated successfully" });
  expect(await order()).toEqual([three, one]);

  const override = { config_override: { additional_instruction: "Only for this one." } };
  expect((await call("PUT", `${path}/${one}/config`, override)).data).toMatchObject({ id: `${llm}-${one}`, attributes: override });
  await call("PUT", path, { plugin_ids: [one, two, three] });
  expect(await order()).toEqual([one, two, three]);
  expect((await call("GET", `${path}/${one}/config`)).data.attributes).toMatchObject(override);
  expect((await call("PUT", `${path}/${one}/config`, { config_override: { additional_instruction: 7 } })).errors[0]).toMatchObject({
    status: "422",
    field: "config_override.additional_instruction",
  });
  expect((await call("PUT", path, { plugin_ids: [one, 99_999] })).errors).toEqual([
    expect.objectContaining({ status: "422", field: "plugin_ids.1", detail: expect.stringContaining("99999") }),
  ]);
  expect(await order()).toEqual([one, two, three]);
  expect((await call("GET", `/api/v1/plugins/${one}/dependents`)).list).toEqual([expect.objectContaining({ type: "llms", id: llm })]);
  expect((await call("GET", `/api/v1/plugins/${one}`)).data.relationships).toMatchObject({ llms: { data: [{ id: llm }] } });
});

test("another build is looked at before it takes over: what it adds and drops is said, and nothing is stored", async () => {
  const { call } = studio;
  const plugin = (await call("POST", "/api/v1/plugins", { name: "Previewed", command: commands.enricher, load_immediately: true })).data;
  const path = `/api/v1/plugins/${plugin.id}`;
  const before = (await call("GET", path)).data.attributes;
  const preview = await call("POST", `${path}/preview`, { command: commands.validator });
  expect(preview.data.attributes).toMatchObject({ command: commands.validator, same_program: false });
  const { added, needs_approval } = preview.data.attributes as { added: string[]; needs_approval: string[] };
  expect(added).toContain("llm.before_create");
  expect(needs_approval).toContain("llm.before_create");
  const unusable = await call("POST", `${path}/preview`, { command: "/nowhere/at/all" });
  expect(unusable.errors[0]).toMatchObject({ status: "422", field: "command" });
  expect((await call("GET", path)).data.attributes).toEqual(before);
});

test("a schema's settings keep the order that their author gave them", async () => {
  const { call } = studio;
  const plugin = (await call("POST", "/api/v1/plugins", { name: "Ordered", command: commands.validator, load_immediately: true })).data;
  const loaded = await call("POST", `/api/v1/plugins/${plugin.id}/validate-and-load`, {});
  const authors = Object.keys((loaded.data.attributes.config_schema as { properties: object }).properties);
  const stored = await call("GET", `/api/v1/plugins/${plugin.id}/config-schema`);
  expect(Object.keys((stored.data.attributes.schema as { properties: object }).properties)).toEqual(authors);
  // Shorter names do not come first.
  expect(authors).not.toEqual(authors.toSorted((a, b) => a.length - b.length));
});
