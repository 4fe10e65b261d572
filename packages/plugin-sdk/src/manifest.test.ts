import type { PluginManifest } from "@portico/protocol";
import { expect, expectTypeOf, test } from "vitest";
import type { z } from "zod";
import { definePlugin } from "./define.ts";
import { defineManifest, type Manifest } from "./manifest.ts";
import { beforeSave } from "./object-hooks.ts";
import { allow, pass } from "./results.ts";

const identity = { id: "com.acme.audit", version: "1.0.0", name: "Audit" };

test("hooks, object hooks and methods are declared once: by the definition", () => {
  const { manifest } = definePlugin({
    manifest: defineManifest({
      ...identity,
      ui: { slots: [{ slot: "sidebar.section", items: [{ type: "component", mount: { kind: "iframe", app: "/ui/a.html" } }] }] },
    }),
    postAuth: () => pass(),
    objectHooks: [beforeSave("llm", () => allow())],
    rpc: { count: () => 1 },
  }).definition;
  expect(manifest.capabilities.hooks).toEqual(["post_auth", "object_hooks", "studio_ui"]);
  expect(manifest.permissions).toMatchObject({ object_hooks: ["llm.before_create", "llm.before_update"], rpc: ["count"] });
});

test("what a manifest lists must cover what the definition has", () => {
  const listing = (permissions: Manifest["permissions"]) => () =>
    definePlugin({
      manifest: { ...identity, permissions: permissions ?? {} },
      objectHooks: [beforeSave("llm", () => allow())],
      rpc: { count: () => 1 },
    });
  expect(listing({ object_hooks: ["llm.before_create"] })).toThrow("permissions.object_hooks does not list");
  expect(listing({ rpc: [] })).toThrow('a method "count", which its manifest\'s permissions.rpc does not list');
  expect(listing({ rpc: ["call"] })).not.toThrow();
});

test("a manifest that compiles is one that hosts read", () => {
  expectTypeOf<Manifest["permissions"]>().toExtend<z.input<typeof PluginManifest>["permissions"]>();
  expectTypeOf<Manifest["ui"]>().toExtend<z.input<typeof PluginManifest>["ui"]>();
  expectTypeOf<Manifest["portal"]>().toExtend<z.input<typeof PluginManifest>["portal"]>();
  expectTypeOf<Manifest["schedules"]>().toExtend<z.input<typeof PluginManifest>["schedules"]>();
});
