import { AppError, messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { isUnimplemented, type RunningPlugin } from "@portico/plugin-host";
import { type ObjectHookType, type ObjectType, objectHookTypes, objectTypes } from "@portico/protocol";
import type { Desired, Lifecycle } from "./lifecycle.ts";
import { storedManifest } from "./manifest.ts";
import { isPending } from "./wire.ts";

const registrationsTimeoutMs = 5_000;
const maxRegistrations = 200;

export type Registration = { objectType: ObjectType; hookTypes: ObjectHookType[]; priority: number };

/** A plugin that wants to be asked about one kind of operation. */
export type Asked = Desired & { priority: number };

const isOneOf = <T extends string>(list: readonly T[], value: string): value is T => (list as readonly string[]).includes(value);

/** Asks a process what it wants to judge. @throws AppError plugin_invalid when any of it makes no sense; nothing is registered then. */
export async function askRegistrations(plugin: RunningPlugin, declared: string[]): Promise<Registration[]> {
  const refuse = (why: string) => new AppError({ code: "plugin_invalid", message: `Its object hooks are refused: ${why}.` });
  let answer: Awaited<ReturnType<typeof plugin.call<"getObjectHookRegistrations">>>;
  try {
    answer = await plugin.call("getObjectHookRegistrations", {}, { timeoutMs: registrationsTimeoutMs });
  } catch (error) {
    if (isUnimplemented(error)) return [];
    throw error;
  }
  if (answer.registrations.length > maxRegistrations) throw refuse(`it registers more than ${maxRegistrations}`);
  return answer.registrations.map(({ objectType, hookTypes, priority }) => {
    if (!isOneOf(objectTypes, objectType)) throw refuse(`there is no object type "${objectType.slice(0, 100)}"`);
    const known = hookTypes.map((hookType) => {
      if (!isOneOf(objectHookTypes, hookType)) throw refuse(`there is no hook type "${hookType.slice(0, 100)}"`);
      if (declared.length > 0 && !declared.includes(`${objectType}.${hookType}`))
        throw refuse(`${objectType}.${hookType} is not in the manifest's permissions.object_hooks`);
      return hookType;
    });
    return { objectType, hookTypes: [...new Set(known)], priority };
  });
}

/** Which plugins judge what. Known from the processes; before a process has told, its manifest stands in. */
export function createRegistrations({ lifecycle, logger }: { lifecycle: Pick<Lifecycle, "desired" | "allDesired">; logger: Logger }) {
  const told = new Map<number, Registration[]>();

  const declaredOf = ({ plugin }: Desired): string[] => storedManifest(plugin.manifest)?.permissions?.object_hooks ?? [];

  function fromManifest(desired: Desired): Registration[] {
    return declaredOf(desired).flatMap((name) => {
      const [objectType = "", hookType = ""] = name.split(".");
      return isOneOf(objectTypes, objectType) && isOneOf(objectHookTypes, hookType)
        ? [{ objectType, hookTypes: [hookType], priority: 0 }]
        : [];
    });
  }

  return {
    /** Part of making a process ready. */
    async learn(running: RunningPlugin): Promise<void> {
      const desired = lifecycle.desired(running.id);
      try {
        told.set(running.id, await askRegistrations(running, desired ? declaredOf(desired) : []));
      } catch (error) {
        told.delete(running.id);
        logger.warn("a plugin's object hooks could not be registered", { pluginId: running.id, reason: messageOf(error) });
        throw error;
      }
    },

    /** Approved plugins to ask about an operation: lower priority first, then the older plugin. */
    askedAbout(objectType: ObjectType, hookType: ObjectHookType): Asked[] {
      return lifecycle
        .allDesired()
        .filter(({ plugin }) => !isPending(plugin))
        .flatMap((desired) => {
          const registered = told.get(desired.plugin.id) ?? fromManifest(desired);
          const fitting = registered.filter((one) => one.objectType === objectType && one.hookTypes.includes(hookType));
          return fitting.length === 0 ? [] : [{ ...desired, priority: Math.min(...fitting.map(({ priority }) => priority)) }];
        })
        .sort((a, b) => a.priority - b.priority || a.plugin.id - b.plugin.id);
    },
  };
}
export type Registrations = ReturnType<typeof createRegistrations>;
