import { isObject } from "@portico/core/json";

type Schema = { readonly [keyword: string]: unknown };

export const typeOf = (schema: Schema): string => {
  const { type } = schema;
  const first: unknown = Array.isArray(type) ? type.find((one) => one !== "null") : type;
  if (typeof first === "string") return first;
  return isObject(schema.properties) ? "object" : schema.items === undefined ? "" : "array";
};

/** A value to start from: what the document gives as example or default, else the required fields with empty values. */
export function sampleOf(schema: Schema, depth = 0): unknown {
  const given = schema.example ?? (Array.isArray(schema.examples) ? schema.examples[0] : undefined) ?? schema.default ?? schema.const;
  if (given !== undefined) return given;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const [branch] = [schema.allOf, schema.oneOf, schema.anyOf].find(Array.isArray) ?? [];
  const type = typeOf(schema);
  if (type === "" && isObject(branch)) return sampleOf(branch, depth);
  if (depth > 4) return null;
  if (type === "object") {
    const required = Array.isArray(schema.required) ? schema.required : [];
    const properties = Object.entries(isObject(schema.properties) ? schema.properties : {});
    // Of an object without required fields all are shown: an empty one would say nothing.
    const shown = properties.filter(([name]) => required.length === 0 || required.includes(name)).slice(0, 30);
    return Object.fromEntries(shown.map(([name, one]) => [name, isObject(one) ? sampleOf(one, depth + 1) : null]));
  }
  if (type === "array") return isObject(schema.items) ? [sampleOf(schema.items, depth + 1)] : [];
  if (type === "integer" || type === "number") return typeof schema.minimum === "number" ? schema.minimum : 0;
  if (type === "boolean") return false;
  return type === "string" ? "" : null;
}
