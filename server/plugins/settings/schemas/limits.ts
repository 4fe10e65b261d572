import { faultOfPattern } from "@portico/core/patterns";
import { isObject, type Json } from "../../catalog/json.ts";

export const maxSchemaBytes = 64 * 1024;
const maxDepth = 64;
const maxSchemas = 2_000;
const maxProperties = 1_000;
/** Schemas that apply to one value, each counted as often as it is reached. */
const maxAtOnce = 2_000;

const single = ["additionalItems", "additionalProperties", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties"];
const lists = ["items", "prefixItems"];
const maps = ["properties", "patternProperties"];
const singleHere = ["not", "if", "then", "else"];
const listsHere = ["allOf", "anyOf", "oneOf"];
const mapsHere = ["dependencies", "dependentSchemas"];
const definitions = ["definitions", "$defs"];

type Place = { schema: Json; path: string; depth: number };

/**
 * What is wrong with a config schema as a text that others will follow, in time linear in its size: so large, deep or circular that
 * checking
 * a config against it would take long, or fetching what is not in it.
 * @returns a sentence's end, to be said of the schema; undefined when nothing is wrong.
 */
export function faultOfSchema(root: Json): string | undefined {
  const seen = new Set<Json>();
  const waiting: Place[] = [{ schema: root, path: "#", depth: 0 }];
  let properties = 0;
  for (let place = waiting.pop(); place; place = waiting.pop()) {
    const { schema, path, depth } = place;
    if (seen.has(schema)) continue;
    seen.add(schema);
    if (seen.size > maxSchemas) return `has more than ${maxSchemas} schemas in it`;
    if (depth > maxDepth) return `is nested more than ${maxDepth} schemas deep`;
    if ("$async" in schema) return `has $async at ${path}, which is not allowed`;
    const ofRef = faultOfRef(schema, root, path);
    if (ofRef) return ofRef;
    for (const key of maps) properties += isObject(schema[key]) ? Object.keys(schema[key]).length : 0;
    if (properties > maxProperties) return `describes more than ${maxProperties} properties`;
    const ofPattern = faultOfPatterns(schema, path);
    if (ofPattern) return ofPattern;
    const parts = [
      ...partsOf(schema, single, lists, maps),
      ...partsOf(schema, singleHere, listsHere, mapsHere),
      ...partsOf(schema, [], [], definitions),
    ];
    for (const [key, part] of parts) waiting.push({ schema: part, path: `${path}/${key}`, depth: depth + 1 });
    const target = targetOf(schema, root);
    if (isObject(target)) waiting.push({ schema: target, path: String(schema.$ref), depth: depth + 1 });
  }
  return faultOfApplication(root, seen);
}

function faultOfRef(schema: Json, root: Json, path: string): string | undefined {
  for (const key of ["$ref", "$dynamicRef", "$recursiveRef"]) {
    const ref = schema[key];
    if (typeof ref !== "string") continue;
    if (key !== "$ref" || (ref !== "#" && !ref.startsWith("#/")))
      return `refers to ${quoted(ref)} at ${path}; only references within it, "#/…", are allowed`;
    const target = targetOf(schema, root);
    if (!isObject(target) && typeof target !== "boolean") return `refers to ${quoted(ref)} at ${path}, which is not in it`;
  }
  return undefined;
}

function faultOfPatterns({ pattern, patternProperties }: Json, path: string): string | undefined {
  const own = typeof pattern === "string" ? faultOfPattern(pattern) : undefined;
  if (own) return `has a pattern at ${path}/pattern that ${own}`;
  for (const name of isObject(patternProperties) ? Object.keys(patternProperties) : []) {
    const fault = faultOfPattern(name);
    if (fault) return `has a pattern ${quoted(name)} at ${path}/patternProperties that ${fault}`;
  }
  return undefined;
}

/** Follows what applies to the same value: a circle there never ends, and branches that meet again multiply. */
function faultOfApplication(root: Json, schemas: Set<Json>): string | undefined {
  const counts = new Map<Json, number>();
  for (const start of schemas) {
    if (counts.has(start)) continue;
    const open = new Set<Json>();
    const stack: { schema: Json; parts: Json[]; next: number; count: number }[] = [];
    const enter = (schema: Json) => {
      const target = targetOf(schema, root);
      const parts = partsOf(schema, singleHere, listsHere, mapsHere).map(([, part]) => part);
      open.add(schema);
      stack.push({ schema, parts: isObject(target) ? [...parts, target] : parts, next: 0, count: 1 });
    };
    enter(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const part = top.parts[top.next++];
      if (part === undefined) {
        counts.set(top.schema, top.count);
        open.delete(top.schema);
        stack.pop();
        const outer = stack.at(-1);
        if (outer) outer.count += top.count;
      } else if (open.has(part)) return "refers to itself endlessly: a schema applies itself to the same value";
      else {
        const known = counts.get(part);
        if (known === undefined) enter(part);
        else top.count += known;
      }
      if (top.count > maxAtOnce) return `applies more than ${maxAtOnce} schemas to one value`;
    }
  }
  return undefined;
}

function partsOf(schema: Json, keys: string[], listKeys: string[], mapKeys: string[]): [string, Json][] {
  const found: [string, Json][] = [];
  for (const key of keys) if (isObject(schema[key])) found.push([key, schema[key]]);
  for (const key of listKeys) {
    const value = schema[key];
    if (isObject(value)) found.push([key, value]);
    else if (Array.isArray(value)) for (const [i, one] of value.entries()) if (isObject(one)) found.push([`${key}/${i}`, one]);
  }
  for (const key of mapKeys) {
    const value = schema[key];
    if (isObject(value)) for (const [name, one] of Object.entries(value)) if (isObject(one)) found.push([`${key}/${name}`, one]);
  }
  return found;
}

/** What a schema's `$ref` stands for, if that is in the same document. */
export function targetOf({ $ref }: Json, root: Json): unknown {
  if (typeof $ref !== "string") return undefined;
  if ($ref === "#") return root;
  if (!$ref.startsWith("#/")) return undefined;
  let node: unknown = root;
  for (const part of $ref.slice(2).split("/")) {
    const key = unescaped(part);
    if (Array.isArray(node)) node = node[Number(key)];
    else node = isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined;
  }
  return node;
}

function unescaped(part: string): string {
  let plain = part;
  try {
    plain = decodeURIComponent(part);
  } catch {
    // A stray % stands for itself.
  }
  return plain.replaceAll("~1", "/").replaceAll("~0", "~");
}

const quoted = (text: string): string => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
