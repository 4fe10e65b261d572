import type { ObjectHookType, ObjectType } from "@portico/protocol";
import type { Db, Tx } from "../../db/client.ts";
import { type Plugin, toPlugin, withGrants } from "../catalog/store.ts";
import type { FailurePolicy } from "./policy.ts";

/** One hook of a plugin as stored. */
export type StoredHook = {
  objectType: string;
  hookType: string;
  /** Whether the program `codeHash` registered it; null before it was asked. */
  registered: boolean | null;
  priority: number;
  codeHash: string;
  /** null follows the plugin's settings. */
  failurePolicy: FailurePolicy | null;
  /** null is the default. */
  timeoutMs: number | null;
};
export type HookSettings = Pick<StoredHook, "failurePolicy" | "timeoutMs">;

/** An after-hook that failed. */
export type HookFailure = {
  eventId: string;
  hook: string;
  objectId: string;
  attempts: number;
  crashes: number;
  reason: string;
  lastAt: Date;
  /** When it was given up; null while it is retried. */
  failedAt: Date | null;
};

type Registered = { objectType: ObjectType; hookType: ObjectHookType; registered: boolean; priority: number };

/** Of each plugin; older ones that were given up are forgotten. */
const maxFailures = 100;

const columns = {
  objectType: true,
  hookType: true,
  registered: true,
  priority: true,
  codeHash: true,
  failurePolicy: true,
  timeoutMs: true,
} as const;
const toHook = (row: Omit<StoredHook, "failurePolicy"> & { failurePolicy: string | null }): StoredHook => ({
  ...row,
  failurePolicy: row.failurePolicy === "fail_open" || row.failurePolicy === "fail_closed" ? row.failurePolicy : null,
});

export function createHookStore(db: Db) {
  return {
    /** Active plugins that were granted the hook, in the order of their ids, with what is stored of it. */
    async listGranted(objectType: ObjectType, hookType: ObjectHookType): Promise<{ plugin: Plugin; hook: StoredHook | undefined }[]> {
      const rows = await db.prisma.plugin.findMany({
        where: { isActive: true, grants: { some: { capability: `${objectType}.${hookType}` } } },
        include: { ...withGrants, hooks: { where: { objectType, hookType }, select: columns } },
        orderBy: { id: "asc" },
      });
      return rows.map(({ hooks, ...row }) => ({ plugin: toPlugin(row), hook: hooks[0] && toHook(hooks[0]) }));
    },

    list: async (pluginId: number): Promise<StoredHook[]> =>
      (await db.prisma.pluginHook.findMany({ where: { pluginId }, select: columns })).map(toHook),

    /** What a program registered of all that it declares. What an administrator decided stays. */
    async saveRegistered(pluginId: number, codeHash: string, hooks: readonly Registered[]): Promise<void> {
      if (hooks.length === 0) return;
      await db.sql.query(
        `INSERT INTO plugin_hooks (plugin_id, object_type, hook_type, registered, priority, code_hash)
         SELECT p.id, h.object_type, h.hook_type, h.registered, h.priority, $2
         FROM plugins p, unnest($3::text[], $4::text[], $5::boolean[], $6::int[]) AS h(object_type, hook_type, registered, priority)
         WHERE p.id = $1
         ON CONFLICT (plugin_id, object_type, hook_type) DO UPDATE
           SET registered = excluded.registered, priority = excluded.priority, code_hash = excluded.code_hash
           WHERE (plugin_hooks.registered, plugin_hooks.priority, plugin_hooks.code_hash)
             IS DISTINCT FROM (excluded.registered, excluded.priority, excluded.code_hash)`,
        [
          pluginId,
          codeHash,
          hooks.map(({ objectType }) => objectType),
          hooks.map(({ hookType }) => hookType),
          hooks.map(({ registered }) => registered),
          hooks.map(({ priority }) => priority),
        ],
      );
    },

    async saveSettings(tx: Tx, pluginId: number, objectType: ObjectType, hookType: ObjectHookType, settings: Partial<HookSettings>) {
      await tx.pluginHook.upsert({
        where: { pluginId_objectType_hookType: { pluginId, objectType, hookType } },
        create: { pluginId, objectType, hookType, ...settings },
        update: settings,
      });
    },

    /** Counts one more attempt. @returns the counts; undefined when the plugin is gone. */
    async noteFailure(
      pluginId: number,
      { eventId, hook, objectId, reason, crashed }: Pick<HookFailure, "eventId" | "hook" | "objectId" | "reason"> & { crashed: boolean },
    ): Promise<Pick<HookFailure, "attempts" | "crashes"> | undefined> {
      const { rows } = await db.sql.query<{ attempts: number; crashes: number }>(
        `INSERT INTO plugin_hook_failures AS f (plugin_id, event_id, hook, object_id, reason, attempts, crashes)
         SELECT id, $2, $3, $4, $5, 1, $6 FROM plugins WHERE id = $1
         ON CONFLICT (plugin_id, event_id) DO UPDATE
           SET attempts = f.attempts + 1, crashes = f.crashes + excluded.crashes, reason = excluded.reason, last_at = now(), failed_at = NULL
         RETURNING attempts, crashes`,
        [pluginId, eventId, hook, objectId, reason, crashed ? 1 : 0],
      );
      return rows[0];
    },

    /** Keeps the failure for administrators. */
    async giveUp(pluginId: number, eventId: string): Promise<void> {
      await db.sql.query("UPDATE plugin_hook_failures SET failed_at = now() WHERE plugin_id = $1 AND event_id = $2", [pluginId, eventId]);
      await db.sql.query(
        `DELETE FROM plugin_hook_failures WHERE plugin_id = $1 AND failed_at IS NOT NULL AND event_id NOT IN
           (SELECT event_id FROM plugin_hook_failures WHERE plugin_id = $1 AND failed_at IS NOT NULL ORDER BY failed_at DESC, event_id DESC LIMIT $2)`,
        [pluginId, maxFailures],
      );
    },

    async clearFailure(pluginId: number, eventId: string): Promise<void> {
      await db.sql.query("DELETE FROM plugin_hook_failures WHERE plugin_id = $1 AND event_id = $2", [pluginId, eventId]);
    },

    /** The latest first. */
    listFailures: async (pluginId: number): Promise<HookFailure[]> =>
      (
        await db.prisma.pluginHookFailure.findMany({
          where: { pluginId },
          omit: { pluginId: true },
          orderBy: [{ lastAt: "desc" }, { eventId: "desc" }],
          take: 2 * maxFailures,
        })
      ).map((row) => ({ ...row, eventId: String(row.eventId) })),

    /** Delivers again what was given up. @returns false when there is no such failure. */
    async retry(tx: Tx, pluginId: number, eventId: number): Promise<boolean> {
      const { count } = await tx.pluginHookFailure.deleteMany({ where: { pluginId, eventId, failedAt: { not: null } } });
      if (count === 0) return false;
      await tx.$queryRaw`SELECT graphile_worker.add_job('after-hook', json_build_object('id', ${String(eventId)}::text, 'plugin_id', ${pluginId}::int),
        job_key => ${afterHookKey(String(eventId), pluginId)}::text, max_attempts => ${maxAttempts}::int)`;
      return true;
    },
  };
}
export type HookStore = ReturnType<typeof createHookStore>;

/** Of one after-hook, with growing pauses over hours. */
export const maxAttempts = 12;
/** One job for each event and plugin. */
export const afterHookKey = (eventId: string, pluginId: number): string => `after-hook:${eventId}:${pluginId}`;
