import type { Json } from "../catalog/json.ts";
import type { HookedObject } from "./types.ts";

/** Keys that the reference's objects have and ours do not, by kind of object; plugins may read them. */
const absent: Record<HookedObject, Json> = {
  llm: { filters: [], plugins: [] },
  datasource: {},
  tool: {},
  user: {},
};
/** Reference's name of a key -> ours. Both are shown; whichever a plugin changes counts. */
const aliases: Record<HookedObject, Record<string, string>> = { llm: { logo: "logo_url" }, datasource: {}, tool: {}, user: {} };

/** An object as plugins see it. */
export function toHookJson(kind: HookedObject, object: Json): Json {
  const named = Object.entries(aliases[kind]).map(([theirs, ours]) => [theirs, object[ours]] as const);
  return JSON.parse(JSON.stringify({ metadata: {}, ...absent[kind], ...Object.fromEntries(named), ...object })) as Json;
}

/** What a plugin made of the object, in our own keys. */
export function fromHookJson(kind: HookedObject, shown: Json, changed: Json): Json {
  const object: Json = { ...changed };
  for (const [theirs, ours] of Object.entries(aliases[kind])) {
    if (object[theirs] !== shown[theirs] && object[ours] === shown[ours]) object[ours] = object[theirs];
    delete object[theirs];
  }
  for (const key of Object.keys(absent[kind])) delete object[key];
  // Columns of the reference's database layer, which its plugins send back untouched.
  for (const key of ["ID", "CreatedAt", "UpdatedAt", "DeletedAt"]) delete object[key];
  return object;
}

/** Our name of a field that plugins know by another. */
export const ourFieldName = (kind: HookedObject, field: string): string => aliases[kind][field] ?? field;
