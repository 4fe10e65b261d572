import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { PluginUnaryMethods } from "@portico/plugin-host";
import type { AttachedPlugin } from "../config/routing-table.ts";
import type { Exchange, Target } from "../pipeline/exchange.ts";
import type { Step } from "../pipeline/reply.ts";
import type { PluginCaller } from "../plugins/caller.ts";

/** fail_closed: a plugin that fails stops the request. fail_open: it is skipped. */
export type FailurePolicy = "fail_closed" | "fail_open";

/** A plugin in a chain. What its attachment does not set is the hook's or the gateway's. */
export type Attachment = AttachedPlugin & { readonly failurePolicy?: FailurePolicy | undefined; readonly timeoutMs?: number | undefined };

/** A point at which plugins are called. `S` is what the plugins of a chain pass on to each other. */
export type Hook<M extends keyof PluginUnaryMethods, T extends Target = Target, S = undefined> = {
  method: M;
  failurePolicy: FailurePolicy;
  /** What a plugin is sent. @throws Error when it cannot be sent this; that counts as the plugin's failure. */
  request(plugin: AttachedPlugin, exchange: Exchange<T>, state: S): PluginUnaryMethods[M]["request"];
  /** Takes what the plugin returns. @returns a step that ends the chain; undefined to go on with the next plugin. */
  accept(plugin: AttachedPlugin, response: PluginUnaryMethods[M]["response"], exchange: Exchange<T>, state: S): Step | undefined;
};

/** Calls the plugins of a chain, each with the deadline and the failure policy of its attachment. */
export type HookChain = {
  /** One after the other. @throws AppError when a plugin fails that is `fail_closed`. */
  run<M extends keyof PluginUnaryMethods, T extends Target, S>(
    hook: Hook<M, T, S>,
    plugins: readonly Attachment[],
    exchange: Exchange<T>,
    state: S,
  ): Promise<Step | undefined>;
  /** All at once, and nothing waits for them: neither what they return nor their failure changes anything. */
  notify<M extends keyof PluginUnaryMethods>(
    method: M,
    plugins: readonly Attachment[],
    exchange: Exchange,
    request: (plugin: AttachedPlugin) => PluginUnaryMethods[M]["request"],
  ): void;
};

/** @param timeoutMs of attachments that set none. */
export function createHookChain({
  caller,
  timeoutMs,
  logger,
}: {
  caller: Pick<PluginCaller, "call">;
  timeoutMs: number;
  logger: Logger;
}): HookChain {
  const skip = (plugin: AttachedPlugin, { requestId }: Exchange, hook: string, error: unknown) =>
    logger.warn("a plugin failed and was skipped", { plugin: plugin.name, hook, requestId, error: messageOf(error) });

  return {
    async run(hook, plugins, exchange, state) {
      const { method } = hook;
      for (const plugin of plugins) {
        try {
          const request = hook.request(plugin, exchange, state);
          const response = await caller.call(plugin, method, request, exchange, plugin.timeoutMs ?? timeoutMs);
          const step = hook.accept(plugin, response, exchange, state);
          if (step) return step;
        } catch (error) {
          if ((plugin.failurePolicy ?? hook.failurePolicy) === "fail_closed") throw error;
          skip(plugin, exchange, method, error);
        }
      }
      return undefined;
    },

    notify(method, plugins, exchange, request) {
      const call = async (plugin: Attachment) => {
        await caller.call(plugin, method, request(plugin), exchange, plugin.timeoutMs ?? timeoutMs);
      };
      for (const plugin of plugins) call(plugin).catch((error: unknown) => skip(plugin, exchange, method, error));
    },
  };
}
