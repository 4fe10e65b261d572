import { type Client, status } from "@grpc/grpc-js";
import { backoffMs, messageOf, sleep } from "@portico/core";
import { type EventMessage, PluginEventServiceService } from "@portico/protocol/plugin-events";
import type { EventDirection, Events, PluginEvent, PluginLogger } from "./context.ts";
import { createServiceClient } from "./wire/client.ts";

const directions = ["local", "up", "down"] as const satisfies EventDirection[];
const lacksBus = (error: unknown) => typeof error === "object" && error !== null && "code" in error && error.code === status.UNIMPLEMENTED;

const eventOf = (message: EventMessage): PluginEvent => ({
  id: message.id,
  topic: message.topic,
  origin: message.origin,
  direction: directions[message.direction] ?? "local",
  payload: message.payload,
  json: <T>() => JSON.parse(message.payload.toString("utf8")) as T,
});

/** The host's event bus over the connection of the service API. `close()` ends every subscription. */
export function createEvents({
  connect,
  logger,
  pluginId,
}: {
  connect: () => Promise<Client>;
  logger: PluginLogger;
  pluginId: () => number;
}): Events & { close(): void } {
  const client = createServiceClient(PluginEventServiceService, connect, () => ({ pluginId: String(pluginId()) }));
  const closing = new AbortController();

  async function publish(topic: string, payload: unknown, direction: EventDirection = "local"): Promise<void> {
    try {
      const bytes = Buffer.from(JSON.stringify(payload ?? null));
      const answer = await client.publish({ topic, payload: bytes, direction: directions.indexOf(direction) }, { timeoutMs: 10_000 });
      if (!answer.success) throw new Error(`The event was not accepted: ${answer.errorMessage}`);
    } catch (error) {
      if (!lacksBus(error)) throw error;
    }
  }

  async function follow(topic: string, handler: (event: PluginEvent) => void | Promise<void>, signal: AbortSignal) {
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const request = topic === "*" ? { subscribeAll: true } : { topic };
        for await (const message of client.subscribe(request, { signal })) {
          attempt = 0;
          try {
            await handler(eventOf(message));
          } catch (error) {
            logger.error("An event handler failed", { topic: message.topic, error: messageOf(error) });
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        if (lacksBus(error)) return logger.warn("This host has no event bus: the subscription stays silent", { topic });
        logger.warn("An event subscription broke and is opened again", { topic, error: messageOf(error) });
      }
      await sleep(backoffMs(attempt, { baseMs: 200, capMs: 10_000 }), signal);
    }
  }

  return {
    publish,
    publishLocal: (topic, payload) => publish(topic, payload, "local"),
    publishUp: (topic, payload) => publish(topic, payload, "up"),
    publishDown: (topic, payload) => publish(topic, payload, "down"),
    subscribe(topic, handler) {
      const own = new AbortController();
      void follow(topic, handler, AbortSignal.any([own.signal, closing.signal]));
      return { close: () => own.abort() };
    },
    close: () => closing.abort(),
  };
}
