import { AppError, messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { isUnimplemented, type PluginHost, type RunningPlugin } from "@portico/plugin-host";
import { type ObjectHookType, type ObjectType, objectHook, objectHookTypes, objectTypes, runsInStudio } from "@portico/protocol";
import type { Json } from "../catalog/json.ts";
import { storedManifest } from "../catalog/manifest.ts";
import type { PluginStore } from "../catalog/store.ts";
import type { Desired, Lifecycle } from "../processes/lifecycle.ts";

const registrationsTimeoutMs = 5_000;
const maxRegistrations = 200;

export type Registration = { objectType: ObjectType; hookTypes: ObjectHookType[]; priority: number };

/** A plugin to ask about one kind of operation. */
export type Asked = Desired & { priority: number };

const isOneOf = <T extends string>(list: readonly T[], value: string): value is T => (list as readonly string[]).includes(value);

/**
 * Asks a process which operations it wants to check.
 * @throws AppError plugin_invalid when any of it is not declared or makes no sense; nothing is registered then.
 */
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
      if (!declared.includes(objectHook(objectType, hookType)))
        throw refuse(`${objectType}.${hookType} is not in the manifest's permissions.object_hooks`);
      return hookType;
    });
    return { objectType, hookTypes: [...new Set(known)], priority };
  });
}

/** Which plugins are asked about what: approved by the grant table, and registered by their processes. */
export function createRegistrations({
  store,
  host,
  lifecycle,
  logger,
}: {
  store: Pick<PluginStore, "listGranted">;
  host: Pick<PluginHost, "get">;
  lifecycle: Pick<Lifecycle, "settingsOf">;
  logger: Logger;
}) {
  const registered = new WeakMap<RunningPlugin, Registration[]>();
  /** By plugin: keeps the order while a process is away. */
  const lastRegistered = new Map<number, Registration[]>();

  /** undefined when the plugin does not take part. A plugin whose process is away takes part in whatever was approved. */
  function priorityOf(id: number, objectType: ObjectType, hookType: ObjectHookType): number | undefined {
    const running = host.get(id);
    const known = running && registered.get(running);
    const fitting = (known ?? lastRegistered.get(id) ?? []).filter(
      (one) => one.objectType === objectType && one.hookTypes.includes(hookType),
    );
    if (fitting.length > 0) return Math.min(...fitting.map(({ priority }) => priority));
    return known ? undefined : 0;
  }

  return {
    /**
     * Part of making a process ready.
     * @param manifest what the process answered, as stored.
     * @throws AppError when it registers what its manifest does not declare.
     */
    async learn(running: RunningPlugin, manifest: Json): Promise<void> {
      try {
        const found = await askRegistrations(running, storedManifest(manifest)?.permissions?.object_hooks ?? []);
        registered.set(running, found);
        lastRegistered.set(running.id, found);
      } catch (error) {
        logger.warn("a plugin's object hooks could not be registered", { pluginId: running.id, reason: messageOf(error) });
        throw error;
      }
    },

    /** Lower priority first, then the older plugin. Asked of the rows: a process that is away does not open what it guards. */
    async askedAbout(objectType: ObjectType, hookType: ObjectHookType): Promise<Asked[]> {
      const plugins = await store.listGranted(objectHook(objectType, hookType));
      return plugins
        .flatMap((plugin) => {
          const priority = runsInStudio(plugin.hookTypes) ? priorityOf(plugin.id, objectType, hookType) : undefined;
          return priority === undefined ? [] : [{ plugin, config: lifecycle.settingsOf(plugin), priority }];
        })
        .sort((a, b) => a.priority - b.priority || a.plugin.id - b.plugin.id);
    },
  };
}
export type Registrations = ReturnType<typeof createRegistrations>;
