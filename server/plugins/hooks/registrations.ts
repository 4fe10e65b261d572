import { AppError, messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { isUnimplemented, type RunningPlugin } from "@portico/plugin-host";
import { type ObjectHookType, type ObjectType, objectHook, objectHookTypes, objectTypes } from "@portico/protocol";
import type { Json } from "../catalog/json.ts";
import { storedManifest } from "../catalog/manifest.ts";
import type { Plugin } from "../catalog/store.ts";
import type { Lifecycle } from "../processes/lifecycle.ts";
import { hasStudioProcess } from "../processes/places.ts";
import { type FailurePolicy, failurePolicyOf } from "./policy.ts";
import type { HookStore, StoredHook } from "./store.ts";

const registrationsTimeoutMs = 5_000;
const maxRegistrations = 200;

type Registration = { objectType: ObjectType; hookTypes: ObjectHookType[]; priority: number };

/** A plugin to ask about one kind of operation. */
export type Asked = {
  plugin: Plugin;
  priority: number;
  failurePolicy: FailurePolicy;
  /** undefined for the default. */
  timeoutMs: number | undefined;
};

/** Which plugins are asked about what. */
export type Registrations = {
  /**
   * Part of making a process ready.
   * @param manifest what the process answered, as stored.
   * @throws AppError when it registers what its manifest does not declare.
   */
  learn(running: RunningPlugin, manifest: Json): Promise<void>;
  /** Lower priority first, then the older plugin. */
  askedAbout(objectType: ObjectType, hookType: ObjectHookType): Promise<Asked[]>;
};

const isOneOf = <T extends string>(list: readonly T[], value: string): value is T => (list as readonly string[]).includes(value);

export const objectTypeOf = (word: string): ObjectType | undefined => objectTypes.find((one) => one === word);
export const hookTypeOf = (word: string): ObjectHookType | undefined => objectHookTypes.find((one) => one === word);

/**
 * Asks a process which operations it wants to check.
 * @throws AppError plugin_invalid when any of it is not declared or makes no sense; nothing is registered then.
 */
async function askRegistrations(plugin: RunningPlugin, declared: readonly string[]): Promise<Registration[]> {
  const refuse = (why: string) => new AppError({ code: "plugin_invalid", message: `Its object hooks are not valid: ${why}.` });
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
      if (!declared.includes(objectHook(objectType, hookType)))
        throw refuse(`${objectType}.${hookType} is not in the manifest's permissions.object_hooks`);
      return hookType;
    });
    return { objectType, hookTypes: [...new Set(known)], priority };
  });
}

/** Whether the program that is approved now registered the hook; null when that is not known. */
export const isRegistered = (plugin: Pick<Plugin, "approvedCodeHash">, hook: StoredHook | undefined): boolean | null =>
  hook?.codeHash === plugin.approvedCodeHash ? hook.registered : null;

/** The object hooks of a manifest, taken apart. */
export function declaredHooks(manifest: Json): { objectType: ObjectType; hookType: ObjectHookType }[] {
  return (storedManifest(manifest)?.permissions?.object_hooks ?? []).flatMap((name) => {
    const [object = "", hook = ""] = name.split(".");
    const [objectType, hookType] = [objectTypeOf(object), hookTypeOf(hook)];
    return objectType && hookType ? [{ objectType, hookType }] : [];
  });
}

/**
 * Approved by the grant table, registered in the hook table: processes are not asked, because one that is away must not open what it
 * guards. Until its program has registered for the first time, a plugin takes part in whatever was approved.
 */
export function createRegistrations({
  store,
  lifecycle,
  logger,
}: {
  store: Pick<HookStore, "listGranted" | "saveRegistered">;
  lifecycle: Pick<Lifecycle, "settingsOf">;
  logger: Logger;
}): Registrations {
  return {
    async learn(running, manifest) {
      try {
        const declared = declaredHooks(manifest);
        const found = await askRegistrations(
          running,
          declared.map(({ objectType, hookType }) => objectHook(objectType, hookType)),
        );
        const hooks = declared.map(({ objectType, hookType }) => {
          const priorities = found.flatMap((one) =>
            one.objectType === objectType && one.hookTypes.includes(hookType) ? [one.priority] : [],
          );
          return { objectType, hookType, registered: priorities.length > 0, priority: priorities.length > 0 ? Math.min(...priorities) : 0 };
        });
        await store.saveRegistered(running.id, running.spec.codeHash ?? "", hooks);
      } catch (error) {
        logger.warn("object hooks of a plugin could not be registered", { pluginId: running.id, reason: messageOf(error) });
        throw error;
      }
    },

    async askedAbout(objectType, hookType) {
      const granted = await store.listGranted(objectType, hookType);
      return granted
        .flatMap(({ plugin, hook }): Asked[] => {
          const registered = isRegistered(plugin, hook);
          if (registered === false || !hasStudioProcess(plugin)) return [];
          return [
            {
              plugin,
              priority: registered ? (hook?.priority ?? 0) : 0,
              failurePolicy: hook?.failurePolicy ?? failurePolicyOf(plugin, lifecycle.settingsOf(plugin)),
              timeoutMs: hook?.timeoutMs ?? undefined,
            },
          ];
        })
        .sort((a, b) => a.priority - b.priority || a.plugin.id - b.plugin.id);
    },
  };
}
