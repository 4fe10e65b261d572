import { AppError, messageOf } from "@portico/core";
import type { PluginHost, PluginUnaryMethods } from "@portico/plugin-host";
import type { PluginContext } from "@portico/protocol/plugin";
import type { AttachedPlugin } from "../config/routing-table.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { LlmExchange } from "../pipeline/llm-call.ts";
import type { Limits } from "../settings.ts";

/** Calls plugins for requests. Every failure is an AppError that names the plugin. */
export type PluginCaller = {
  call<M extends keyof PluginUnaryMethods>(
    plugin: Pick<AttachedPlugin, "id" | "name">,
    method: M,
    request: PluginUnaryMethods[M]["request"],
    exchange: Pick<Exchange, "pluginMs">,
    timeoutMs: number,
  ): Promise<PluginUnaryMethods[M]["response"]>;
  /** What a plugin is sent about a request. */
  contextOf(plugin: AttachedPlugin, exchange: LlmExchange): PluginContext;
};

export function createPluginCaller({
  host,
  edgeId,
  edgeNamespace,
  limits: { pluginStartWaitMs },
}: {
  host: Pick<PluginHost, "get" | "whenReady">;
  edgeId: string;
  edgeNamespace: string;
  limits: Pick<Limits, "pluginStartWaitMs">;
}): PluginCaller {
  const named = (plugin: Pick<AttachedPlugin, "id" | "name">, error: unknown): AppError => {
    const code = error instanceof AppError ? error.code : "plugin_failed";
    const cause = messageOf(error);
    const message = cause.includes(plugin.name) ? cause : `Plugin "${plugin.name}" failed: ${cause}`;
    return new AppError({ code, message, meta: { plugin: plugin.name }, cause: error });
  };

  return {
    async call(plugin, method, request, exchange, timeoutMs) {
      const startedMs = performance.now();
      try {
        const process = host.get(plugin.id) ?? (await host.whenReady(plugin.id, { timeoutMs: pluginStartWaitMs }));
        return await process.call(method, request, { timeoutMs });
      } catch (error) {
        throw named(plugin, error);
      } finally {
        exchange.pluginMs += performance.now() - startedMs;
      }
    },
    contextOf(plugin, exchange) {
      const { llm } = exchange.target;
      const metadata: Record<string, string> = { ...exchange.contextUpdates, edge_id: edgeId };
      // Settings come from the administrator, never from what an earlier plugin put there.
      delete metadata.config_override;
      if (edgeNamespace) metadata.edge_namespace = edgeNamespace;
      if (plugin.configOverride) metadata.config_override = plugin.configOverride;
      return {
        requestId: exchange.requestId,
        vendor: llm?.vendor.id ?? "",
        llmId: llm?.id ?? 0,
        llmSlug: llm?.slug ?? "",
        appId: exchange.app?.id ?? 0,
        userId: exchange.userId,
        metadata,
        traceContext: {},
      };
    },
  };
}
