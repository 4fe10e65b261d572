import { isUnimplemented } from "@portico/plugin-host";
import { type ObjectHookType, objectHookTypes, objectTypes } from "@portico/protocol";
import { z } from "zod";
import type { Jobs } from "../../jobs/runner.ts";
import type { PluginStore } from "../catalog/store.ts";
import type { Asker } from "./before.ts";
import { toHookJson } from "./mapping.ts";
import type { Registrations } from "./registrations.ts";
import type { HookedObject } from "./types.ts";

const maxAttempts = 12;

const Delivery = z.object({ id: z.string().regex(/^\d+$/) });
const AfterHook = Delivery.extend({ plugin_id: z.number() });
const Payload = z.looseObject({
  object: z.record(z.string(), z.unknown()).nullable().default(null),
  user_id: z.number().default(0),
  plugin_id: z.number().optional(),
});

type Event = NonNullable<Awaited<ReturnType<PluginStore["findEvent"]>>>;

/** Which after-hook an event stands for; undefined for none. */
function hookOf({ topic, objectType }: Event): { objectType: HookedObject; hookType: ObjectHookType } | undefined {
  const verb = { created: "create", updated: "update", deleted: "delete" }[topic.split(".")[2] ?? ""];
  const hookType = objectHookTypes.find((one) => one === `after_${verb}`);
  const known = objectTypes.find((one) => one === objectType);
  return hookType && known ? { objectType: known, hookType } : undefined;
}

/**
 * Jobs that tell plugins what has happened: an event becomes one job per plugin, so that one which fails is tried again alone.
 * At least once; the last failure stays in the queue's table. A plugin that is gone or no longer asks counts as told.
 */
export function afterHookJobs({ store, registrations, ask }: { store: PluginStore; registrations: Registrations; ask: Asker }): Jobs {
  return {
    async "deliver-event"(payload, { addJob }) {
      const { id } = Delivery.parse(payload);
      const event = await store.findEvent(id);
      const hook = event && hookOf(event);
      if (!hook) return;
      for (const { plugin } of await registrations.askedAbout(hook.objectType, hook.hookType))
        await addJob("after-hook", { id, plugin_id: plugin.id }, { jobKey: `after-hook:${id}:${plugin.id}`, maxAttempts });
    },

    async "after-hook"(payload) {
      const { id, plugin_id } = AfterHook.parse(payload);
      const event = await store.findEvent(id);
      const hook = event && hookOf(event);
      if (!hook) return;
      const { object, user_id, plugin_id: writer } = Payload.parse(event.payload);
      // It knows what it wrote; a hook that writes again would never end.
      if (writer === plugin_id) return;
      // A change of what belongs to an object (the plugins of an LLM) is an event, yet not a change of the object itself.
      if (object === null && hook.hookType !== "after_delete") return;
      const askedNow = await registrations.askedAbout(hook.objectType, hook.hookType);
      const asked = askedNow.find(({ plugin }) => plugin.id === plugin_id);
      if (!asked) return;
      const shown = toHookJson(hook.objectType, object ?? { id: Number(event.objectId) });
      try {
        await ask(asked, { ...hook, operationId: `event-${id}`, userId: user_id, phase: "after" }, shown);
      } catch (error) {
        if (!isUnimplemented(error)) throw error;
      }
    },
  };
}
