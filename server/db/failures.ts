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

/** SQLSTATEs of a server that cannot be reached, is shutting down, has no connection left or takes too long for a statement. */
const unavailable = /^(08|57P0|57014|55P03|25P03|53(?!100))/;
const connectionErrors =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|P1000|P1001|P1002|P1003|P1008|P1010|P1011|P1017|P2024|P2028|P2037)/;
/** node-postgres has no codes for these. */
const connectionMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client (has encountered a connection error|was closed)|Cannot use a pool after calling end)/;
/** SQLSTATE 53100, and what the server says of a file that it cannot extend or write. */
const diskFull = /No space left on device|could not (extend|write).*: No space/i;
const [stateDiskFull, stateIoError, stateReadOnly] = ["53100", "58030", "25006"];

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
    return new AppError({ code: "unavailable", message: "The same objects are being changed by other requests. Try again.", cause: error });
  const state = sqlStateOf(error);
  if (state === "23503") return brokenReference(error);
  if (prismaCodeOf(error) === "P2025") return notFound(models[metaOf(error).modelName ?? ""] ?? "The object");
  if (state === "23505") return conflict("Another request has just created an object like this.");
  if (isDiskFull(error)) return full(error);
  if (state === stateReadOnly) return outOfService(error, "The database is read-only right now. Try again later.");
  if (state === stateIoError) return outOfService(error, "The database cannot read or write its files. Check its log.");
  if (state && unavailable.test(state)) return outOfService(error);
  if (error instanceof Error && (connectionErrors.test(codeOf(error)) || connectionMessages.test(error.message)))
    return outOfService(error);
  return undefined;
}

/** What keeps the database from writing, if that is what the error says. */
export function storageFaultOf(error: unknown): string | undefined {
  const cause = error instanceof AppError ? error.cause : error;
  if (isDiskFull(cause)) return "the disk of the database is full";
  const state = sqlStateOf(cause);
  if (state === stateReadOnly) return "the database is read-only";
  return state === stateIoError ? "the database cannot read or write its files" : undefined;
}

const isDiskFull = (error: unknown): boolean =>
  sqlStateOf(error) === stateDiskFull || (error instanceof Error && diskFull.test(error.message));

const retryAfterSeconds = 2;

const outOfService = (cause: unknown, message = "The database is not responding. Try again.") =>
  new AppError({ code: "database_unavailable", message, retryAfterSeconds, cause });

const full = (cause: unknown) =>
  new AppError({
    code: "database_full",
    message: "The disk of the database is full: nothing was saved. Free some space, then try again.",
    cause,
  });

function brokenReference(error: unknown): AppError {
  const reference = references[constraintOf(error)];
  if (!reference) return conflict("An object that this refers to has just been deleted.");
  if ("inside" in reference) return notFound(reference.inside);
  return invalid(reference.named, `refers to a ${reference.what} that has just been deleted`);
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
