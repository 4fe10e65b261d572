import { z } from "zod";
import { Flag, must, queryInteger, text } from "../fields/contract.ts";
import { IdParam } from "../http/contract.ts";

/*
 * Schedules are flat, as in the reference system: no envelope, and `config` is JSON as text in answers.
 */

const maxConfigChars = 64 * 1024;

const ScheduleFields = {
  name: text(255).min(1, "is required"),
  cron_expr: text(255).min(1, "is required"),
  timezone: text(64).transform((name) => name || "UTC"),
  enabled: Flag,
  timeout_seconds: z
    .number({ error: must("a number of seconds") })
    .int("must be a whole number")
    .min(1, "must be at least 1")
    .max(86_400, "must be at most 86400, a day"),
  config: z
    .record(z.string(), z.unknown(), { error: must("an object") })
    .refine((config) => JSON.stringify(config).length <= maxConfigChars, `must have at most ${maxConfigChars} characters as JSON`),
  retries: z
    .number({ error: must("a number") })
    .int("must be a whole number")
    .min(0, "must not be negative")
    .max(10, "must be at most 10"),
  catch_up: Flag,
};

/** `cron` is `cron_expr`. */
const { cron_expr, ...otherFields } = ScheduleFields;

export const ScheduleDraft = z.strictObject({
  schedule_id: text(255).min(1, "is required"),
  cron: cron_expr,
  ...otherFields,
  timezone: ScheduleFields.timezone.default("UTC"),
  enabled: Flag.default(true),
  timeout_seconds: ScheduleFields.timeout_seconds.default(60),
  config: ScheduleFields.config.default({}),
  retries: ScheduleFields.retries.default(0),
  catch_up: Flag.default(true),
});
export type ScheduleDraft = z.infer<typeof ScheduleDraft>;

/** What is absent stays. */
export const SchedulePatch = z
  .strictObject({ ...ScheduleFields, cron: cron_expr })
  .partial()
  .refine(({ cron, cron_expr: expression }) => cron === undefined || expression === undefined, {
    path: ["cron"],
    message: "is another name of cron_expr: send one of them",
  })
  .transform(({ cron, ...patch }) => (cron === undefined ? patch : { ...patch, cron_expr: cron }));
export type SchedulePatch = z.infer<typeof SchedulePatch>;

export const ScheduleView = z.object({
  id: z.number(),
  plugin_id: z.number(),
  schedule_id: z.string(),
  name: z.string(),
  cron_expr: z.string(),
  timezone: z.string(),
  enabled: z.boolean(),
  /** JSON text. */
  config: z.string(),
  timeout_seconds: z.number(),
  /** How often a failed run is tried again before the next regular one. */
  retries: z.number(),
  /** Whether a run that was missed is made up for, once. */
  catch_up: z.boolean(),
  /** Who created it: the plugin's manifest, the plugin itself, or an administrator. */
  source: z.enum(["manifest", "plugin", "admin"]),
  /** Fields that an administrator has set; the manifest no longer changes them. */
  edited_fields: z.array(z.string()),
  last_run: z.string().optional(),
  next_run: z.string().optional(),
  /** Of the newest execution. */
  last_status: z.enum(["running", "completed", "failed", "timeout"]).optional(),
  last_error: z.string().optional(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type ScheduleView = z.infer<typeof ScheduleView>;

export const ScheduleList = z.object({ plugin_id: z.number(), schedules: z.array(ScheduleView), total_count: z.number() });

export const ExecutionView = z.object({
  id: z.number(),
  plugin_schedule_id: z.number(),
  plugin_id: z.number(),
  status: z.enum(["running", "completed", "failed", "timeout"]),
  trigger: z.enum(["schedule", "retry", "manual"]),
  /** When it should have begun. */
  due_at: z.string(),
  started_at: z.string(),
  completed_at: z.string().optional(),
  /** The replica that ran it. */
  locked_by: z.string(),
  success: z.boolean(),
  error: z.string().optional(),
  /** Milliseconds. */
  duration: z.number(),
});
export type ExecutionView = z.infer<typeof ExecutionView>;

export const ExecutionList = z.object({
  schedule_id: z.number(),
  schedule_name: z.string(),
  executions: z.array(ExecutionView),
  total_count: z.number(),
  success_count: z.number(),
  /** Percent. */
  success_rate: z.number(),
  limit: z.number(),
  offset: z.number(),
});
export type ExecutionList = z.infer<typeof ExecutionList>;

export const ScheduleParams = IdParam.extend({ schedule_id: IdParam.shape.id });

export const ExecutionQuery = z.object({
  limit: queryInteger({ min: 1, max: 200 }).default(50),
  offset: queryInteger({ max: 1_000_000 }).default(0),
});

export const ScheduleDeleted = z.object({ message: z.string(), schedule_id: z.number() });
