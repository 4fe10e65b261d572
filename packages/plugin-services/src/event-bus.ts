import { randomUUID } from "node:crypto";

/** An event as plugins get it; `payload` is JSON bytes. */
export type PluginEvent = { id: string; topic: string; origin: string; payload: Buffer; direction: number };

/** Events between the plugins of one host. Best effort: nothing is kept for a subscriber who is not there. */
export type PluginBus = {
  /** @returns the event's id. */
  publish(pluginId: number, event: Pick<PluginEvent, "topic" | "payload" | "direction">): string;
  /** An event of the host itself. */
  emit(event: Pick<PluginEvent, "topic" | "payload">): void;
  /** @param topic exactly this one; undefined for all. @returns how to stop. */
  subscribe(topic: string | undefined, listener: (event: PluginEvent) => void): () => void;
  hasSubscriber(topic: string): boolean;
};

/** @param node names this host in the origin of events. */
export function createPluginBus(node: string): PluginBus {
  const subscriptions = new Set<{ topic: string | undefined; listener: (event: PluginEvent) => void }>();
  const matches = (wanted: string | undefined, topic: string) => wanted === undefined || wanted === topic;
  function deliver(event: PluginEvent): string {
    for (const { topic, listener } of [...subscriptions]) if (matches(topic, event.topic)) listener(event);
    return event.id;
  }
  return {
    publish: (pluginId, event) => deliver({ ...event, id: randomUUID(), origin: `plugin:${pluginId}@${node}` }),
    emit: (event) => void deliver({ ...event, id: randomUUID(), origin: node, direction: 0 }),
    subscribe(topic, listener) {
      const subscription = { topic, listener };
      subscriptions.add(subscription);
      return () => void subscriptions.delete(subscription);
    },
    hasSubscriber: (topic) => [...subscriptions].some((one) => matches(one.topic, topic)),
  };
}
