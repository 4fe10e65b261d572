import { invalid, notFound } from "@portico/core";
import { objectHook } from "@portico/protocol";
import type { Actor } from "../../auth/actor.ts";
import type { Db } from "../../db/client.ts";
import { record } from "../../db/journal.ts";
import type { PluginService } from "../catalog/service.ts";
import type { Plugin } from "../catalog/store.ts";
import type { HookFailureResource, HookPatch, HookResource } from "../contract/hooks.ts";
import type { Lifecycle } from "../processes/lifecycle.ts";
import { failurePolicyOf } from "./policy.ts";
import { declaredHooks, isRegistered } from "./registrations.ts";
import type { HookStore, StoredHook } from "./store.ts";

/** Object hooks as administrators see and set them. */
export type HookService = {
  /** Every hook that the plugin's manifest declares, in the manifest's order. */
  list(pluginId: number): Promise<HookResource[]>;
  update(actor: Actor, pluginId: number, hook: string, patch: HookPatch): Promise<HookResource>;
  /** After-hooks that failed, the latest first. */
  failures(pluginId: number): Promise<HookFailureResource[]>;
  /** Delivers an after-hook again that was given up. */
  retry(actor: Actor, pluginId: number, eventId: number): Promise<void>;
};

export function createHookService({
  db,
  store,
  plugins,
  lifecycle,
  defaultTimeoutMs,
}: {
  db: Db;
  store: HookStore;
  plugins: Pick<PluginService, "get">;
  lifecycle: Pick<Lifecycle, "settingsOf">;
  defaultTimeoutMs: number;
}): HookService {
  function resource(plugin: Plugin, { objectType, hookType }: Pick<StoredHook, "objectType" | "hookType">, stored: StoredHook | undefined) {
    const isBefore = hookType.startsWith("before_");
    const registered = isRegistered(plugin, stored);
    return {
      type: "plugin-hooks" as const,
      id: `${objectType}.${hookType}`,
      attributes: {
        object_type: objectType,
        hook_type: hookType,
        approved: plugin.grants.includes(`${objectType}.${hookType}`),
        registered,
        priority: registered ? (stored?.priority ?? 0) : 0,
        failure_policy: isBefore ? (stored?.failurePolicy ?? failurePolicyOf(plugin, lifecycle.settingsOf(plugin))) : null,
        is_default_policy: isBefore && !stored?.failurePolicy,
        timeout_ms: stored?.timeoutMs ?? defaultTimeoutMs,
        is_default_timeout: stored?.timeoutMs == null,
      },
    };
  }

  async function list(pluginId: number): Promise<HookResource[]> {
    const plugin = await plugins.get(pluginId);
    const stored = await store.list(pluginId);
    return declaredHooks(plugin.manifest).map((hook) =>
      resource(
        plugin,
        hook,
        stored.find(({ objectType, hookType }) => objectType === hook.objectType && hookType === hook.hookType),
      ),
    );
  }

  return {
    list,

    async update(actor, pluginId, name, { failure_policy, timeout_ms }) {
      const plugin = await plugins.get(pluginId);
      const hook = declaredHooks(plugin.manifest).find(({ objectType, hookType }) => objectHook(objectType, hookType) === name);
      if (!hook) throw notFound(`Hook ${name}`);
      if (failure_policy && hook.hookType.startsWith("after_"))
        throw invalid("failure_policy", "must be absent or null: after-hooks run after the change and cannot block it");
      const settings = {
        ...(failure_policy === undefined ? {} : { failurePolicy: failure_policy }),
        ...(timeout_ms === undefined ? {} : { timeoutMs: timeout_ms }),
      };
      const changes = Object.fromEntries(Object.entries({ failure_policy, timeout_ms }).filter(([, value]) => value !== undefined));
      await db.transaction(async (tx) => {
        await store.saveSettings(tx, pluginId, hook.objectType, hook.hookType, settings);
        await record(tx, { kind: "plugin", action: "updated", id: pluginId, actor, changes: { hooks: { [name]: changes } } });
      });
      const updated = (await list(pluginId)).find(({ id }) => id === name);
      if (!updated) throw notFound(`Hook ${name}`);
      return updated;
    },

    async failures(pluginId) {
      await plugins.get(pluginId);
      return (await store.listFailures(pluginId)).map(({ eventId, hook, objectId, attempts, crashes, reason, lastAt, failedAt }) => ({
        type: "plugin-hook-failures",
        id: eventId,
        attributes: {
          hook,
          object_id: objectId,
          state: failedAt ? ("failed" as const) : ("retrying" as const),
          attempts,
          crashes,
          reason,
          last_attempt_at: lastAt.toISOString(),
        },
      }));
    },

    async retry(actor, pluginId, eventId) {
      await plugins.get(pluginId);
      await db.transaction(async (tx) => {
        if (!(await store.retry(tx, pluginId, eventId))) throw notFound("Failed after-hook");
        await record(tx, { kind: "plugin", action: "updated", id: pluginId, actor, changes: { retried_hook: eventId } });
      });
    },
  };
}
