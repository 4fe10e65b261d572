import { isDeepStrictEqual } from "node:util";
import type { ServiceScope } from "@portico/protocol";
import type { Json } from "../catalog/json.ts";
import type { Plugin } from "../catalog/store.ts";
import type { HookedObject } from "./types.ts";

/** Whether a plugin that does not answer blocks the operation. */
export type FailurePolicy = "fail_closed" | "fail_open";

/** Its settings decide, then its manifest; a plugin that says nothing blocks. */
export const failurePolicyOf = ({ manifest }: Pick<Plugin, "manifest">, config: Json): FailurePolicy =>
  (config.object_hook_failure_policy ?? manifest.object_hook_failure_policy) === "fail_open" ? "fail_open" : "fail_closed";

type Guard = { scope: ServiceScope; needs(before: unknown, after: unknown): boolean };

const changed = (before: unknown, after: unknown) => !isDeepStrictEqual(before, after);
/** Rights may be taken away by any plugin that may refuse the operation as a whole. */
const raised = (before: unknown, after: unknown) => changed(before, after) && Boolean(after);
const extended = (before: unknown, after: unknown) => {
  if (!Array.isArray(after)) return changed(before, after);
  const had = new Set(Array.isArray(before) ? before.map(String) : []);
  return after.some((one) => !had.has(String(one)));
};

const privilege = (needs: Guard["needs"]): Guard => ({ scope: "users.privileges", needs });
const endpoint: Guard = { scope: "llms.endpoint", needs: changed };

/**
 * Fields that a plugin may not change by being asked about an object alone: they decide who may do what, and where an LLM's key goes.
 * The vendor and the namespace count as the endpoint: each of them decides which host gets the key.
 */
const guards: Record<HookedObject, Record<string, Guard>> = {
  user: {
    email: privilege(changed),
    is_admin: privilege(raised),
    email_verified: privilege(raised),
    notifications_enabled: privilege(raised),
    access_to_sso_config: privilege(raised),
    groups: privilege(extended),
  },
  llm: { api_endpoint: endpoint, vendor: endpoint, namespace: endpoint, key_origins: endpoint, allowed_endpoints: endpoint },
  datasource: {},
  tool: {},
};

/** What a plugin made of an object. A guarded field that it left out is as it was: leaving out is no way to get a default. */
export function withGuardedFields(kind: HookedObject, before: Json, after: Json): Json {
  const restored = Object.keys(guards[kind]).filter((field) => !Object.hasOwn(after, field) && Object.hasOwn(before, field));
  return { ...after, ...Object.fromEntries(restored.map((field) => [field, before[field]])) };
}

/** The first change that needs a scope which the plugin does not have. */
export function forbiddenChange(
  kind: HookedObject,
  before: Json,
  after: Json,
  has: (scope: ServiceScope) => boolean,
): { field: string; scope: ServiceScope } | undefined {
  for (const [field, { scope, needs }] of Object.entries(guards[kind]))
    if (needs(before[field], after[field]) && !has(scope)) return { field, scope };
  return undefined;
}

/** Names of the fields that differ. */
export const changedFields = (before: Json, after: Json): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((field) => changed(before[field], after[field])).sort();
