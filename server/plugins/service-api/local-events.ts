import { randomUUID } from "node:crypto";
import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { EventBus } from "../../events/bus.ts";
import { isObject } from "../json.ts";
import type { PluginStore } from "../store.ts";

/** An event as plugins get it; `payload` is JSON bytes. */
export type LocalEvent = { id: string; topic: string; origin: string; payload: Buffer };
type Listener = (event: LocalEvent) => void;

/** Settings and free text, which may hold anything: whoever may read the object asks for it. */
const hiddenFields = ["config", "config_override", "metadata", "manifest"];

/** An event's payload as plugins get it. */
export function shownOf(payload: unknown): unknown {
  if (!isObject(payload) || !isObject(payload.object)) return payload;
  const object = Object.fromEntries(Object.entries(payload.object).filter(([field]) => !hiddenFields.includes(field)));
  return { ...payload, object };
}

const node = "control";
const maxWaiting = 1_000;

/**
 * The bus between the plugins of this replica. What happened in the product comes in from the outbox as `system.*`. Best effort: nothing
 * is kept for a subscriber who is not there.
 */
export function createLocalEvents({ store, events, logger }: { store: PluginStore; events: EventBus; logger: Logger }) {
  const listeners = new Set<{ topic: string | undefined; listener: Listener }>();
  let tail: Promise<void> = Promise.resolve();
  let waiting = 0;

  function emit(event: LocalEvent): void {
    for (const { topic, listener } of listeners) if (topic === undefined || topic === event.topic) listener(event);
  }

  const isHeard = (topic: string) => [...listeners].some((one) => one.topic === undefined || one.topic === topic);

  const stop = events.subscribe(({ eventId, topic }) => {
    if (!topic.startsWith("system.") || !isHeard(topic) || waiting >= maxWaiting || !/^[1-9]\d*$/.test(eventId)) return;
    waiting += 1;
    tail = tail.then(async () => {
      try {
        const row = await store.findEvent(eventId);
        if (row) emit({ id: randomUUID(), topic: row.topic, origin: node, payload: Buffer.from(JSON.stringify(shownOf(row.payload))) });
      } catch (error) {
        logger.warn("an event could not be handed to plugins", { topic, error: messageOf(error) });
      } finally {
        waiting -= 1;
      }
    });
  });

  return {
    /** @returns the event's id. */
    publish(pluginId: number, topic: string, payload: Buffer): string {
      const id = randomUUID();
      emit({ id, topic, origin: `plugin:${pluginId}@${node}`, payload });
      return id;
    },
    /** @param topic exactly this one; undefined for all. @returns how to stop. */
    subscribe(topic: string | undefined, listener: Listener): () => void {
      const entry = { topic, listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    close: () => stop(),
  };
}
export type LocalEvents = ReturnType<typeof createLocalEvents>;
