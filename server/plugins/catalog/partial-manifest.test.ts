import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { aStudio, type Studio } from "../../testing.ts";
import { commands, until } from "../test/harness.ts";
import { parseManifest } from "./manifest.ts";

vi.setConfig({ testTimeout: 60_000 });

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterEach(() => {
  delete process.env.TEST_PLUGIN_MANIFEST;
});
afterAll(() => studio.close());

const scaffold = { name: "My Gateway", version: "1.0.0", description: "Made by a generator", capabilities: ["post_auth"] };
const install = (manifest: string, body: object) => {
  process.env.TEST_PLUGIN_MANIFEST = manifest;
  return studio.call("POST", "/api/v1/plugins", { command: commands.bare, is_active: true, ...body });
};

test("a plugin without a manifest is installed with the hooks that it is given, whichever way it says that it has none", async () => {
  for (const [name, manifest] of [
    ["Nothing", ""],
    ["Braces", "{}"],
    ["Null", "null"],
    ["Blanks", '{"description":""}'],
  ] as const) {
    const made = await install(manifest, { name, hook_type: "data_collection" });
    expect(made.status, made.text).toBe(201);
    expect(made.data.attributes).toMatchObject({ hook_type: "data_collection", hook_types: ["data_collection"], runs_on: ["gateway"] });
    expect(made.data.attributes.warnings).toEqual(expect.arrayContaining([expect.stringMatching(/no manifest|declares no hooks/)]));
  }
});

test("a generated manifest, a list of words and no id, loads with those hooks, and is described in words wherever the plugin is looked at", async () => {
  const { call } = studio;
  const made = await install(JSON.stringify(scaffold), { name: "Generated", hook_type: "post_auth" });
  expect(made.status, made.text).toBe(201);
  expect(made.data.attributes).toMatchObject({
    hook_types: ["post_auth"],
    description: "Made by a generator",
    manifest: scaffold,
    warnings: [expect.stringContaining('no id: "local.my-gateway" is used'), expect.stringContaining("the list is read as the hooks")],
  });
  const path = `/api/v1/plugins/${made.data.id}`;
  const tried = await call("POST", `${path}/test`);
  expect(tried.data).toMatchObject({
    status: "passed",
    message: expect.stringContaining("no id"),
    details: { command_valid: true, manifest_valid: true, hook_type_valid: true, issues: [], warnings: made.data.attributes.warnings },
  });
  const loaded = await call("POST", `${path}/validate-and-load`, {});
  expect(loaded.data.attributes).toMatchObject({ hook_types: ["post_auth"], warnings: made.data.attributes.warnings });

  const unnamed = await install(JSON.stringify(scaffold), { name: "Generated, nothing named" });
  expect(unnamed.data.attributes.hook_types).toEqual(["post_auth"]);
  const collector = await install(JSON.stringify({ ...scaffold, capabilities: ["data_collector"] }), { name: "Generated collector" });
  expect(collector.data.attributes.hook_types).toEqual(["data_collection"]);
});

test("a manifest that lacks nothing but its id keeps its permissions and runs in the studio", async () => {
  const { id: _id, ...manifest } = {
    id: "",
    name: "No id",
    version: "2",
    capabilities: { hooks: ["agent"] },
    permissions: { rpc: ["echo"] },
  };
  const made = await install(JSON.stringify(manifest), { name: "No id" });
  expect(made.data.attributes.capabilities).toEqual(["agent", "rpc:echo"]);
  const path = `/api/v1/plugins/${made.data.id}`;
  await studio.call("POST", `${path}/approve-scopes`, { approved: true });
  await until(async () => (await studio.call("GET", path)).data.attributes.state === "healthy");
  expect((await studio.call("POST", `${path}/rpc/echo`, { a: 1 })).json).toEqual({ data: { a: 1 } });
});

test("a plugin for which nobody names hooks is refused in words, at installation and in a test of it", async () => {
  const { call } = studio;
  const refused = await install("{}", { name: "Hookless" });
  expect(refused.errors[0]).toMatchObject({
    status: "422",
    field: "hook_types",
    detail: expect.stringContaining("has no manifest: list the hooks"),
  });
  const stored = await install("{}", { name: "Hookless", is_active: false });
  const tried = await call("POST", `/api/v1/plugins/${stored.data.id}/test`);
  expect(tried.data).toMatchObject({
    status: "failed",
    message: expect.stringContaining("The plugin has no manifest: list the hooks"),
    details: { command_valid: true, manifest_valid: true, hook_type_valid: false, issues: [{ field: "hook_types" }] },
  });
  const named = await call("PATCH", `/api/v1/plugins/${stored.data.id}`, { hook_types: ["post_auth"], is_active: true });
  expect(named.data.attributes).toMatchObject({ is_active: true, hook_types: ["post_auth"] });
});

test("a manifest with a fault is refused by the place and in words, and a test of its plugin says that the program itself starts", async () => {
  const manifest = JSON.stringify({ id: "x", version: 1, name: ["no"], capabilities: { hooks: "post_auth" } });
  expect(() => parseManifest(manifest)).toThrow(
    expect.objectContaining({
      issues: [
        expect.objectContaining({ field: "manifest.version", message: "must be text, not 1" }),
        expect.objectContaining({ field: "manifest.name", message: "must be text, not a list" }),
        expect.objectContaining({ field: "manifest.capabilities.hooks", message: 'must be a list, not "post_auth"' }),
      ],
    }),
  );
  const stored = await install(manifest, { name: "Faulty", is_active: false });
  const tried = await studio.call("POST", `/api/v1/plugins/${stored.data.id}/test`);
  expect(tried.data).toMatchObject({ details: { command_valid: true, manifest_valid: false, tests_run: ["command", "manifest"] } });
});
