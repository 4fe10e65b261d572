import { isDeepStrictEqual } from "node:util";
import { AppError, type FieldIssue } from "@portico/core";
import { faultOfPattern, linearPattern, patternSize } from "@portico/core/patterns";
import { redacted } from "../../fields/contract.ts";
import { referenceIn } from "../../secrets/contract/reference-text.ts";
import { isObject, type Json } from "../catalog/json.ts";
import { targetOf } from "./schemas/limits.ts";

/** Which parts of a config are secrets. */
type Marking = { secret: boolean; properties(key: string): Marking; item(): Marking };

const secretName = /(^|[_-])(api[_-]?key|authorization|credential|password|secret|token)$/i;

/** Nothing is known of the settings yet, so every text may be a secret. */
const unknownMarking: Marking = { secret: true, properties: () => unknownMarking, item: () => unknownMarking };

/** Nothing more is looked at, so everything may be. */
const secretMarking: Marking = { secret: true, properties: () => secretMarking, item: () => secretMarking };

/** What one config may cost, in schemas and steps of patterns that are looked at; whatever is left after that counts as secret. */
const maxSteps = 30_000;
const maxKeyChars = 256;

/** Reads from a schema what is secret. What was found of a place is remembered, so that long lists cost no more than one element. */
function markingOf(root: Json | null): Marking {
  if (root === null) return unknownMarking;
  let stepsLeft = maxSteps;

  /** The schemas with all that apply to the same value: by reference, as conditions, as alternatives. */
  function describing(schemas: unknown[]): Set<Json> {
    const found = new Set<Json>();
    const waiting = [...schemas];
    while (waiting.length > 0 && stepsLeft-- > 0) {
      const schema = waiting.pop();
      if (!isObject(schema) || found.has(schema)) continue;
      found.add(schema);
      waiting.push(targetOf(schema, root as Json), schema.if, schema.then, schema.else);
      for (const list of [schema.allOf, schema.anyOf, schema.oneOf]) if (Array.isArray(list)) for (const one of list) waiting.push(one);
    }
    return found;
  }

  function matches(pattern: string, key: string): boolean {
    stepsLeft -= 1 + 4 * patternSize(pattern);
    return stepsLeft > 0 && faultOfPattern(pattern) === undefined && linearPattern(pattern).test(key);
  }

  function propertiesOf(schema: Json, key: string): unknown[] {
    const { properties, patternProperties } = schema;
    const found = isObject(properties) && Object.hasOwn(properties, key) ? [properties[key]] : [];
    if (isObject(patternProperties))
      for (const [pattern, value] of Object.entries(patternProperties)) if (matches(pattern, key)) found.push(value);
    return found.length > 0 ? found : [schema.additionalProperties];
  }

  /** A property that no schema describes is judged by its name. */
  function marked(schemas: unknown[], name: string): Marking {
    const found = describing(schemas);
    if (stepsLeft <= 0) return secretMarking;
    let described = false;
    let secret = false;
    for (const schema of found) {
      described ||= Object.keys(schema).length > 0;
      secret ||= schema.format === "password" || schema.writeOnly === true;
    }
    const known = new Map<string, Marking>();
    let item: Marking | undefined;
    return {
      secret: described ? secret : secretName.test(name),
      properties(key) {
        let marking = known.get(key);
        if (!marking) {
          stepsLeft -= found.size;
          const fits = stepsLeft > 0 && key.length <= maxKeyChars;
          marking = fits
            ? marked(
                [...found].flatMap((schema) => propertiesOf(schema, key)),
                key,
              )
            : secretMarking;
          known.set(key, marking);
        }
        return marking;
      },
      item() {
        item ??= marked(
          [...found].flatMap(({ items, prefixItems }) => [items, prefixItems].flat()),
          name,
        );
        return item;
      },
    };
  }

  return marked([root], "");
}

function hide(value: unknown, marking: Marking): unknown {
  if (Array.isArray(value)) {
    if (marking.secret && marking !== unknownMarking) return value.length === 0 ? value : redacted;
    const item = marking.item();
    return value.map((one) => hide(one, item));
  }
  if (isObject(value)) {
    if (marking.secret && marking !== unknownMarking) return redacted;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hide(one, marking.properties(key))]));
  }
  const isText = typeof value === "string";
  // What a reference stands for is not in it.
  if (isText && referenceIn(value)) return value;
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
      const item = marking.item();
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
