import { type HookedKind, hookedKinds } from "./kinds.ts";

/** Hook types a manifest may declare in `capabilities.hooks`. */
export const hookTypes = [
  "pre_auth",
  "auth",
  "post_auth",
  "on_response",
  "data_collection",
  "studio_ui",
  "portal_ui",
  "agent",
  "object_hooks",
  "custom_endpoint",
  "resource_provider",
] as const;
export type HookType = (typeof hookTypes)[number];

/** Hooks an edge gateway runs. */
export const gatewayHookTypes = [
  "pre_auth",
  "auth",
  "post_auth",
  "on_response",
  "data_collection",
  "custom_endpoint",
] as const satisfies readonly HookType[];

/** Those of them that a plugin has on every gateway of its namespace, attached to an LLM or not. */
export const unattachedHookTypes: readonly string[] = ["data_collection", "custom_endpoint"] satisfies HookType[];
export const runsUnattached = (types: readonly string[]): boolean => types.some((type) => unattachedHookTypes.includes(type));

/** Hooks that need the plugin to run in the control plane. */
export const studioHookTypes = [
  "studio_ui",
  "portal_ui",
  "agent",
  "object_hooks",
  "resource_provider",
] as const satisfies readonly HookType[];

export const objectTypes = hookedKinds;
export type ObjectType = HookedKind;
export const objectHookTypes = ["before_create", "after_create", "before_update", "after_update", "before_delete", "after_delete"] as const;
export type ObjectHookType = (typeof objectHookTypes)[number];
