import type { PluginStatus } from "@portico/plugin-host";
import type { HubState } from "./config/hub-link.ts";
import type { RoutingTable } from "./config/routing-table.ts";

/** Whether the gateway can do its work, and what is missing if not. */
export type Readiness = { ready: boolean; body: Record<string, unknown> };

/** A lost hub shows but does not count: the gateway serves on without it. */
export function readiness({ table, plugins, hub }: { table: RoutingTable | undefined; plugins: PluginStatus[]; hub: HubState }): Readiness {
  const missing: string[] = [];
  if (!table)
    missing.push(
      hub.connected ? "a configuration snapshot (waiting for the hub to send one)" : `a configuration snapshot (hub: ${hub.error})`,
    );
  const expected = [...(table?.plugins.values() ?? [])].filter((plugin) => plugin.runsHere);
  const pluginChecks = expected.map(({ id, name }) => {
    const status = plugins.find((candidate) => candidate.id === id);
    const state = status?.state ?? "starting";
    if (state !== "healthy") missing.push(`plugin "${name}" (${state}${status?.error ? `: ${status.error}` : ""})`);
    return { id, name, state, ...(status?.error ? { error: status.error } : {}) };
  });
  const checks = {
    snapshot: table ? { status: "ok", version: table.version, checksum: table.checksum } : { status: "missing" },
    plugins: { status: pluginChecks.every((plugin) => plugin.state === "healthy") ? "ok" : "degraded", items: pluginChecks },
    hub: {
      status: hub.connected ? "ok" : "degraded",
      since: new Date(hub.sinceMs).toISOString(),
      ...(hub.connected ? {} : { error: hub.error }),
    },
  };
  const ready = missing.length === 0;
  return { ready, body: { status: ready ? "ready" : "not ready", service: "gateway", ...(ready ? {} : { missing }), checks } };
}
