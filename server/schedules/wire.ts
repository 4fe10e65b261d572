import type { ExecutionView, ScheduleView } from "./contract.ts";
import type { Execution, LastRun, Schedule } from "./store.ts";

/** As the API names them. */
const fieldNames: Record<string, string> = { cronExpr: "cron_expr", timeoutSeconds: "timeout_seconds", catchUp: "catch_up" };

export const toView = (schedule: Schedule, last: LastRun | undefined): ScheduleView => ({
  id: schedule.id,
  plugin_id: schedule.pluginId,
  schedule_id: schedule.scheduleId,
  name: schedule.name,
  cron_expr: schedule.cronExpr,
  timezone: schedule.timezone,
  enabled: schedule.enabled,
  config: JSON.stringify(schedule.config),
  timeout_seconds: schedule.timeoutSeconds,
  retries: schedule.retries,
  catch_up: schedule.catchUp,
  source: schedule.source,
  edited_fields: schedule.editedFields.map((field) => fieldNames[field] ?? field),
  ...(schedule.lastRunAt ? { last_run: schedule.lastRunAt.toISOString() } : {}),
  ...(schedule.nextRunAt ? { next_run: schedule.nextRunAt.toISOString() } : {}),
  ...(last ? { last_status: last.status, ...(last.error ? { last_error: last.error } : {}) } : {}),
  created_at: schedule.createdAt.toISOString(),
  updated_at: schedule.updatedAt.toISOString(),
});

export const toExecutionView = (execution: Execution): ExecutionView => ({
  id: execution.id,
  plugin_schedule_id: execution.pluginScheduleId,
  plugin_id: execution.pluginId,
  status: execution.status,
  trigger: execution.trigger,
  due_at: execution.dueAt.toISOString(),
  started_at: execution.startedAt.toISOString(),
  ...(execution.completedAt ? { completed_at: execution.completedAt.toISOString() } : {}),
  locked_by: execution.lockedBy,
  success: execution.status === "completed",
  ...(execution.error ? { error: execution.error } : {}),
  duration: execution.completedAt ? execution.completedAt.getTime() - execution.startedAt.getTime() : 0,
});
