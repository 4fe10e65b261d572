import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { isLost, isUnimplemented } from "@portico/plugin-host";
import type { ObjectHookType, ObjectType } from "@portico/protocol";
import { z } from "zod";
import type { Jobs } from "../../jobs/runner.ts";
import type { PluginStore } from "../catalog/store.ts";
import type { Asker } from "./asker.ts";
import { hookTypeOf, objectTypeOf, type Registrations } from "./registrations.ts";
import { afterHookKey, type HookStore, maxAttempts } from "./store.ts";

/** Attempts that end the plugin's process take others' calls with it, so there are few. */
const maxCrashes = 3;
const maxReasonChars = 2_000;

const Delivery = z.object({ id: z.string().regex(/^\d+$/) });
const AfterHook = Delivery.extend({ plugin_id: z.number() });
const Json = z.record(z.string(), z.unknown());
const Hook = z.object({
  operation_id: z.string(),
  object: Json,
  previous: Json.nullable().default(null),
  changes: z.array(z.string()).default([]),
});
const Payload = z.looseObject({
  object: Json.nullable().default(null),
  user_id: z.number().default(0),
  plugin_id: z.number().optional(),
});

type Event = NonNullable<Awaited<ReturnType<PluginStore["findEvent"]>>>;
type EventHook = { objectType: ObjectType; hookType: ObjectHookType; given: z.output<typeof Hook> };

const verbs = new Map([
  ["created", "create"],
  ["updated", "update"],
  ["deleted", "delete"],
]);

/** Which after-hook an event stands for; undefined for none. */
function hookOf(id: string, { topic, objectType: kind, objectId, hook, payload }: Event): EventHook | undefined {
  const hookType = hookTypeOf(`after_${verbs.get(topic.split(".")[2] ?? "")}`);
  const objectType = objectTypeOf(kind);
  if (!hookType || !objectType) return undefined;
  if (hook !== null) return { objectType, hookType, given: Hook.parse(hook) };
  // Written by a studio of the release before, which stores the objects of hooks in the payload only.
  const { object } = Payload.parse(payload);
  // A change of what belongs to an object (the plugins of an LLM) is an event, yet not a change of the object itself.
  if (object === null && hookType !== "after_delete") return undefined;
  const given = { operation_id: `event-${id}`, object: object ?? { id: Number(objectId) }, previous: null, changes: [] };
  return { objectType, hookType, given };
}

/**
 * Jobs that deliver after-hooks: an event becomes one job per plugin, so that one which fails is retried alone. At least once. What fails
 * for good is kept for administrators. Nothing is delivered to a plugin that is gone or no longer registers the hook.
 */
export function afterHookJobs({
  events,
  store,
  registrations,
  ask,
  logger,
}: {
  events: Pick<PluginStore, "findEvent">;
  store: Pick<HookStore, "noteFailure" | "giveUp" | "clearFailure">;
  registrations: Pick<Registrations, "askedAbout">;
  ask: Asker;
  logger: Logger;
}): Jobs {
  return {
    async "deliver-event"(payload, { addJob }) {
      const { id } = Delivery.parse(payload);
      const event = await events.findEvent(id);
      const hook = event && hookOf(id, event);
      if (!hook) return;
      for (const { plugin } of await registrations.askedAbout(hook.objectType, hook.hookType))
        await addJob("after-hook", { id, plugin_id: plugin.id }, { jobKey: afterHookKey(id, plugin.id), maxAttempts });
    },

    async "after-hook"(payload, { job }) {
      const { id, plugin_id } = AfterHook.parse(payload);
      const event = await events.findEvent(id);
      const hook = event && hookOf(id, event);
      // Events are kept for as long as set; what is left of one that is gone cannot be delivered.
      if (!hook) return store.clearFailure(plugin_id, id);
      const { user_id, plugin_id: writer } = Payload.parse(event.payload);
      // It knows what it wrote; a hook that writes again would never end.
      if (writer === plugin_id) return;
      const { objectType, hookType, given } = hook;
      const registered = await registrations.askedAbout(objectType, hookType);
      const asked = registered.find(({ plugin }) => plugin.id === plugin_id);
      if (!asked) return store.clearFailure(plugin_id, id);
      try {
        await ask(asked, {
          objectType,
          hookType,
          operationId: given.operation_id,
          userId: user_id,
          phase: "after",
          object: given.object,
          previous: given.previous ?? undefined,
          changes: given.changes,
        });
      } catch (error) {
        if (!isUnimplemented(error)) return failed(error);
      }
      if (job.attempts > 1) await store.clearFailure(plugin_id, id);

      async function failed(error: unknown): Promise<void> {
        const name = `${objectType}.${hookType}`;
        const reason = messageOf(error).replaceAll("\0", "").slice(0, maxReasonChars);
        const counts = await store.noteFailure(plugin_id, {
          eventId: id,
          hook: name,
          objectId: event?.objectId ?? "",
          reason,
          crashed: isLost(error),
        });
        if (!counts) return;
        const isOver = counts.crashes >= maxCrashes || job.attempts >= job.max_attempts;
        if (!isOver) throw error;
        await store.giveUp(plugin_id, id);
        logger.warn("after-hook failed permanently", { pluginId: plugin_id, hook: name, eventId: id, ...counts, reason });
      }
    },
  };
}
