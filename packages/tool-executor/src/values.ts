import { isObject } from "@portico/core/json";
import type { JsonSchema, ParameterDefinition } from "./definition.ts";
import { badInput } from "./faults.ts";

/** A value of a parameter in the forms that styles tell apart. */
export type Value = string | string[] | Fields;
export type Fields = { readonly kind: "fields"; entries: [string, string | Fields | string[]][] };

export const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && "kind" in value;

/** A single value as text: what has parts is JSON. */
export const textOf = (value: unknown): string =>
  value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

const typesOf = ({ type }: JsonSchema): unknown[] => (Array.isArray(type) ? type : [type]);
const isListSchema = (schema: JsonSchema) => typesOf(schema).includes("array");
const isObjectSchema = (schema: JsonSchema) => typesOf(schema).includes("object") || isObject(schema.properties);

/**
 * Reads what a caller sent for a parameter. The API takes lists for every parameter, `{"status":["open"]}`, and plain values as well:
 * which it is follows from the parameter's schema.
 * @returns undefined for a value that is not there.
 * @throws CallFault for several values of a parameter that has one.
 */
export function readValue({ name, schema }: ParameterDefinition, sent: unknown): unknown {
  if (sent === undefined || sent === null) return undefined;
  if (isListSchema(schema)) {
    const list = Array.isArray(sent) ? sent : [sent];
    return list.length === 1 && Array.isArray(list[0]) ? list[0] : list;
  }
  if (Array.isArray(sent) && sent.length > 1) {
    if (Object.keys(schema).length === 0) return sent;
    throw badInput(`parameters.${name}`, `takes one value, not ${sent.length}`);
  }
  const value: unknown = Array.isArray(sent) ? sent[0] : sent;
  if (value === undefined || value === null) return undefined;
  return isObjectSchema(schema) && typeof value === "string" ? parsedObject(value) : value;
}

function parsedObject(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : text;
  } catch {
    return text;
  }
}

/** The value as styles write it: a text, several texts, or named ones. What is null inside is left out. */
export function toValue(value: unknown): Value {
  if (Array.isArray(value)) return value.filter((one) => one !== null && one !== undefined).map(textOf);
  return isObject(value) ? toFields(value) : textOf(value);
}

const toFields = (value: Record<string, unknown>): Fields => ({
  kind: "fields",
  entries: Object.entries(value)
    .filter(([, one]) => one !== null && one !== undefined)
    .map(([key, one]) => [key, Array.isArray(one) ? one.map(textOf) : isObject(one) ? toFields(one) : textOf(one)]),
});
