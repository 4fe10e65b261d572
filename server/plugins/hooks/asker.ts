import { sleep } from "@portico/core";
import { isLost, type RunningPlugin } from "@portico/plugin-host";
import type { HookedKind, ObjectHookType } from "@portico/protocol";
import type { ObjectHookResponse } from "@portico/protocol/plugin";
import type { Json } from "../catalog/json.ts";
import type { Lifecycle } from "../processes/lifecycle.ts";
import type { Asked } from "./registrations.ts";

export type HookTimings = {
  /** For one call to one plugin, unless its hook has a timeout of its own. */
  deadlineMs: number;
  /** How long a process that is starting is waited for before that. */
  startWaitMs: number;
};

const pollMs = 25;

export type Question = {
  hookType: ObjectHookType;
  objectType: HookedKind;
  operationId: string;
  userId: number;
  /** `validate`: the object is final; only a rejection counts. */
  phase: "mutate" | "validate" | "after";
  object: Json;
  /** The object before an update; spelled like `object`. */
  previous: Json | undefined;
  /** Fields in which they differ. */
  changes: string[];
};

/** Calls a plugin's object hook once. @throws AppError when it cannot be called or does not answer. */
export type Asker = (asked: Pick<Asked, "plugin" | "timeoutMs">, question: Question) => Promise<ObjectHookResponse>;

export function createAsker({ lifecycle, timings }: { lifecycle: Pick<Lifecycle, "whenReady">; timings: HookTimings }): Asker {
  const ready = (id: number) => lifecycle.whenReady(id, { timeoutMs: timings.startWaitMs });

  /** The process that follows one that ended during a call. */
  async function successor(id: number, lost: RunningPlugin, error: unknown): Promise<RunningPlugin> {
    for (const end = performance.now() + timings.startWaitMs; ; await sleep(pollMs)) {
      const process = await ready(id);
      if (process !== lost) return process;
      if (performance.now() > end) throw error;
    }
  }

  return async ({ plugin, timeoutMs }, question) => {
    const { hookType, objectType, operationId, userId, phase, object, previous, changes } = question;
    const send = (process: RunningPlugin) =>
      process.call(
        "handleObjectHook",
        {
          hookType,
          objectType,
          operationId,
          userId,
          pluginId: plugin.id,
          context: undefined,
          objectJson: JSON.stringify(object),
          // The request has no fields for these; plugins that do not know the keys are not affected.
          metadata: {
            phase,
            changed_fields: JSON.stringify(changes),
            ...(previous === undefined ? {} : { previous_object_json: JSON.stringify(previous) }),
          },
          timestamp: Math.floor(Date.now() / 1000),
        },
        { timeoutMs: timeoutMs ?? timings.deadlineMs },
      );
    const process = await ready(plugin.id);
    try {
      return await send(process);
    } catch (error) {
      // Something else may have ended the process. A before-hook may be asked twice; after-hooks are retried by the queue.
      if (phase === "after" || !isLost(error)) throw error;
      return send(await successor(plugin.id, process, error));
    }
  };
}
