import { appendFile, chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { parseManifest } from "../server/plugins/catalog/manifest.ts";
import { dataOf, until } from "../server/plugins/test/harness.ts";
import { aStudio, type Studio } from "../server/testing.ts";

// Plugins are real processes, several of which start and stop in a test.
vi.setConfig({ testTimeout: 90_000 });

let studio: Studio;
let folder: string;
beforeAll(async () => {
  studio = await aStudio();
  folder = await mkdtemp(join(import.meta.dirname, ".hostile-"));
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

const page = {
  slots: [
    {
      slot: "sidebar.section",
      label: "Hostile",
      items: [{ type: "route", path: "/admin/hostile", title: "Hostile", mount: { kind: "webc", tag: "hostile-page", entry: "/page.js" } }],
    },
  ],
};
type Permissions = { services?: string[]; object_hooks?: string[]; rpc?: string[]; events?: object };
let made = 0;

/** A hostile program of its own with this manifest, installed and not approved. */
async function hostile(hooks: string[], permissions?: Permissions, { start = true } = {}) {
  const { call, runtime } = studio;
  const n = ++made;
  const dir = join(folder, `plugin-${n}`);
  const manifestFile = join(folder, `manifest-${n}.json`);
  const program = join(dir, "plugin.ts");
  const manifest = (asked?: Permissions) =>
    JSON.stringify({
      id: "test.hostile",
      version: "1.0.0",
      name: "Hostile",
      capabilities: { hooks },
      ...(asked ? { permissions: asked } : {}),
      ...(hooks.includes("studio_ui") ? { ui: page } : {}),
    });
  await writeFile(manifestFile, manifest(permissions));
  await mkdir(dir);
  // The SDK would complete the manifest and refuse one that leaves something out: an attacker does not.
  const lines = [
    "#!/usr/bin/env node",
    'import { readFileSync } from "node:fs";',
    'import { definePlugin } from "@portico/plugin-sdk";',
    'import { hostile } from "../../fixtures/hostile.ts";',
    `const plugin = definePlugin(hostile({ judges: ${hooks.includes("object_hooks")} }));`,
    `plugin.definition.manifest = JSON.parse(readFileSync(${JSON.stringify(manifestFile)}, "utf8"));`,
    "export default plugin;",
  ];
  await writeFile(program, `${lines.join("\n")}\n`);
  await chmod(program, 0o755);
  const created = await call("POST", "/api/v1/plugins", { name: `Hostile ${n}`, command: `file://${program}`, is_active: true });
  expect(created.status, created.text).toBe(201);
  const id = Number(created.data.id);
  const path = `/api/v1/plugins/${id}`;
  const state = async () => (await call("GET", path)).data.attributes;
  const healthy = () => until(async () => (await state()).state === "healthy", 30_000);
  const started = () => until(async () => runtime.plugins.host.get(id), 30_000);
  if (start) await healthy();
  type Try = { pid: number; what: string; outcome: unknown };
  const outcomes = async () =>
    ((await call("GET", `${path}/logs`)).json as { data: { text: string }[] }).data.flatMap(({ text }) =>
      text.startsWith("TRIED ") ? [JSON.parse(text.slice("TRIED ".length)) as Try] : [],
    );
  const pid = async () => (dataOf(await call("GET", `${path}/status`)) as { pid: number }).pid;
  /** What the process that runs now tried, once it is through. */
  const attempts = async () => {
    const current = await pid();
    const ofCurrent = async () => (await outcomes()).filter((one) => one.pid === current);
    await until(async () => (await ofCurrent()).some(({ what }) => what === "finished"), 30_000);
    return Object.fromEntries((await ofCurrent()).map(({ what, outcome }) => [what, outcome]));
  };
  return {
    id,
    path,
    program,
    state,
    healthy,
    attempts,
    outcomes,
    pid,
    asksFor: (more: Permissions) => writeFile(manifestFile, manifest(more)),
    async approve(body: object = {}) {
      const before = await started();
      const answer = await call("POST", `${path}/approve-scopes`, { approved: true, ...body });
      // Changed grants restart it.
      if (answer.status === 200)
        await until(async () => runtime.plugins.host.get(id) !== before && (await state()).state === "healthy", 30_000);
      return answer;
    },
    [Symbol.asyncDispose]: async () => void (await call("DELETE", path)),
  };
}

const aUser = (name: string, more: object = {}) => ({ name, email: `user-${crypto.randomUUID()}@test.example`, ...more });
const anLlm = (name: string, more: object = {}) => ({
  name,
  vendor: "openai",
  api_endpoint: "https://api.openai.com/v1",
  api_key: "sk-VICTIM",
  short_description: "x",
  ...more,
});
const post = (path: string, body: object) => studio.call("POST", path, body);
const count = async () => [await studio.db.prisma.user.count(), await studio.db.prisma.llm.count()];

test("a plugin with an empty manifest can do nothing, neither before nor after somebody approves it", async () => {
  await using plugin = await hostile(["studio_ui"]);
  const refused = { refused: expect.stringMatching(/service access not authorized|insufficient scope/) };
  const nothing = {
    users: refused,
    llms: refused,
    kv: refused,
    "publish shared.topic": refused,
    "publish system.user.created": { refused: expect.stringContaining("host's own") },
  };
  const pages = async () => (await studio.call("GET", "/api/v1/plugins/ui-registry")).list;
  const call = async () => (await post(`${plugin.path}/rpc/secret`, {})).errors[0]?.status;
  const asset = async () => (await studio.call("GET", `/api/v1/plugins/assets/${plugin.id}/page.js`)).status;
  expect(await plugin.attempts()).toMatchObject(nothing);
  expect([await pages(), await call(), await asset()]).toEqual([[], "403", 404]);
  expect((await post("/api/v1/users", aUser("BLOCK me"))).status).toBe(201);

  await plugin.approve();
  expect(await plugin.attempts()).toMatchObject(nothing);
  expect(await call()).toBe("403");
  // What it does ask for by being a plugin with pages, and no more.
  expect((await plugin.state()).granted_capabilities).toEqual(["studio_ui"]);
  expect(await pages()).toHaveLength(1);
  expect((await post("/api/v1/users", aUser("ESCALATE me"))).data.attributes.is_admin).toBe(false);
  expect((await plugin.outcomes()).filter(({ what }) => what.startsWith("heard"))).toEqual([]);
});

test("a plugin that registers hooks which its manifest does not declare does not run, and judges nothing", async () => {
  await using plugin = await hostile(["object_hooks"], { object_hooks: [] }, { start: false });
  const failed = await until(async () => {
    const { state, state_error } = await plugin.state();
    return String(state_error).includes("not in the manifest") && { state, state_error };
  }, 30_000);
  expect(failed.state_error).toContain("permissions.object_hooks");
  expect((await post("/api/v1/users", aUser("BLOCK me"))).status).toBe(201);
});

const judge = (services: string[] = []) =>
  hostile(["object_hooks"], { services, object_hooks: ["user", "llm"].flatMap((one) => [`${one}.before_create`, `${one}.before_update`]) });

test("an unapproved plugin is not asked about users or LLMs", async () => {
  await using plugin = await judge();
  expect(await plugin.state()).toMatchObject({ status: "scopes_pending", granted_capabilities: [] });
  expect((await post("/api/v1/users", aUser("BLOCK and ESCALATE"))).data.attributes.is_admin).toBe(false);
  expect((await post("/api/v1/llms", anLlm("BLOCK and STEAL"))).data.attributes.api_endpoint).toBe("https://api.openai.com/v1");
});

test("a plugin that checks users makes nobody an administrator, member, verified or somebody else without users.privileges", async () => {
  const { call, db } = studio;
  const plain = (await post("/api/v1/users", aUser("Plain", { email_verified: false }))).data.id;
  await using plugin = await judge();
  await plugin.approve();
  const before = await count();
  for (const [name, field] of [
    ["ESCALATE", "is_admin"],
    ["JOIN", "groups"],
    ["TAKE OVER", "email"],
  ] as const)
    for (const answer of [await post("/api/v1/users", aUser(name)), await call("PATCH", `/api/v1/users/${plain}`, { name })]) {
      expect(answer.status, `${name}: ${answer.text}`).toBe(502);
      expect(answer.errors[0]).toMatchObject({ code: "hook_invalid", field, meta: { plugin_id: plugin.id } });
      expect(answer.errors[0]?.detail).toContain("users.privileges");
    }
  expect(await count()).toEqual(before);
  // A field that it leaves out does not fall back to a default that is more.
  const verified = await call("PATCH", `/api/v1/users/${plain}`, { name: "VERIFY" });
  expect(verified.data.attributes).toMatchObject({ name: "VERIFY", email_verified: false });
  await plugin[Symbol.asyncDispose]();

  await using entitled = await judge(["users.privileges"]);
  await entitled.approve();
  const raised = await post("/api/v1/users", aUser("ESCALATE"));
  expect(raised.data.attributes.is_admin).toBe(true);
  const entry = await db.prisma.auditEntry.findFirstOrThrow({ where: { action: "user.created", objectId: raised.data.id } });
  expect(entry.changes).toMatchObject({
    changed_by_plugins: [{ plugin_id: entitled.id, plugin: expect.any(String), fields: ["is_admin"] }],
  });
});

test("an LLM's key, given, stored or still to come, goes to no endpoint that a plugin chose", async () => {
  const { call } = studio;
  const llm = (await post("/api/v1/llms", anLlm("Stored"))).data.id;
  await using plugin = await judge();
  await plugin.approve();
  const before = await count();
  for (const [name, field] of [
    ["STEAL", "api_endpoint"],
    ["SWITCH", "vendor"],
  ] as const)
    for (const answer of [
      await post("/api/v1/llms", anLlm(name)),
      await post("/api/v1/llms", anLlm(name, { api_key: "" })),
      await call("PATCH", `/api/v1/llms/${llm}`, { name }),
    ])
      expect(answer.errors[0]).toMatchObject({ status: "502", code: "hook_invalid", field, meta: { plugin_id: plugin.id } });
  expect(await count()).toEqual(before);
  expect((await call("GET", `/api/v1/llms/${llm}`)).data.attributes).toMatchObject({ name: "Stored", vendor: "openai" });
});

test("no plugin changes a field without the audit entry saying which plugin and which field, on create and on update", async () => {
  const { call, db } = studio;
  await using plugin = await judge();
  await plugin.approve();
  const llm = (await post("/api/v1/llms", anLlm("RENAME one"))).data;
  expect(llm.attributes.name).toBe("renamed one");
  await call("PATCH", `/api/v1/llms/${llm.id}`, { name: "RENAME two" });
  const entries = await db.prisma.auditEntry.findMany({ where: { objectType: "llm", objectId: llm.id }, orderBy: { id: "asc" } });
  const byPlugin = { changed_by_plugins: [{ plugin_id: plugin.id, plugin: expect.any(String), fields: ["name"] }] };
  expect(entries.map(({ changes }) => changes)).toMatchObject([
    { name: "renamed one", ...byPlugin },
    { name: "renamed two", ...byPlugin },
  ]);
});

test("a subscriber to everything hears of nothing that it may not read, and no settings or free text", async () => {
  const { call } = studio;
  await using plugin = await hostile(["studio_ui"], { services: ["apps.read"] });
  await plugin.approve();
  await plugin.attempts();
  await post("/api/v1/users", aUser("Private"));
  await post("/api/v1/llms", anLlm("Unheard"));
  await call("PATCH", plugin.path, { description: "changed" });
  await post("/api/v1/apps", { name: "Heard", metadata: { secret: "meta-secret" } });
  const heard = await until(async () => {
    const events = (await plugin.outcomes()).filter(({ what }) => what.startsWith("heard"));
    return JSON.stringify(events).includes('"Heard"') && events;
  }, 30_000);
  expect(new Set(heard.map(({ outcome }) => (outcome as { topic: string }).topic))).toEqual(new Set(["system.app.created"]));
  expect(JSON.stringify(heard)).not.toContain("meta-secret");
});

test("no plugin publishes as the host or as another plugin, whatever it was granted", async () => {
  await using plugin = await hostile(["studio_ui"], { services: ["events.publish"] });
  await plugin.approve();
  const attempts = await plugin.attempts();
  for (const topic of ["system.user.created", "system.plugin_resource.instance_changed", ...(plugin.id === 1 ? [] : ["plugin.1.own"])])
    expect(attempts[`publish ${topic}`], topic).toMatchObject({ refused: expect.any(String) });
  expect(attempts["publish shared.topic"]).toEqual({ done: null });
});

test("nothing is approved that the administrator did not see", async () => {
  const { call } = studio;
  await using plugin = await hostile(["studio_ui"], { services: ["kv.readwrite"] });
  const seen = String((await plugin.state()).approval);
  await plugin.asksFor({ services: ["kv.readwrite", "apps.write", "plugins.write"] });
  await call("POST", `${plugin.path}/reload`);
  const stale = await call("POST", `${plugin.path}/approve-scopes`, { approved: true, approval: seen });
  expect(stale.errors[0]).toMatchObject({ status: "409", field: "approval", detail: expect.stringContaining("plugins.write") });
  expect((await plugin.state()).granted_capabilities).toEqual([]);

  await plugin.approve();
  expect(await plugin.state()).toMatchObject({
    granted_capabilities: ["kv.readwrite", "studio_ui"],
    pending_capabilities: ["apps.write", "plugins.write"],
    status: "scopes_pending",
    service_access_authorized: false,
  });
  await plugin.approve({ approval: (await plugin.state()).approval });
  expect(await plugin.state()).toMatchObject({ pending_capabilities: [], status: "ready", service_access_authorized: true });
});

test("another program at the same place has neither the approval nor the trust of the one that was approved", async () => {
  const { call, runtime } = studio;
  await using plugin = await judge();
  await plugin.approve({ approval: (await plugin.state()).approval, ui_trusted: true });
  expect((await post("/api/v1/llms", anLlm("BLOCK"))).status).toBe(422);
  await appendFile(plugin.program, "// something else\n");

  // A restart does not run it, and what it was approved to check stays shut meanwhile.
  process.kill(await plugin.pid(), "SIGKILL");
  await until(async () => String((await plugin.state()).state_error).includes("changed since it was approved"), 30_000);
  const blocked = await post("/api/v1/llms", anLlm("Waiting"));
  expect(blocked.errors[0]).toMatchObject({ status: "503", code: "plugin_unavailable", meta: { plugin_id: plugin.id } });

  expect((await call("POST", `${plugin.path}/reload`)).status).toBe(200);
  expect(await plugin.state()).toMatchObject({
    code_changed: true,
    ui_trusted: false,
    service_access_authorized: false,
    status: "scopes_pending",
    granted_capabilities: [],
  });
  expect((await post("/api/v1/llms", anLlm("BLOCK but unapproved"))).status).toBe(201);
  // Without a word about what was seen, the program that was installed is the only one that can be approved.
  expect((await call("POST", `${plugin.path}/approve-scopes`, { approved: true })).errors[0]).toMatchObject({
    status: "409",
    field: "approval",
  });
  await plugin.approve({ approval: (await plugin.state()).approval });
  expect(await plugin.state()).toMatchObject({ code_changed: false, status: "ready" });
  expect(runtime.plugins.host.get(plugin.id)).toBeDefined();
});

test("an approved check that cannot run, because its settings no longer fit, does not open what it guards", async () => {
  await using plugin = await judge();
  await plugin.approve();
  const configSchema = { type: "object", properties: { needed: { type: "string" } }, required: ["needed"] };
  await studio.db.prisma.plugin.update({ where: { id: plugin.id }, data: { configSchema } });
  await studio.runtime.plugins.start();
  await until(async () => String((await plugin.state()).state_error).includes("needed"), 30_000);
  const blocked = await post("/api/v1/llms", anLlm("Unchecked"));
  expect(blocked.errors[0]).toMatchObject({ status: "503", meta: { plugin_id: plugin.id }, detail: expect.stringContaining("needed") });
});

test("an empty or absent permissions.rpc lets pages call nothing", async () => {
  for (const permissions of [{ rpc: [] }, { services: ["kv.readwrite"] }, { rpc: ["other"] }]) {
    await using plugin = await hostile(["studio_ui"], permissions);
    await plugin.approve();
    expect((await post(`${plugin.path}/rpc/secret`, {})).errors[0]).toMatchObject({
      status: "403",
      detail: expect.stringContaining("permissions.rpc"),
    });
  }
  await using open = await hostile(["studio_ui"], { rpc: ["call"] });
  expect((await post(`${open.path}/rpc/secret`, {})).errors[0]).toMatchObject({
    status: "403",
    detail: expect.stringContaining("not approved"),
  });
  await open.approve();
  expect(dataOf(await post(`${open.path}/rpc/secret`, {}))).toBe("an answer");
});

test("a manifest that asks for a scope or a hook that does not exist is refused by name; the reference's own words are not", () => {
  const asking = (permissions: object) =>
    JSON.stringify({ id: "x", version: "1", name: "X", capabilities: { hooks: ["studio_ui"] }, permissions });
  for (const [permissions, field] of [
    [{ services: ["kv.readwrite", "root"] }, "manifest.permissions.services.1"],
    [{ services: ["*"] }, "manifest.permissions.services.0"],
    [{ object_hooks: ["*"] }, "manifest.permissions.object_hooks.0"],
    [{ events: { subscribe: ["system.user.created"] } }, "manifest.permissions.events.subscribe.0"],
    [{ events: { publish: ["*"] } }, "manifest.permissions.events.publish.0"],
  ] as const)
    expect(() => parseManifest(asking(permissions)), field).toThrow(
      expect.objectContaining({ issues: [expect.objectContaining({ field })] }),
    );
  expect(parseManifest(asking({ services: ["tools.execute", "kv.read", "llms.read"] })).manifest).toBeDefined();
});
