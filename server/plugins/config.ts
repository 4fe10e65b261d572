import { isDeepStrictEqual } from "node:util";
import { AppError, type FieldIssue, messageOf } from "@portico/core";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import formats from "ajv-formats";
import { redacted } from "../fields/contract.ts";

export type Json = Record<string, unknown>;

/** Isolated for each schema: plugins may use the same `$id` for different things. */
function compile(schema: Json): ValidateFunction {
  const ajv = new Ajv({ strict: false, allErrors: true, useDefaults: true, validateSchema: false, logger: false });
  formats.default(ajv);
  // Schemas of later drafts are read as far as draft-07 goes.
  const { $schema: _, ...rest } = schema;
  return ajv.compile(rest);
}

/** @throws AppError plugin_invalid when the text is not a JSON Schema that can be used. */
export function parseConfigSchema(text: string): Json {
  const refuse = (why: string) => {
    const message = `Its config schema ${why}.`;
    return new AppError({ code: "plugin_invalid", message, issues: [{ field: "config_schema", message, code: "plugin_invalid" }] });
  };
  if (text.length > 512 * 1024) throw refuse("is larger than 512 KiB");
  let schema: unknown;
  try {
    schema = JSON.parse(text.trim() === "" ? "{}" : text);
  } catch (error) {
    throw refuse(`is not JSON: ${messageOf(error)}`);
  }
  if (!isObject(schema)) throw refuse("is not a JSON object");
  if (hasNul(schema)) throw refuse("contains a NUL character");
  try {
    compile(schema);
  } catch (error) {
    throw refuse(`is not a usable JSON Schema: ${messageOf(error)}`);
  }
  return schema;
}

/** The config with the schema's defaults, and what is wrong with it. Fields are `<prefix>.<path>`. */
export function checkConfig(schema: Json | null, config: Json, prefix = "config"): { config: Json; issues: FieldIssue[] } {
  const complete = structuredClone(config);
  if (schema === null) return { config: complete, issues: [] };
  const validate = compile(schema);
  validate(complete);
  const issues = (validate.errors ?? []).map((error) => ({ field: fieldOf(error, prefix), message: sentenceOf(error) }));
  return { config: complete, issues: issues.filter((issue, i) => issues.findIndex((other) => isDeepStrictEqual(issue, other)) === i) };
}

/** @throws AppError validation_failed naming each field. @returns the config with defaults. */
export function acceptConfig(schema: Json | null, config: Json, prefix = "config"): Json {
  const { config: complete, issues } = checkConfig(schema, config, prefix);
  if (issues.length > 0) throw new AppError({ code: "validation_failed", message: "The configuration is not valid.", issues });
  return complete;
}

function fieldOf(error: ErrorObject, prefix: string): string {
  const at = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const own = error.params as { missingProperty?: string; additionalProperty?: string };
  return [prefix, ...at, own.missingProperty ?? own.additionalProperty].filter((part) => part !== undefined).join(".");
}

function sentenceOf({ keyword, message, params }: ErrorObject): string {
  if (keyword === "required") return "is required";
  if (keyword === "additionalProperties") return "is not a setting of this plugin";
  if (keyword === "enum") return `must be one of ${(params as { allowedValues: unknown[] }).allowedValues.map(String).join(", ")}`;
  return message ?? "is not valid";
}

/** Which parts of a config are secrets. */
type Marking = { secret: boolean; properties: (key: string) => Marking; item: Marking | (() => Marking) };

const secretName = /(^|[_-])(api[_-]?key|authorization|credential|password|secret|token)$/i;

/** Follows local references and collects every schema that may describe the value. */
function describing(schema: unknown, root: Json, depth = 0): Json[] {
  if (!isObject(schema) || depth > 16) return [];
  const at = typeof schema.$ref === "string" && schema.$ref.startsWith("#/") ? lookUp(root, schema.$ref) : undefined;
  const parts = ["allOf", "anyOf", "oneOf"].flatMap((key) => (Array.isArray(schema[key]) ? (schema[key] as unknown[]) : []));
  return [schema, ...[at, schema.if, schema.then, schema.else, ...parts].flatMap((part) => describing(part, root, depth + 1))];
}

const lookUp = (root: Json, pointer: string): unknown =>
  pointer
    .slice(2)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>((node, key) => (isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined), root);

/** What the schemas say of a value. A property no schema describes is judged by its name. */
function marked(schemas: Json[], root: Json, name = ""): Marking {
  const described = schemas.some((schema) => Object.keys(schema).length > 0);
  const secret = described ? schemas.some((s) => s.format === "password" || s.writeOnly === true) : secretName.test(name);
  return {
    secret,
    properties(key) {
      const found = schemas.flatMap((schema) => {
        const own = isObject(schema.properties) && Object.hasOwn(schema.properties, key) ? [schema.properties[key]] : [];
        const byPattern = isObject(schema.patternProperties)
          ? Object.entries(schema.patternProperties).flatMap(([pattern, value]) => (matches(pattern, key) ? [value] : []))
          : [];
        return own.length + byPattern.length > 0 ? [...own, ...byPattern] : [schema.additionalProperties];
      });
      return marked(
        found.flatMap((one) => describing(one, root)),
        root,
        key,
      );
    },
    item: () =>
      marked(
        schemas.flatMap(({ items, prefixItems }) => [items, prefixItems].flat()).flatMap((one) => describing(one, root)),
        root,
        name,
      ),
  };
}

function matches(pattern: string, key: string): boolean {
  try {
    return new RegExp(pattern, "u").test(key);
  } catch {
    return false;
  }
}

/** Nothing is known of the settings yet, so every text may be a secret. */
const unknownMarking: Marking = { secret: true, properties: () => unknownMarking, item: () => unknownMarking };

const markingOf = (schema: Json | null): Marking => (schema === null ? unknownMarking : marked(describing(schema, schema), schema));
const itemOf = ({ item }: Marking): Marking => (typeof item === "function" ? item() : item);

function hide(value: unknown, marking: Marking): unknown {
  if (Array.isArray(value)) {
    if (marking.secret && marking !== unknownMarking) return value.length === 0 ? value : redacted;
    const item = itemOf(marking);
    return value.map((one) => hide(one, item));
  }
  if (isObject(value)) {
    if (marking.secret && marking !== unknownMarking) return redacted;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hide(one, marking.properties(key))]));
  }
  const isText = typeof value === "string";
  return marking.secret && (isText ? value !== "" : marking !== unknownMarking && value !== null) ? redacted : value;
}

/** The config with `[redacted]` for every secret: what may leave the server. */
export const redactConfig = (schema: Json | null, config: Json): Json => hide(config, markingOf(schema)) as Json;

/**
 * Puts stored secrets back where the caller sent `[redacted]`. An element of a list finds its stored one by what is shown of it.
 * @throws AppError validation_failed where nothing is stored.
 */
export function restoreConfig(schema: Json | null, sent: Json, stored: Json, prefix = "config"): Json {
  const issues: FieldIssue[] = [];
  const restore = (value: unknown, old: unknown, marking: Marking, path: string): unknown => {
    if (value === redacted && marking.secret) {
      if (old !== undefined) return old;
      issues.push({ field: path, message: "has no stored value to keep; type it in" });
      return value;
    }
    if (Array.isArray(value)) {
      const item = itemOf(marking);
      const olds = Array.isArray(old) ? old : [];
      const shown = olds.map((one) => hide(one, item));
      return value.map((one, i) => {
        const at = isDeepStrictEqual(shown[i], one) ? i : shown.findIndex((other) => isDeepStrictEqual(other, one));
        const source = at >= 0 ? olds[at] : olds.length === value.length ? olds[i] : undefined;
        return restore(one, source, item, `${path}.${i}`);
      });
    }
    if (!isObject(value)) return value;
    const source = isObject(old) ? old : {};
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => {
        const before = Object.hasOwn(source, key) ? source[key] : undefined;
        return [key, restore(one, before, marking.properties(key), `${path}.${key}`)];
      }),
    );
  };
  const restored = restore(sent, stored, markingOf(schema), prefix) as Json;
  if (issues.length > 0) throw new AppError({ code: "validation_failed", message: "The configuration is not complete.", issues });
  return restored;
}

/** Objects merge, everything else of the override wins. */
export function mergeConfig(base: Json, override: Json): Json {
  const out: Json = { ...base };
  for (const [key, value] of Object.entries(override)) {
    const before = Object.hasOwn(out, key) ? out[key] : undefined;
    Object.defineProperty(out, key, {
      value: isObject(value) && isObject(before) ? mergeConfig(before, value) : value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return out;
}

/** Postgres keeps no NUL in its JSON. */
const hasNul = (value: unknown): boolean => /(?<!\\)(?:\\\\)*\\u0000/.test(JSON.stringify(value));

export const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
