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

/** Hooks that need the plugin to run in the control plane. */
export const studioHookTypes = [
  "studio_ui",
  "portal_ui",
  "agent",
  "object_hooks",
  "resource_provider",
] as const satisfies readonly HookType[];

export const objectTypes = ["llm", "datasource", "tool", "user"] as const;
export type ObjectType = (typeof objectTypes)[number];
export const objectHookTypes = ["before_create", "after_create", "before_update", "after_update", "before_delete", "after_delete"] as const;
export type ObjectHookType = (typeof objectHookTypes)[number];
