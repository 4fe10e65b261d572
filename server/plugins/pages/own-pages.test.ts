import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { warningsOf } from "../catalog/warnings.ts";
import { conflictOfPath, ownSections } from "./own-pages.ts";

const foldersIn = (path: string) =>
  readdirSync(new URL(`../../../app/${path}`, import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

test("the addresses that count as ours are those of the pages in app/", () => {
  expect(foldersIn("(admin)/admin/(own)")).toEqual(ownSections.admin);
  expect(foldersIn("(portal)/portal/(own)")).toEqual(ownSections.portal);
});

test("a plugin's page at an address of ours is warned of; below plugins and everywhere else it is free", () => {
  for (const path of ["/admin/llms", "/admin/plugins/new", "/admin/plugins/7", "/admin/llms/4/edit", "/admin/llms/x/edit", "/portal/apps"])
    expect(conflictOfPath(path), path).toMatch(/the dashboard uses this path/);
  expect(conflictOfPath("/admin/edges/berlin")).toMatch(/while there is an edge with the id berlin/);
  for (const path of [
    "/admin/plugins/my-studio",
    "/admin/plugins/my-studio/items",
    "/admin/feedback",
    "/portal/feedback",
    "/portal/apps/mine",
  ])
    expect(conflictOfPath(path), path).toBeUndefined();
});

test("the conflict is among the plugin's warnings", () => {
  const mount = { kind: "webc", tag: "my-page", entry: "/ui/my.js" };
  const items = ["/admin/llms", "/admin/plugins/mine"].map((path) => ({ type: "route", path, mount }));
  const manifest = {
    id: "a.b",
    version: "1",
    name: "Ours",
    capabilities: { hooks: ["studio_ui"] },
    ui: { slots: [{ slot: "sidebar.section", items }] },
  };
  expect(warningsOf({ manifest, hookTypes: ["studio_ui"], configSchema: {} })).toEqual([
    expect.stringContaining("/admin/llms cannot be opened"),
  ]);
});
