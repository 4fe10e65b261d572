import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { createPluginBus, type PluginBus } from "@portico/plugin-services";
import type { EventBus } from "../../events/bus.ts";
import { isObject } from "../catalog/json.ts";
import type { PluginStore } from "../catalog/store.ts";

/** Settings and free text, which may hold anything: whoever may read the object asks for it. */
const hiddenFields = ["config", "config_override", "metadata", "manifest"];

/** An event's payload as plugins get it. */
export function shownOf(payload: unknown): unknown {
  if (!isObject(payload) || !isObject(payload.object)) return payload;
  const object = Object.fromEntries(Object.entries(payload.object).filter(([field]) => !hiddenFields.includes(field)));
  return { ...payload, object };
}

const maxWaiting = 1_000;

/** The bus between the plugins of this replica. What happened in the product comes in from the outbox as `system.*`. */
export function createLocalEvents({
  store,
  events,
  logger,
}: {
  store: Pick<PluginStore, "findEvent">;
  events: EventBus;
  logger: Logger;
}): PluginBus & { close(): void } {
  const bus = createPluginBus("control");
  let tail: Promise<void> = Promise.resolve();
  let waiting = 0;

  const close = events.subscribe(({ eventId, topic }) => {
    if (!topic.startsWith("system.") || !bus.hasSubscriber(topic) || waiting >= maxWaiting || !/^[1-9]\d*$/.test(eventId)) return;
    waiting += 1;
    tail = tail.then(async () => {
      try {
        const row = await store.findEvent(eventId);
        if (row) bus.emit({ topic: row.topic, payload: Buffer.from(JSON.stringify(shownOf(row.payload))) });
      } catch (error) {
        logger.warn("event could not be delivered to plugins", { topic, error: messageOf(error) });
      } finally {
        waiting -= 1;
      }
    });
  });

  return { ...bus, close };
}
