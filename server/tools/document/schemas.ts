import type { JsonSchema } from "@portico/tool-executor/definition";
import { isObject, type Json, targetOf } from "./json.ts";

const maxDepth = 24;
/** Parts of one schema. What goes on for longer is left open. */
const maxParts = 3000;

export type ReadSchema = (schema: unknown) => JsonSchema;

/**
 * Schemas with their references replaced by what these stand for. One that refers to itself ends after the first round, and one that
 * branches endlessly when it has become too large: what is cut off is `{}`, which allows anything.
 */
export function createSchemaReader(document: Json): ReadSchema {
  return (schema) => {
    let parts = 0;
    function read(value: unknown, depth: number, within: readonly string[]): unknown {
      if (typeof value !== "object" || value === null) return value;
      if (++parts > maxParts || depth > maxDepth) return {};
      if (Array.isArray(value)) return value.map((one) => read(one, depth + 1, within));
      const { $ref, ...beside } = value as Json;
      if (typeof $ref === "string") {
        const target = within.includes($ref) ? {} : read(targetOf(document, $ref), depth + 1, [...within, $ref]);
        // 3.1 lets a description stand beside a reference; 3.0 says that it is ignored.
        return isObject(target) ? { ...target, ...(read(beside, depth + 1, within) as Json) } : target;
      }
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, read(one, depth + 1, within)]));
    }
    const result = read(schema, 0, []);
    return isObject(result) ? result : {};
  };
}
