import { type ObjectHookType, type ObjectType, objectHookTypes, objectTypes } from "@portico/protocol";
import * as wire from "@portico/protocol/plugin";
import type { ObjectHook } from "../object-hooks.ts";
import type { HookExtras } from "../results.ts";
import type { PluginHandlers, ServiceParts } from "./types.ts";

type Objects = Pick<PluginHandlers, "getObjectHookRegistrations" | "handleObjectHook">;

const isOneOf = <T extends string>(values: readonly T[], value: string): value is T => (values as readonly string[]).includes(value);

/**
 * One registration for each object type and priority. A hook type is registered once, at its lowest priority: hosts
 * call per registration without saying which, so several hooks of a plugin on the same moment run in one call.
 */
function registrationsOf<Config>(hooks: ObjectHook<Config>[]) {
  const lowest = new Map<string, { objectType: ObjectType; hookType: ObjectHookType; priority: number }>();
  for (const { objectType, hookTypes, priority } of hooks) {
    for (const hookType of hookTypes) {
      const known = lowest.get(`${objectType}.${hookType}`);
      if (!known || priority < known.priority) lowest.set(`${objectType}.${hookType}`, { objectType, hookType, priority });
    }
  }
  const grouped = Map.groupBy(lowest.values(), ({ objectType, priority }) => `${objectType} ${priority}`);
  return [...grouped.values()].map((group) => ({
    objectType: group[0]?.objectType ?? "",
    priority: group[0]?.priority ?? 0,
    hookTypes: group.map(({ hookType }) => hookType),
  }));
}

/** What the request has no fields for is in its metadata; hosts of other makes send none of it. */
const jsonOf = (text: string | undefined): unknown => {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
};
const previousOf = (metadata: Record<string, string>): unknown => jsonOf(metadata.previous_object_json) ?? undefined;
const changesOf = (metadata: Record<string, string>): string[] => {
  const changes = jsonOf(metadata.changed_fields);
  return Array.isArray(changes) ? changes.map(String) : [];
};

const differences = (before: Record<string, unknown>, after: Record<string, unknown>): string[] =>
  Object.keys({ ...before, ...after }).filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));

/** Hooks on the control plane's objects. */
export function objectHandlers<Config>({ definition, contextOf }: ServiceParts<Config>): Objects {
  const hooks = (definition.objectHooks ?? []).toSorted((a, b) => a.priority - b.priority);
  const registrations = registrationsOf(hooks);

  return {
    getObjectHookRegistrations: async () => wire.GetObjectHookRegistrationsResponse.fromPartial({ registrations }),

    async handleObjectHook(request, { signal }) {
      const { hookType, objectType } = request;
      if (!isOneOf(objectHookTypes, hookType) || !isOneOf(objectTypes, objectType)) {
        return wire.ObjectHookResponse.fromPartial({ allowOperation: true });
      }
      const ctx = { ...contextOf(request.context, signal), userId: request.userId };
      let object = JSON.parse(request.objectJson) as Record<string, unknown>;
      const previous = previousOf(request.metadata) as never;
      let changes = changesOf(request.metadata);
      const plugin: Required<HookExtras> = { metadata: {}, message: "" };
      let modified = false;
      for (const hook of hooks) {
        if (hook.objectType !== objectType || !hook.hookTypes.includes(hookType)) continue;
        const { operationId, userId } = request;
        const operation = { object: object as never, previous, changes, objectType, hookType, operationId, userId };
        const result = await hook.run(operation, ctx);
        if (!result) {
          if (hookType.startsWith("after_")) continue;
          throw new Error(`The ${hookType} hook for ${objectType} must return allow(), reject() or modify().`);
        }
        if (result.kind === "reject") {
          return wire.ObjectHookResponse.fromPartial({ rejectionReason: result.reason || "Rejected without a reason" });
        }
        if (result.kind === "modify") {
          if (previous !== undefined) changes = [...new Set([...changes, ...differences(object, result.object)])].sort();
          object = result.object;
          modified = true;
        }
        Object.assign(plugin.metadata, result.extras.metadata);
        plugin.message = [plugin.message, result.extras.message].filter(Boolean).join("; ");
      }
      return wire.ObjectHookResponse.fromPartial({
        allowOperation: true,
        modified,
        modifiedObjectJson: modified ? JSON.stringify(object) : "",
        pluginMetadata: plugin.metadata,
        message: plugin.message,
      });
    },
  };
}
