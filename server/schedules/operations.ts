import { invalid } from "@portico/core";
import type { ScheduleInfo } from "@portico/protocol/studio-management";
import { parseInput } from "../fields/input-error.ts";
import { operation } from "../grpc/operation.ts";
import { changesOf, jsonOf } from "../grpc/requests.ts";
import { ScheduleDraft, SchedulePatch } from "./contract.ts";
import type { ScheduleService } from "./service.ts";
import type { Schedule } from "./store.ts";

const maxConfigChars = 64 * 1024;

const toInfo = (schedule: Schedule): ScheduleInfo => ({
  id: schedule.id,
  pluginId: schedule.pluginId,
  scheduleId: schedule.scheduleId,
  name: schedule.name,
  cronExpr: schedule.cronExpr,
  timezone: schedule.timezone,
  enabled: schedule.enabled,
  config: JSON.stringify(schedule.config),
  timeoutSeconds: schedule.timeoutSeconds,
  lastRun: schedule.lastRunAt ?? undefined,
  nextRun: schedule.nextRunAt ?? undefined,
  createdAt: schedule.createdAt,
  updatedAt: schedule.updatedAt,
});

function nameOf({ scheduleId }: { scheduleId: string }): string {
  if (scheduleId === "") throw invalid("schedule_id", "is required");
  return scheduleId;
}

const configOf = (text: string | undefined) => (text ? jsonOf(text, "config_json", maxConfigChars) : undefined);

/** A plugin's own schedules, and no other's: which plugin asks is known from its socket. */
export const scheduleOperations = ({ schedules }: { schedules: ScheduleService }) => [
  operation({
    rpc: "listSchedules",
    scope: "scheduler.manage",
    async handle({ plugin }) {
      const list = await schedules.list(plugin.id);
      return { schedules: list.map(({ schedule }) => toInfo(schedule)), totalCount: list.length };
    },
  }),
  operation({
    rpc: "getSchedule",
    scope: "scheduler.manage",
    handle: async ({ plugin }, request) => ({ schedule: toInfo(await schedules.getNamed(plugin.id, nameOf(request))) }),
  }),
  operation({
    rpc: "createSchedule",
    scope: "scheduler.manage",
    audit: true,
    async handle({ actor, plugin }, { scheduleId, name, cronExpr, timezone, timeoutSeconds, configJson, enabled }) {
      const draft = parseInput(
        ScheduleDraft,
        changesOf({
          schedule_id: scheduleId,
          name,
          cron: cronExpr,
          timezone,
          timeout_seconds: timeoutSeconds || undefined,
          config: configOf(configJson),
          enabled,
        }),
      );
      return { schedule: toInfo(await schedules.create(actor, plugin.id, draft)) };
    },
  }),
  operation({
    rpc: "updateSchedule",
    scope: "scheduler.manage",
    audit: true,
    async handle({ actor, plugin }, request) {
      const schedule = await schedules.getNamed(plugin.id, nameOf(request));
      const patch = parseInput(
        SchedulePatch,
        changesOf({
          name: request.name,
          cron_expr: request.cronExpr,
          timezone: request.timezone,
          timeout_seconds: request.timeoutSeconds || undefined,
          config: configOf(request.configJson),
          enabled: request.enabled,
        }),
      );
      return { schedule: toInfo(await schedules.update(actor, schedule, patch)) };
    },
  }),
  operation({
    rpc: "deleteSchedule",
    scope: "scheduler.manage",
    audit: true,
    async handle({ actor, plugin }, request) {
      await schedules.delete(actor, await schedules.getNamed(plugin.id, nameOf(request)));
      return { success: true, message: "Schedule deleted" };
    },
  }),
];
