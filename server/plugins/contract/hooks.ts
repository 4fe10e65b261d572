import { z } from "zod";
import { must } from "../../fields/contract.ts";
import { IdParam, resourceOf } from "../../http/contract.ts";

const policies = ["fail_closed", "fail_open"] as const;

export const minHookTimeoutMs = 100;
export const maxHookTimeoutMs = 30_000;

/** An object hook of a plugin, by its name: `llm.before_create`. */
export const HookAttributes = z.object({
  object_type: z.string(),
  hook_type: z.string(),
  /** Without approval it does not run. */
  approved: z.boolean(),
  /** Whether the program that is approved registered it; null before its process was asked. */
  registered: z.boolean().nullable(),
  /** The plugin's own; lower runs first, among all plugins. */
  priority: z.number(),
  /** What happens to an operation when the plugin does not answer or its answer cannot be used; null for after-hooks, which block nothing. */
  failure_policy: z.enum(policies).nullable(),
  /** Whether `failure_policy` follows the plugin's settings and manifest. */
  is_default_policy: z.boolean(),
  /** For one call of the hook. */
  timeout_ms: z.number(),
  is_default_timeout: z.boolean(),
});
export type HookAttributes = z.infer<typeof HookAttributes>;
export const HookResource = resourceOf("plugin-hooks", HookAttributes);
export type HookResource = z.infer<typeof HookResource>;

/** null goes back to the default; what is absent stays. */
export const HookPatch = z
  .strictObject({
    failure_policy: z.enum(policies, { error: must(`one of ${policies.join(", ")}, or null`) }).nullable(),
    timeout_ms: z
      .number({ error: must("a number of milliseconds, or null") })
      .int("must be a whole number")
      .min(minHookTimeoutMs, `must be at least ${minHookTimeoutMs}`)
      .max(maxHookTimeoutMs, `must be at most ${maxHookTimeoutMs}`)
      .nullable(),
  })
  .partial();
export type HookPatch = z.infer<typeof HookPatch>;

/** A hook by its name. One that the plugin does not declare is not found. */
export const HookParams = IdParam.extend({ hook: z.string().max(130) });

/** An after-hook that failed. Its id is the event's. */
export const HookFailureAttributes = z.object({
  hook: z.string(),
  object_id: z.string(),
  /** `failed` was given up, until it is retried by hand. */
  state: z.enum(["retrying", "failed"]),
  attempts: z.number(),
  /** Attempts during which the plugin's process ended. */
  crashes: z.number(),
  reason: z.string(),
  last_attempt_at: z.string(),
});
export type HookFailureAttributes = z.infer<typeof HookFailureAttributes>;
export const HookFailureResource = resourceOf("plugin-hook-failures", HookFailureAttributes);
export type HookFailureResource = z.infer<typeof HookFailureResource>;

export const FailureParams = IdParam.extend({ event_id: IdParam.shape.id });
