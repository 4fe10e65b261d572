import { dataAttributes } from "@portico/plugin-bridge";
import { expect, test } from "vitest";
import type { PluginUiEntry } from "../../server/plugins/contract/pages.ts";
import { matchRoute } from "./match-route.ts";

const row = (id: number, route_pattern: string): PluginUiEntry => ({
  id,
  plugin_id: id,
  slot_type: "sidebar.section",
  route_pattern,
  component_tag: "x-page",
  entry_point: "ui/x.js",
  mount_config: { kind: "webc" },
  is_active: true,
  load_priority: 0,
  scope: "admin",
  allowed_groups: null,
  ui_trusted: false,
  entry_url: null,
  entry_integrity: null,
  entry_type: null,
  frame_url: null,
  unavailable: "",
  created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
  plugin: { id, name: "X", slug: "x", description: "", ui_trusted: false },
});

test("an address below a registered page is that page's, with the rest as its sub path", () => {
  const rows = [row(1, "/admin/feedback"), row(2, "/admin/feedback/settings")];
  expect(matchRoute(rows, "/admin/feedback")).toEqual({ row: rows[0], subPath: "" });
  expect(matchRoute(rows, "/admin/feedback/items/3")).toEqual({ row: rows[0], subPath: "items/3" });
  expect(matchRoute(rows, "/admin/feedback/settings/mail")).toEqual({ row: rows[1], subPath: "mail" });
});

test("a page does not swallow an address that only begins like it", () => {
  expect(matchRoute([row(1, "/admin/feedback")], "/admin/feedback-archive")).toBeNull();
  expect(matchRoute([row(1, "/")], "/admin/feedback")).toBeNull();
});

test("props of a mount become kebab-case data attributes, text as it is and the rest as JSON", () => {
  expect(dataAttributes({ apiBase: "/x", maxItems: 3, open: true, labels: ["a"] })).toEqual([
    ["data-api-base", "/x"],
    ["data-max-items", "3"],
    ["data-open", "true"],
    ["data-labels", '["a"]'],
  ]);
});
