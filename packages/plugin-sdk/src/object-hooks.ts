import type { ObjectHookType, ObjectType } from "@portico/protocol";
import type { PluginContext } from "./context.ts";
import type { ObjectHookResult } from "./results.ts";

type Open = { [key: string]: unknown };
/** What every object has in every hook. */
export type HookedObject = Open & {
  /** 0 before it is created. */
  id: number;
  /** What plugins keep with it; answer `metadata` to add to it. */
  metadata: Record<string, unknown>;
  /** null before it is created. */
  created_at: string | null;
  updated_at: string | null;
};
/** An LLM as hooks see it. `api_key` is never the key itself. */
export type LlmObject = HookedObject & {
  name: string;
  /** Last part of its path on gateways; follows from the name. */
  slug: string;
  vendor: string;
  api_endpoint: string;
  api_key: string;
  has_api_key: boolean;
  default_model: string;
  allowed_models: string[];
  allowed_endpoints: string[];
  key_origins: string[];
  privacy_score: number;
  short_description: string;
  long_description: string;
  logo_url: string;
  active: boolean;
  /** Dollars a month; null is unlimited. */
  monthly_budget: number | null;
  budget_start_date: string | null;
  namespace: string;
};
/** A data source as hooks see it. */
export type DatasourceObject = HookedObject & { name: string; url: string; privacy_score: number; db_source_type: string };
/** A tool as hooks see it. */
export type ToolObject = HookedObject & { name: string; tool_type: string; privacy_score: number };
/** A user as hooks see it, without passwords and keys. */
export type UserObject = HookedObject & {
  email: string;
  name: string;
  is_admin: boolean;
  show_portal: boolean;
  show_chat: boolean;
  email_verified: boolean;
  notifications_enabled: boolean;
  access_to_sso_config: boolean;
  groups: { id: number; name: string }[];
};
type Described = { llm: LlmObject; datasource: DatasourceObject; tool: ToolObject; user: UserObject };
/** The objects that hooks can watch, by type. */
export type HookedObjects = { [T in ObjectType]: T extends keyof Described ? Described[T] : HookedObject };

/** One operation on an object. */
export type ObjectOperation<T extends ObjectType> = {
  /** The whole object: as it will be stored, as it was stored, or as it was when it was deleted. */
  object: HookedObjects[T];
  /** The object as it was before an update; undefined for everything else, and when the host does not say. */
  previous: HookedObjects[T] | undefined;
  /** Names of the fields in which `object` and `previous` differ. */
  changes: string[];
  objectType: T;
  hookType: ObjectHookType;
  /** The same for every hook of one operation. */
  operationId: string;
  /** Who asked; 0 when the host does not say. */
  userId: number;
};

type Before<T extends ObjectType, Config> = (
  operation: ObjectOperation<T>,
  ctx: PluginContext<Config>,
) => ObjectHookResult | Promise<ObjectHookResult>;
type After<T extends ObjectType, Config> = (operation: ObjectOperation<T>, ctx: PluginContext<Config>) => void | Promise<void>;

/** A registered hook; made by `beforeSave` and its like. */
export type ObjectHook<Config> = {
  objectType: ObjectType;
  hookTypes: ObjectHookType[];
  priority: number;
  run(operation: ObjectOperation<ObjectType>, ctx: PluginContext<Config>): Promise<ObjectHookResult | undefined>;
};

/** Settings of a hook. */
export type HookOptions = {
  /** Lower runs first, among all plugins: 0-10 policy, 11-50 business rules, 51-100 enrichment. Default 50. */
  priority?: number;
};

function hook<T extends ObjectType, Config>(
  objectType: T,
  hookTypes: ObjectHookType[],
  handle: (operation: ObjectOperation<T>, ctx: PluginContext<Config>) => unknown,
  { priority = 50 }: HookOptions,
): ObjectHook<Config> {
  const run = async (operation: ObjectOperation<ObjectType>, ctx: PluginContext<Config>) =>
    (await handle(operation as ObjectOperation<T>, ctx)) as ObjectHookResult | undefined;
  return { objectType, hookTypes, priority, run };
}

/** Before an object is created or updated: answer `allow()`, `reject(reason)` or `modify(object)`. */
export const beforeSave = <T extends ObjectType, Config>(
  type: T,
  handle: Before<T, Config>,
  options: HookOptions = {},
): ObjectHook<Config> => hook(type, ["before_create", "before_update"], handle, options);
/** Before an object is created. */
export const beforeCreate = <T extends ObjectType, Config>(
  type: T,
  handle: Before<T, Config>,
  options: HookOptions = {},
): ObjectHook<Config> => hook(type, ["before_create"], handle, options);
/** Before an object is updated. */
export const beforeUpdate = <T extends ObjectType, Config>(
  type: T,
  handle: Before<T, Config>,
  options: HookOptions = {},
): ObjectHook<Config> => hook(type, ["before_update"], handle, options);
/** Before an object is deleted: answer `allow()` or `reject(reason)`. */
export const beforeDelete = <T extends ObjectType, Config>(
  type: T,
  handle: Before<T, Config>,
  options: HookOptions = {},
): ObjectHook<Config> => hook(type, ["before_delete"], handle, options);
/** After an object was created or updated; what happens here cannot undo it. */
export const afterSave = <T extends ObjectType, Config>(type: T, handle: After<T, Config>, options: HookOptions = {}): ObjectHook<Config> =>
  hook(type, ["after_create", "after_update"], handle, options);
/** After an object was created. */
export const afterCreate = <T extends ObjectType, Config>(
  type: T,
  handle: After<T, Config>,
  options: HookOptions = {},
): ObjectHook<Config> => hook(type, ["after_create"], handle, options);
/** After an object was updated. */
export const afterUpdate = <T extends ObjectType, Config>(
  type: T,
  handle: After<T, Config>,
  options: HookOptions = {},
): ObjectHook<Config> => hook(type, ["after_update"], handle, options);
/** After an object was deleted. */
export const afterDelete = <T extends ObjectType, Config>(
  type: T,
  handle: After<T, Config>,
  options: HookOptions = {},
): ObjectHook<Config> => hook(type, ["after_delete"], handle, options);
