import { AppError, invalid, notFound } from "@portico/core";
import { ManifestSchedule } from "@portico/protocol";
import { type Actor, systemActor } from "../auth/actor.ts";
import { type Db, isMissing, type Tx } from "../db/client.ts";
import { record } from "../db/journal.ts";
import type { ScheduleDraft, SchedulePatch, ScheduleView } from "./contract.ts";
import { faultOfCron, faultOfTimezone, nextRun } from "./cron.ts";
import type { Runner } from "./runner.ts";
import type { Executions, LastRun, Schedule, ScheduleSettings, ScheduleStore, Source } from "./store.ts";
import { toView } from "./wire.ts";

export type ScheduleService = {
  list(pluginId: number): Promise<{ schedule: Schedule; last: LastRun | undefined }[]>;
  get(pluginId: number, id: number): Promise<{ schedule: Schedule; last: LastRun | undefined }>;
  getNamed(pluginId: number, scheduleId: string): Promise<Schedule>;
  /** @throws AppError conflict when the plugin has a schedule of this name. */
  create(actor: Actor, pluginId: number, draft: ScheduleDraft): Promise<Schedule>;
  /** A plugin does not change what an administrator has set. */
  update(actor: Actor, schedule: Schedule, patch: SchedulePatch): Promise<Schedule>;
  delete(actor: Actor, schedule: Schedule): Promise<void>;
  /** @throws AppError conflict when it is running, plugin_unavailable when the plugin is not. */
  run(actor: Actor, schedule: Schedule): Promise<string>;
  executions(pluginId: number, id: number, page: { limit: number; offset: number }): Promise<{ schedule: Schedule } & Executions>;
  /** Brings schedules in line with the manifests of active plugins. */
  followManifests(): Promise<void>;
};

const settingsOf = ({ cron_expr, timeout_seconds, catch_up, ...rest }: SchedulePatch): Partial<ScheduleSettings> => ({
  ...(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Partial<ScheduleSettings>),
  ...(cron_expr === undefined ? {} : { cronExpr: cron_expr }),
  ...(timeout_seconds === undefined ? {} : { timeoutSeconds: timeout_seconds }),
  ...(catch_up === undefined ? {} : { catchUp: catch_up }),
});

/** @throws AppError validation_failed naming the field. */
function checkTimes({ cronExpr, timezone }: Pick<ScheduleSettings, "cronExpr" | "timezone">, cronField: "cron" | "cron_expr"): void {
  const timezoneFault = faultOfTimezone(timezone);
  if (timezoneFault) throw invalid("timezone", timezoneFault);
  const cronFault = faultOfCron(cronExpr);
  if (cronFault) throw invalid(cronField, cronFault);
}

const nextOf = ({ enabled, cronExpr: cron, timezone }: ScheduleSettings): Date | null =>
  enabled ? (nextRun({ cron, timezone }, new Date()) ?? null) : null;

const sourceOf = ({ via }: Actor): Source => (via === "plugin" ? "plugin" : via === "system" ? "manifest" : "admin");

export function createScheduleService({ db, store, runner }: { db: Db; store: ScheduleStore; runner: Runner }): ScheduleService {
  const requirePlugin = async (id: number) => {
    if (!(await store.pluginExists(id))) throw notFound("Plugin");
  };
  const shown = (schedule: Schedule): ScheduleView => toView(schedule, undefined);

  async function require(pluginId: number, id: number): Promise<Schedule> {
    const schedule = await store.find(pluginId, id);
    if (schedule) return schedule;
    await requirePlugin(pluginId);
    throw notFound("Schedule");
  }

  async function insert(tx: Tx, actor: Actor, pluginId: number, scheduleId: string, settings: ScheduleSettings): Promise<Schedule> {
    const schedule = await store.insert(tx, { ...settings, pluginId, scheduleId, source: sourceOf(actor), nextRunAt: nextOf(settings) });
    await record(tx, {
      kind: "plugin_schedule",
      action: "created",
      id: schedule.id,
      actor,
      object: shown(schedule),
      changes: { ...settings },
    });
    return schedule;
  }

  async function change(
    tx: Tx,
    actor: Actor,
    before: Schedule,
    settings: Partial<ScheduleSettings>,
    editedFields: string[],
  ): Promise<Schedule> {
    const after = { ...before, ...settings };
    const isSameTime = after.cronExpr === before.cronExpr && after.timezone === before.timezone && after.enabled === before.enabled;
    const times = isSameTime ? {} : { nextRunAt: nextOf(after), attempt: 0 };
    const schedule = await store.update(tx, before.id, { ...settings, ...times, editedFields }).catch((error: unknown) => {
      throw isMissing(error) ? notFound("Schedule") : error;
    });
    await record(tx, {
      kind: "plugin_schedule",
      action: "updated",
      id: before.id,
      actor,
      object: shown(schedule),
      changes: { ...settings },
    });
    return schedule;
  }

  async function remove(tx: Tx, actor: Actor, { id, scheduleId }: Schedule): Promise<void> {
    if ((await store.delete(tx, id)) === 0) throw notFound("Schedule");
    await record(tx, { kind: "plugin_schedule", action: "deleted", id, actor, changes: { schedule_id: scheduleId } });
  }

  /** What has to be done to one plugin's schedules, given its manifest. */
  async function follow(tx: Tx, pluginId: number, declared: unknown, stored: readonly Schedule[]): Promise<void> {
    const actor = systemActor();
    const names = new Set<string>();
    for (const entry of Array.isArray(declared) ? declared : []) {
      const parsed = ManifestSchedule.safeParse(entry);
      if (!parsed.success) continue;
      const { id, name, cron, timezone, enabled, timeout_seconds, config = {} } = parsed.data;
      const settings = { name, cronExpr: cron, timezone: timezone || "UTC", enabled, timeoutSeconds: timeout_seconds, config };
      names.add(id);
      if (faultOfCron(cron) || faultOfTimezone(settings.timezone)) continue;
      const known = stored.find(({ scheduleId }) => scheduleId === id);
      if (!known) await insert(tx, actor, pluginId, id, { ...settings, retries: 0, catchUp: true });
      else if (known.source === "manifest") {
        const changes = differing(known, settings);
        if (Object.keys(changes).length > 0) await change(tx, actor, known, changes, known.editedFields);
      }
    }
    for (const schedule of stored) if (schedule.source === "manifest" && !names.has(schedule.scheduleId)) await remove(tx, actor, schedule);
  }

  return {
    async list(pluginId) {
      await requirePlugin(pluginId);
      return await store.list(pluginId);
    },
    async get(pluginId, id) {
      return { schedule: await require(pluginId, id), last: await store.lastRun(id) };
    },
    async getNamed(pluginId, scheduleId) {
      const schedule = await store.findNamed(pluginId, scheduleId);
      if (!schedule) throw notFound("Schedule");
      return schedule;
    },

    async create(
      actor,
      pluginId,
      { schedule_id: scheduleId, cron: cronExpr, timeout_seconds: timeoutSeconds, catch_up: catchUp, ...rest },
    ) {
      await requirePlugin(pluginId);
      const settings = { ...rest, cronExpr, timeoutSeconds, catchUp };
      checkTimes(settings, "cron");
      if (await store.findNamed(pluginId, scheduleId)) {
        const message = `This plugin has a schedule "${scheduleId}" already.`;
        throw new AppError({ code: "conflict", message, issues: [{ field: "schedule_id", message: "is taken" }] });
      }
      return await db.transaction((tx) => insert(tx, actor, pluginId, scheduleId, settings));
    },

    async update(actor, schedule, patch) {
      const given = settingsOf(patch);
      const isPlugins = actor.via === "plugin";
      const settings = isPlugins ? differing(schedule, given) : given;
      checkTimes({ ...schedule, ...settings }, "cron_expr");
      const edited = isPlugins ? schedule.editedFields : [...new Set([...schedule.editedFields, ...Object.keys(settings)])].sort();
      return await db.transaction((tx) => change(tx, actor, schedule, settings, edited));
    },

    async delete(actor, schedule) {
      if (schedule.source === "manifest")
        throw new AppError({
          code: "conflict",
          message: `The schedule "${schedule.scheduleId}" comes from the plugin's manifest and would come back. Disable it instead.`,
        });
      await db.transaction((tx) => remove(tx, actor, schedule));
    },

    async run(actor, schedule) {
      const executionId = await runner.runNow(schedule);
      if (executionId === undefined)
        throw new AppError({ code: "conflict", message: `The schedule "${schedule.scheduleId}" is running already.` });
      await db.transaction((tx) =>
        record(tx, {
          kind: "plugin_schedule",
          action: "updated",
          id: schedule.id,
          actor,
          object: shown(schedule),
          changes: { run_now: executionId },
        }),
      );
      return executionId;
    },

    async executions(pluginId, id, page) {
      const schedule = await require(pluginId, id);
      return { schedule, ...(await store.executions(id, page)) };
    },

    async followManifests() {
      const isInLine = (await store.manifests()).every(({ declared, stored }) => stored.length === 0 && !hasEntries(declared));
      if (isInLine) return;
      await db.transaction(async (tx) => {
        // Replicas hear of a manifest at the same moment.
        await store.lockManifests(tx);
        for (const { pluginId, declared, stored } of await store.manifests()) await follow(tx, pluginId, declared, stored);
      });
    },
  };
}

const hasEntries = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** What of the settings differs from the schedule, without what an administrator has set. */
function differing(schedule: Schedule, settings: Partial<ScheduleSettings>): Partial<ScheduleSettings> {
  const entries = Object.entries(settings).filter(([field, value]) => {
    const stored = schedule[field as keyof ScheduleSettings];
    const isSame = typeof value === "object" ? JSON.stringify(value) === JSON.stringify(stored) : value === stored;
    return !isSame && !schedule.editedFields.includes(field);
  });
  return Object.fromEntries(entries) as Partial<ScheduleSettings>;
}
