import type { PluginStatus } from "@portico/plugin-host";
import { expect, test } from "vitest";
import type { GatewayPlugin, RoutingTable } from "./config/routing-table.ts";
import { readiness } from "./health.ts";

const hub = { connected: true, sinceMs: 0, error: "" };
const table = {
  version: 3,
  checksum: "c",
  plugins: new Map([[7, { id: 7, name: "Slow", runsHere: true } as GatewayPlugin]]),
} as unknown as RoutingTable;
const plugins = [{ id: 7, state: "starting", error: "" } as PluginStatus];

test("a gateway waits for the first attempt at each plugin, and for no later one", () => {
  const first = readiness({ table, plugins, pluginsTried: false, hub, detailed: true });
  expect(first).toMatchObject({ ready: false, body: { missing: ['plugin "Slow" (starting)'] } });
  const later = readiness({ table, plugins, pluginsTried: true, hub, detailed: false });
  expect(later).toMatchObject({ ready: true, body: { checks: { plugins: { status: "degraded", count: 1 } } } });
  expect(readiness({ table: undefined, plugins: [], pluginsTried: true, hub, detailed: false }).ready).toBe(false);
});
