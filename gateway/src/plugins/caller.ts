import { AppError, messageOf, withTimeout } from "@portico/core";
import type { PluginHost, PluginStatus, PluginUnaryMethods, RunningPlugin } from "@portico/plugin-host";
import type { PluginContext } from "@portico/protocol/plugin";
import type { AttachedPlugin } from "../config/routing-table.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { Limits } from "../settings.ts";

/** Calls plugins for requests. Every failure is an AppError that names the plugin. */
export type PluginCaller = {
  call<M extends keyof PluginUnaryMethods>(
    plugin: AttachedPlugin,
    method: M,
    request: PluginUnaryMethods[M]["request"],
    exchange: Exchange,
  ): Promise<PluginUnaryMethods[M]["response"]>;
  /** What a plugin is told about a request. */
  contextOf(plugin: AttachedPlugin, exchange: Exchange): PluginContext;
  /** To be told of every change of a plugin's state, so that requests can wait for one that starts. */
  onState(status: PluginStatus): void;
};

export function createPluginCaller({
  host,
  edgeId,
  edgeNamespace,
  limits,
}: {
  host: Pick<PluginHost, "get" | "require" | "status">;
  edgeId: string;
  edgeNamespace: string;
  limits: Pick<Limits, "pluginTimeoutMs" | "pluginStartWaitMs">;
}): PluginCaller {
  const waiting = new Map<number, Set<() => void>>();

  /** A plugin that is just starting is worth a short wait; any other absence is an answer. */
  async function running(plugin: AttachedPlugin): Promise<RunningPlugin> {
    const deadline = Date.now() + limits.pluginStartWaitMs;
    for (;;) {
      const state = host.status(plugin.id)?.state;
      if (state === "healthy" || state === "unhealthy") break;
      if (state !== "starting" && state !== undefined) break;
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) break;
      await new Promise<void>((resolve) => {
        const changed = () => {
          clearTimeout(timer);
          waiting.get(plugin.id)?.delete(changed);
          resolve();
        };
        // Polled too: a plugin of a snapshot that is being applied has no state yet.
        const timer = setTimeout(changed, Math.min(leftMs, 100));
        const set = waiting.get(plugin.id) ?? new Set();
        waiting.set(plugin.id, set.add(changed));
      });
    }
    return host.require(plugin.id);
  }

  const named = (plugin: AttachedPlugin, error: unknown): AppError => {
    const code = error instanceof AppError ? error.code : "plugin_failed";
    const said = messageOf(error);
    const message = said.includes(plugin.name) ? said : `Plugin "${plugin.name}" failed: ${said}`;
    return new AppError({ code, message, meta: { plugin: plugin.name }, cause: error });
  };

  return {
    async call(plugin, method, request, exchange) {
      const startedMs = performance.now();
      try {
        const process = host.status(plugin.id)?.state === "healthy" ? host.require(plugin.id) : await running(plugin);
        const { pluginTimeoutMs: timeoutMs } = limits;
        // The host keeps the deadline; this one only holds if the host itself is stuck.
        return await withTimeout(
          process.call(method, request, { timeoutMs }),
          timeoutMs + 1_000,
          () => new AppError({ code: "plugin_timeout", message: `no answer within ${timeoutMs} ms` }),
        );
      } catch (error) {
        throw named(plugin, error);
      } finally {
        exchange.pluginMs += performance.now() - startedMs;
      }
    },
    contextOf(plugin, exchange) {
      const metadata: Record<string, string> = { ...exchange.contextUpdates, edge_id: edgeId };
      // Settings come from the administrator, never from what an earlier plugin put there.
      delete metadata.config_override;
      if (edgeNamespace) metadata.edge_namespace = edgeNamespace;
      if (plugin.configOverride) metadata.config_override = plugin.configOverride;
      return {
        requestId: exchange.requestId,
        vendor: exchange.llm?.vendor.id ?? "",
        llmId: exchange.llm?.id ?? 0,
        llmSlug: exchange.llm?.slug ?? "",
        appId: exchange.app?.id ?? 0,
        userId: exchange.userId,
        metadata,
        traceContext: {},
      };
    },
    onState(status) {
      for (const wake of waiting.get(status.id) ?? []) wake();
    },
  };
}
