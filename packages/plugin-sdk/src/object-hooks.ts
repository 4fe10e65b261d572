import type { ObjectHookType, ObjectType } from "@portico/protocol";
import type { PluginContext } from "./context.ts";
import type { ObjectHookResult } from "./results.ts";

type Open = { [key: string]: unknown };
/** An LLM as hooks see it. `api_key` is never the key itself. */
export type LlmObject = Open & {
  id: number;
  name: string;
  vendor: string;
  api_endpoint: string;
  default_model: string;
  privacy_score: number;
  short_description: string;
  long_description: string;
  active: boolean;
};
/** A data source as hooks see it. */
export type DatasourceObject = Open & { id: number; name: string; url: string; privacy_score: number; db_source_type: string };
/** A tool as hooks see it. */
export type ToolObject = Open & { id: number; name: string; tool_type: string; privacy_score: number };
/** A user as hooks see it. */
export type UserObject = Open & { id: number; email: string };
/** The objects that hooks can watch, by type. */
export type HookedObjects = { llm: LlmObject; datasource: DatasourceObject; tool: ToolObject; user: UserObject };

/** One operation on an object. */
export type ObjectOperation<T extends ObjectType> = {
  object: HookedObjects[T];
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
