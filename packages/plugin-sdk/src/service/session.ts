import { messageOf } from "@portico/core";
import * as wire from "@portico/protocol/plugin";
import { parseConfig } from "../config.ts";
import type { PluginHandlers, ServiceParts } from "./types.ts";

type Session = Pick<PluginHandlers, "initialize" | "ping" | "shutdown" | "openSession" | "closeSession">;
const { TIMEOUT, EXPLICIT_CLOSE, PLUGIN_ERROR } = wire.OpenSessionResponse_CloseReason;

const defaultSessionMs = 30_000;
const readyDelayMs = 500;
const explicit = new Set(["explicit_close", "shutdown", "unload", "plugin_unload"]);

/** Start, sessions and end of the plugin's life in this process. */
export function sessionHandlers<Config>({ definition, services, state, contextOf }: ServiceParts<Config>): Session {
  const waiting = new Set<(reason: string) => void>();
  const never = new AbortController().signal;
  let wasReady = false;
  let ended: Promise<void> | undefined;

  const guard = async (what: string, run: () => unknown) => {
    try {
      await run();
    } catch (error) {
      services.logger.error(`${what} failed`, { error: error instanceof Error ? error.stack : messageOf(error) });
    }
  };
  const closeSessions = (reason: string) => {
    for (const end of waiting) end(reason);
  };
  /** Runs the plugin's own shutdown at most once, however often it is asked for. */
  const end = () => {
    ended ??= (async () => {
      closeSessions("shutdown");
      await guard("shutdown", () => definition.shutdown?.(contextOf(undefined, never)));
      await services.close();
    })();
    return ended;
  };

  function announceReady(): void {
    if (wasReady) return;
    wasReady = true;
    setTimeout(() => void guard("onSessionReady", () => definition.onSessionReady?.(contextOf(undefined, never))), readyDelayMs);
  }

  return {
    async initialize({ config }, { signal }) {
      try {
        state.pluginId = Number(config._plugin_id ?? config.plugin_id ?? 0) || 0;
        services.useBroker(Number(config._service_broker_id ?? config.service_broker_id ?? 0) || 0);
        state.config = parseConfig(config, definition.configSchema) as Config;
        await definition.initialize?.(contextOf(undefined, signal));
        return wire.InitResponse.fromPartial({ success: true });
      } catch (error) {
        return wire.InitResponse.fromPartial({ errorMessage: messageOf(error) });
      }
    },

    ping: async ({ timestamp }) => wire.PingResponse.fromPartial({ timestamp: timestamp || Math.floor(Date.now() / 1000), healthy: true }),

    async shutdown() {
      await end();
      return wire.ShutdownResponse.fromPartial({ success: true });
    },

    async openSession({ serviceBrokerId, pluginId, timeoutMs }, { signal }) {
      services.useBroker(serviceBrokerId);
      announceReady();
      const reason = await new Promise<string>((resolve) => {
        const done = (why: string) => {
          clearTimeout(timer);
          waiting.delete(done);
          resolve(why);
        };
        const timer = setTimeout(() => done("timeout"), timeoutMs > 0 ? timeoutMs : defaultSessionMs);
        waiting.add(done);
        signal.addEventListener("abort", () => done("cancelled"), { once: true });
      });
      return wire.OpenSessionResponse.fromPartial({
        success: true,
        sessionId: `session-${pluginId}-${serviceBrokerId}`,
        closeReason: reason === "timeout" ? TIMEOUT : explicit.has(reason) ? EXPLICIT_CLOSE : PLUGIN_ERROR,
      });
    },

    async closeSession({ reason }, { signal }) {
      await guard("onSessionClosing", () => definition.onSessionClosing?.(reason, contextOf(undefined, signal)));
      closeSessions(reason || "explicit_close");
      return wire.CloseSessionResponse.fromPartial({ success: true });
    },
  };
}
