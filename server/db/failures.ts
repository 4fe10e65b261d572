import { AppError, conflict, invalid, notFound } from "@portico/core";

/**
 * What a broken foreign key means to the caller: `named` is the field of the body that names the other object, `inside` the object
 * that the row belongs to. Both existed when they were looked up and were deleted before the row was written.
 */
const references: Record<string, { named: string; what: string } | { inside: string }> = {
  apps_user_id_fkey: { named: "user_id", what: "user" },
  app_llms_llm_id_fkey: { named: "llm_ids", what: "LLM" },
  app_llms_app_id_fkey: { inside: "App" },
  credentials_app_id_fkey: { inside: "App" },
  api_tokens_user_id_fkey: { inside: "User" },
  api_tokens_parent_id_fkey: { inside: "API token" },
  sign_in_addresses_user_id_fkey: { inside: "User" },
  user_sessions_user_id_fkey: { inside: "User" },
  user_groups_group_id_fkey: { named: "groups", what: "group" },
  user_groups_user_id_fkey: { named: "members", what: "user" },
  llm_plugins_llm_id_fkey: { inside: "LLM" },
  llm_plugins_plugin_id_fkey: { named: "plugin_ids", what: "plugin" },
  plugin_data_plugin_id_fkey: { inside: "Plugin" },
  plugin_logs_plugin_id_fkey: { inside: "Plugin" },
  plugin_ui_routes_plugin_id_fkey: { inside: "Plugin" },
};

/** Objects by the name of their Prisma model, as messages call them. */
const models: Record<string, string> = {
  App: "App",
  ApiToken: "API token",
  Credential: "Credential",
  Edge: "Edge instance",
  Group: "Group",
  Llm: "LLM",
  ModelPrice: "Model price",
  Plugin: "Plugin",
  User: "User",
};

/** SQLSTATE classes and codes of a server that cannot be reached, is shutting down or has no connection left. */
const unavailable = /^(08|57P0|53)/;
const connectionErrors = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|P1001|P1002|P1008|P1017|P2024|P2028)/;
/** node-postgres has no codes for these. */
const connectionMessages = /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** True for deadlocks and serialization failures: the same transaction may well succeed when it is run again. */
export const isTransient = (error: unknown): boolean => {
  const state = sqlStateOf(error);
  return state === "40P01" || state === "40001" || prismaCodeOf(error) === "P2034";
};

/**
 * The domain error that a failure of the database amounts to, wherever it happens; undefined for one that is our own mistake.
 * What only a store can know (which rule a unique index stands for) it says itself, with onUnique().
 */
export function rejectionOf(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error;
  if (isTransient(error))
    return new AppError({ code: "unavailable", message: "Others are changing the same objects at this moment. Try again.", cause: error });
  const state = sqlStateOf(error);
  if (state === "23503") return brokenReference(error);
  if (prismaCodeOf(error) === "P2025") return notFound(models[metaOf(error).modelName ?? ""] ?? "The object");
  if (state === "23505") return conflict("Another object like this was created at the same moment.");
  if (state && unavailable.test(state)) return outOfService(error);
  if (error instanceof Error && (connectionErrors.test(codeOf(error)) || connectionMessages.test(error.message)))
    return outOfService(error);
  return undefined;
}

const outOfService = (cause: unknown) =>
  new AppError({ code: "unavailable", message: "The database does not answer at the moment. Try again.", cause });

function brokenReference(error: unknown): AppError {
  const reference = references[constraintOf(error)];
  if (!reference) return conflict("An object that this refers to was deleted at the same moment.");
  if ("inside" in reference) return notFound(reference.inside);
  return invalid(reference.named, `names a ${reference.what} that was deleted at the same moment`);
}

type Meta = {
  modelName?: string;
  driverAdapterError?: { cause?: { originalCode?: string; constraint?: { index?: string } } };
};
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const metaOf = (error: unknown): Meta => (isObject(error) && "meta" in error && isObject(error.meta) ? error.meta : {});
const codeOf = (error: unknown): string => (isObject(error) && "code" in error && typeof error.code === "string" ? error.code : "");
const prismaCodeOf = (error: unknown): string | undefined => (/^P\d{4}$/.test(codeOf(error)) ? codeOf(error) : undefined);

/** PostgreSQL's own code, whether the error comes through Prisma or from the driver. */
function sqlStateOf(error: unknown): string | undefined {
  const state = metaOf(error).driverAdapterError?.cause?.originalCode ?? codeOf(error);
  return /^[0-9A-Z]{5}$/.test(state) && !/^P\d{4}$/.test(state) && !/^E[A-Z]{4}$/.test(state) ? state : undefined;
}

const constraintOf = (error: unknown): string =>
  metaOf(error).driverAdapterError?.cause?.constraint?.index ??
  (isObject(error) && "constraint" in error && typeof error.constraint === "string" ? error.constraint : "");
