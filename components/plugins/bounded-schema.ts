import { format } from "@cfworker/json-schema";
import { isObject } from "@portico/core/json";
import { linearPattern, PatternRefused } from "@portico/core/patterns";
import type { RJSFSchema } from "@rjsf/utils";

type Json = Record<string, unknown>;

const byName = new Set(["properties", "definitions", "$defs", "dependencies", "dependentSchemas"]);
const data = new Set(["default", "const", "enum", "examples"]);
const prefix = "pattern ";

/**
 * A plugin's schema as a page may follow it. Form and validator would run its patterns on the browser's backtracking engine, where one
 * keystroke can hang the page: they become formats that are matched in linear time. Names given by patterns are left to the server.
 */
export function boundedSchema(schema: RJSFSchema): RJSFSchema {
  return bounded(schema) as RJSFSchema;
}

function bounded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bounded);
  if (!isObject(value)) return value;
  const { pattern, patternProperties, ...rest } = value;
  const copy: Json = {};
  for (const [key, part] of Object.entries(rest)) {
    if (data.has(key)) copy[key] = part;
    else if (byName.has(key) && isObject(part))
      copy[key] = Object.fromEntries(Object.entries(part).map(([name, one]) => [name, bounded(one)]));
    else copy[key] = bounded(part);
  }
  if (patternProperties !== undefined && copy.additionalProperties === false) delete copy.additionalProperties;
  // A format of its own chooses the field that is shown; such a pattern is checked by the server only.
  if (typeof pattern === "string" && copy.format === undefined) {
    const name = formatOf(pattern);
    if (name !== undefined) copy.format = name;
  }
  return copy;
}

/** Makes the pattern known to the validator under the name that is returned. */
function formatOf(pattern: string): string | undefined {
  try {
    const linear = linearPattern(pattern);
    const name = prefix + pattern;
    format[name] ??= (text) => linear.test(text);
    return name;
  } catch (error) {
    // The server does not accept such a schema either; it may be one that was stored earlier.
    if (error instanceof PatternRefused) return undefined;
    throw error;
  }
}

/** The pattern that a format stands for. */
export const patternOf = (name: string): string | undefined => (name.startsWith(prefix) ? name.slice(prefix.length) : undefined);
