import { backoffMs, sleep } from "@portico/core";
import { OpenSessionResponse_CloseReason as CloseReason, PluginServiceService } from "@portico/protocol/plugin";
import type { Broker } from "./broker.ts";
import { isUnimplemented } from "./call-errors.ts";
import type { HotClient } from "./hot-client.ts";

/**
 * Keeps one OpenSession call open at a plugin: the plugin takes it as the sign that the host's services may be used. Ends when the
 * plugin closes the session on purpose, does not know sessions, or `signal` aborts.
 */
export async function holdSession({
  client,
  broker,
  pluginId,
  sessionTimeoutMs,
  retryMs,
  signal,
}: {
  client: HotClient;
  broker: Broker;
  pluginId: number;
  sessionTimeoutMs: number;
  retryMs: number;
  signal: AbortSignal;
}): Promise<void> {
  let errors = 0;
  while (!signal.aborted) {
    broker.announce();
    const openedAt = performance.now();
    try {
      const request = { serviceBrokerId: broker.id, pluginId, metadata: {}, timeoutMs: sessionTimeoutMs };
      const { closeReason } = await client.unary(PluginServiceService.openSession, request, {
        timeoutMs: Number.POSITIVE_INFINITY,
        signal,
      });
      if (closeReason === CloseReason.EXPLICIT_CLOSE) return;
      errors = 0;
      // A session that "timed out" at once would make this loop spin.
      const heldFully = closeReason === CloseReason.TIMEOUT && performance.now() - openedAt > sessionTimeoutMs / 2;
      if (!heldFully) await sleep(retryMs, signal);
    } catch (error) {
      if (isUnimplemented(error)) return;
      await sleep(backoffMs(errors, { baseMs: retryMs, capMs: 30 * retryMs }), signal);
      errors += 1;
    }
  }
}
