import { isDeepStrictEqual } from "node:util";
import type { ServiceScope } from "@portico/protocol";
import type { Json } from "../catalog/json.ts";
import type { Plugin } from "../catalog/store.ts";

/** Whether a plugin that does not answer, or whose answer cannot be used, blocks the operation. */
export const failurePolicies = ["fail_closed", "fail_open"] as const;
export type FailurePolicy = (typeof failurePolicies)[number];

/** For hooks without a policy of their own: the plugin's settings decide, then its manifest; a plugin that says nothing blocks. */
export const failurePolicyOf = ({ manifest }: Pick<Plugin, "manifest">, config: Json): FailurePolicy =>
  (config.object_hook_failure_policy ?? manifest.object_hook_failure_policy) === "fail_open" ? "fail_open" : "fail_closed";

/** A field that a plugin may change only with a scope, in the cases that `needs` names. */
export type Guard = { scope: ServiceScope; needs(before: unknown, after: unknown): boolean };
export type Guards = Readonly<Record<string, Guard>>;

export const isChanged = (before: unknown, after: unknown): boolean => !isDeepStrictEqual(before, after);
/** Rights may be taken away by any plugin that may refuse the operation as a whole. */
export const isRaised = (before: unknown, after: unknown): boolean => isChanged(before, after) && Boolean(after);
export const isExtended = (before: unknown, after: unknown): boolean => {
  if (!Array.isArray(after)) return isChanged(before, after);
  const had = new Set(Array.isArray(before) ? before.map(String) : []);
  return after.some((one) => !had.has(String(one)));
};

/** The first change that needs a scope which the plugin does not have. */
export function forbiddenChange(
  guards: Guards,
  before: Json,
  after: Json,
  has: (scope: ServiceScope) => boolean,
): { field: string; scope: ServiceScope } | undefined {
  for (const [field, { scope, needs }] of Object.entries(guards))
    if (needs(before[field], after[field]) && !has(scope)) return { field, scope };
  return undefined;
}

/** Names of the fields that differ. */
export const changedFields = (before: Json, after: Json): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((field) => isChanged(before[field], after[field])).sort();
