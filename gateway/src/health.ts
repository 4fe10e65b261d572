import type { PluginStatus } from "@portico/plugin-host";
import type { HubState } from "./config/hub-link.ts";
import type { RoutingTable } from "./config/routing-table.ts";

/** Whether the gateway can do its work, and what is missing if not. */
export type Readiness = {
  ready: boolean;
  /** It serves, though not everything works. */
  degraded: boolean;
  body: Record<string, unknown>;
};

/**
 * A lost hub shows but does not count: the gateway serves on without it. Plugins count until each has been tried once; one that fails then
 * stops the calls of its own LLMs only, and must not keep the gateway from serving all others.
 * @param options.detailed names plugins and says what went wrong; otherwise only how many and how.
 */
export function readiness({
  table,
  plugins,
  pluginsTried,
  hub,
  detailed,
}: {
  table: RoutingTable | undefined;
  plugins: PluginStatus[];
  /** The first attempts at the plugins of the first snapshot are over. */
  pluginsTried: boolean;
  hub: HubState;
  detailed: boolean;
}): Readiness {
  const missing: string[] = [];
  if (!table) {
    const reason = hub.connected ? "waiting for the hub to send one" : detailed ? `hub: ${hub.error}` : "the hub has not been reached";
    missing.push(`a configuration snapshot (${reason})`);
  }
  const items = [...(table?.plugins.values() ?? [])]
    .filter((plugin) => plugin.runsHere)
    .map(({ id, name }) => {
      const status = plugins.find((candidate) => candidate.id === id);
      return { id, name, state: status?.state ?? "starting", ...(status?.error ? { error: status.error } : {}) };
    });
  const absent = items.filter(({ state }) => state !== "healthy");
  if (pluginsTried) {
    // Named in `checks` alone.
  } else if (detailed) for (const { name, state, error } of absent) missing.push(`plugin "${name}" (${state}${error ? `: ${error}` : ""})`);
  else if (absent.length > 0)
    missing.push(`${absent.length} of ${items.length} plugins (${[...new Set(absent.map(({ state }) => state))].join(", ")})`);
  const checks = {
    snapshot: table ? { status: "ok", version: table.version, checksum: table.checksum } : { status: "missing" },
    plugins: { status: absent.length === 0 ? "ok" : "degraded", count: items.length, ...(detailed ? { items } : {}) },
    hub: {
      status: hub.connected ? "ok" : "degraded",
      since: new Date(hub.sinceMs).toISOString(),
      ...(hub.connected || !detailed ? {} : { error: hub.error }),
    },
  };
  const ready = missing.length === 0;
  const hasBrokenPlugins = absent.length > 0;
  const status = !ready ? "not ready" : hasBrokenPlugins ? "degraded" : "ready";
  return {
    ready,
    degraded: hasBrokenPlugins || !hub.connected,
    body: { status, service: "gateway", ...(ready ? {} : { missing }), checks },
  };
}
