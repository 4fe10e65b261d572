import { hookTypes } from "@portico/protocol";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { aStudio, type Studio } from "../../testing.ts";
import { PluginDraft, PluginPatch, pluginCategories, pluginTypes } from "../contract.ts";
import { aPlugin, commands } from "../test/harness.ts";

vi.setConfig({ testTimeout: 60_000 });

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

test("a plugin_type, hook_type or hook_types that does not exist is refused, naming field, value and what is allowed", async () => {
  const { call } = studio;
  const stored = await call("POST", "/api/v1/plugins", { name: "Typed", command: commands.probe });
  const path = `/api/v1/plugins/${stored.data.id}`;
  const faults = [
    ["plugin_type", { plugin_type: "gatewey" }, 'must be one of gateway, ai_studio, agent, Full-Stack Plugin, .*, not "gatewey"$'],
    ["hook_type", { hook_type: "pre-auth" }, 'must be one of pre_auth, auth, .*, pending, not "pre-auth"$'],
    ["hook_types.1", { hook_types: ["auth", "gateway"] }, 'must be one of pre_auth, auth, .*, resource_provider, not "gateway"$'],
    ["hook_types", { hook_types: "auth" }, "must be a list of hook types$"],
  ] as const;
  for (const [field, body, detail] of faults)
    for (const answer of [
      await call("POST", "/api/v1/plugins", { name: "Typed too", command: commands.probe, ...body }),
      await call("PATCH", path, body),
    ])
      expect(answer.errors).toEqual([
        expect.objectContaining({ status: "422", code: "validation_failed", field, detail: expect.stringMatching(detail) }),
      ]);
  expect((await call("GET", "/api/v1/plugins?q=Typed")).meta.total_count).toBe(1);
});

test("every word that clients have for a kind of plugin or hook is taken; one that says nothing changes nothing", () => {
  const kinds = [...pluginTypes, ...pluginCategories, "", null, undefined].map((plugin_type) => ({ plugin_type }));
  const hooks = [...hookTypes, "pending"].map((hook_type) => ({
    hook_type,
    ...(hook_type === "pending" ? {} : { hook_types: [hook_type] }),
  }));
  for (const more of [...kinds, ...hooks]) {
    expect(PluginDraft.parse({ name: "Any", command: "/opt/any", ...more })).toMatchObject(more);
    expect(PluginPatch.parse(more)).toMatchObject(more);
  }
  for (const nothing of ["", null, undefined]) expect(PluginPatch.parse({ hook_type: nothing }).hook_type).toBeUndefined();
  expect(PluginPatch.parse({ hook_types: null }).hook_types).toBeUndefined();
});

test("plugins are listed by where they run, one that runs in both places in both lists, and by no other word", async () => {
  const { call } = studio;
  const draft = (slug: string, hook_types: string[]) => ({ name: slug, slug, command: commands.probe, hook_types });
  await call("POST", "/api/v1/plugins", draft("edge-only", ["custom_endpoint"]));
  await call("POST", "/api/v1/plugins", draft("here-only", ["resource_provider"]));
  await call("POST", "/api/v1/plugins", draft("both", ["on_response", "portal_ui"]));
  const slugs = async (type: string) => (await call("GET", `/api/v1/plugins/type/${type}`)).list.map(({ attributes }) => attributes.slug);
  expect(await slugs("gateway")).toEqual(["edge-only", "both"]);
  expect(await slugs("ai_studio")).toEqual(["here-only", "both"]);
  expect((await call("GET", "/api/v1/plugins/type/bogus")).errors[0]).toMatchObject({
    status: "400",
    field: "type",
    detail: 'type: must be one of gateway, ai_studio, not "bogus"',
  });
});

test("a test of a plugin says what its executable, hooks and settings lack, and writes nothing", async () => {
  const { call, db } = studio;
  const created = await call("POST", "/api/v1/plugins", {
    name: "Tried",
    command: commands.probe,
    load_immediately: true,
    config: { mode: "allow", limit: 4 },
  });
  const id = Number(created.data.id);
  const row = () => db.prisma.plugin.findUniqueOrThrow({ where: { id } });
  const tried = async () => {
    const before = await row();
    const { status, json } = await call("POST", `/api/v1/plugins/${id}/test`, { ignored: true });
    expect(status).toBe(200);
    expect(await row()).toEqual(before);
    return (json as { data: unknown }).data;
  };
  expect(await tried()).toMatchObject({
    plugin_id: id,
    plugin_name: "Tried",
    hook_type: "object_hooks",
    status: "passed",
    details: { command_valid: true, hook_type_valid: true, config_valid: true, has_checksum: false, namespace: "", issues: [] },
  });
  await call("PATCH", `/api/v1/plugins/${id}`, { hook_types: ["object_hooks", "auth"] });
  expect(await tried()).toMatchObject({
    status: "failed",
    message: "hook_types has auth, but the manifest declares only object_hooks, studio_ui.",
    details: { command_valid: true, hook_type_valid: false, config_valid: false, tests_run: ["command", "manifest", "hook_types"] },
  });
  await call("PATCH", `/api/v1/plugins/${id}`, { command: "/nowhere/at/all" });
  expect(await tried()).toMatchObject({
    status: "failed",
    message: expect.stringContaining("does not exist"),
    details: { command_valid: false, tests_run: ["command"] },
  });
});

test("pages that are unloaded are gone from the registry and the menu until they are loaded, while the process goes on", async () => {
  const { call } = studio;
  const probe = await aPlugin(studio, { name: "Paged", command: commands.probe });
  const counts = async () => [
    (await call("GET", "/api/v1/plugins/ui-registry")).list.length,
    (await call("GET", "/api/v1/plugins/sidebar-menu")).list.length,
  ];
  expect(await counts()).toEqual([2, 1]);
  expect((await call("POST", `${probe.path}/ui/unload`)).json).toEqual({ message: "Plugin UI unloaded successfully" });
  expect(await counts()).toEqual([0, 0]);
  await call("POST", `${probe.path}/reload`);
  expect(await counts()).toEqual([0, 0]);
  expect(await probe.state()).toMatchObject({ state: "healthy" });
  expect((await call("POST", `${probe.path}/ui/load`)).json).toEqual({ message: "Plugin UI loaded successfully" });
  expect(await counts()).toEqual([2, 1]);
  await call("POST", `${probe.path}/ui/unload`);
  await call("POST", `${probe.path}/manifest/parse`);
  expect(await counts()).toEqual([2, 1]);
});
