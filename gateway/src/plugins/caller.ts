import { AppError, messageOf, withTimeout } from "@portico/core";
import type { PluginHost, PluginUnaryMethods } from "@portico/plugin-host";
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
};

export function createPluginCaller({
  host,
  edgeId,
  edgeNamespace,
  limits,
}: {
  host: Pick<PluginHost, "get" | "whenReady">;
  edgeId: string;
  edgeNamespace: string;
  limits: Pick<Limits, "pluginTimeoutMs" | "pluginStartWaitMs">;
}): PluginCaller {
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
        const { pluginTimeoutMs: timeoutMs, pluginStartWaitMs } = limits;
        const process = host.get(plugin.id) ?? (await host.whenReady(plugin.id, { timeoutMs: pluginStartWaitMs }));
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
  };
}
