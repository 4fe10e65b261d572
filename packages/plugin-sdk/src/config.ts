/** A JSON Schema (draft-07) of a plugin's settings. `Config` is the type of the settings it describes. */
export type ConfigSchema<Config = unknown> = { readonly [key: string]: unknown } & { readonly [configType]?: Config };
declare const configType: unique symbol;

type Scalar = { string: string; number: number; integer: number; boolean: boolean };
type Typed<P> = P extends { enum: readonly (infer E)[] }
  ? E
  : P extends { type: "array"; items: infer I }
    ? Typed<I>[]
    : P extends { type: "object"; properties: infer Q }
      ? ConfigOf<{ properties: Q; required: P extends { required: infer R } ? R : readonly [] }>
      : P extends { type: keyof Scalar }
        ? Scalar[P["type"]]
        : unknown;
type Present<S> = {
  [K in keyof PropertiesOf<S>]: PropertiesOf<S>[K] extends { default: unknown } ? K : K extends RequiredOf<S> ? K : never;
}[keyof PropertiesOf<S>];
type PropertiesOf<S> = S extends { properties: infer P } ? P : object;
type RequiredOf<S> = S extends { required: readonly (infer R)[] } ? R : never;

/** The type of settings that a literal JSON Schema describes: required or defaulted properties are always there. */
export type ConfigOf<S> = { [K in Present<S>]: Typed<PropertiesOf<S>[K]> } & {
  [K in Exclude<keyof PropertiesOf<S>, Present<S>>]?: Typed<PropertiesOf<S>[K]>;
};

/** Marks a literal JSON Schema, so that `definePlugin` knows the type of the settings it describes. */
export const configSchema = <const S extends { readonly type: "object" }>(schema: S): S & ConfigSchema<ConfigOf<S>> => schema;

/** Keys that hosts add to the settings for the SDK's own use. */
const hostKeys = new Set(["plugin_id", "_plugin_id", "service_broker_id", "_service_broker_id", "has_service_api"]);

type Node = {
  type?: string | string[];
  default?: unknown;
  properties?: Record<string, Node>;
  required?: string[];
  enum?: unknown[];
};

const typesOf = (node: Node): string[] => (node.type === undefined ? [] : Array.isArray(node.type) ? node.type : [node.type]);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const fits: Record<string, (value: unknown) => boolean> = {
  integer: (v) => Number.isInteger(v),
  number: (v) => typeof v === "number",
  boolean: (v) => typeof v === "boolean",
  array: Array.isArray,
  object: (v) => typeof v === "object" && v !== null && !Array.isArray(v),
  null: (v) => v === null,
};

function typed(key: string, text: string, node: Node): unknown {
  const types = typesOf(node);
  // Hosts stringify everything but strings as JSON; Go hosts may write a number as 1e+06, which JSON reads as well.
  const value = parsed(text);
  for (const type of types) if (value !== undefined && fits[type]?.(value)) return value;
  if (types.includes("string")) return text;
  if (types.length > 0) {
    throw new Error(`Setting "${key}" must be ${types.join(" or ")}, but it is ${JSON.stringify(text.slice(0, 200))}.`);
  }
  // Without a declared type only an enum can tell whether `5` means the number or the text.
  return node.enum?.includes(value) ? value : text;
}

function withDefaults(value: unknown, node: Node): unknown {
  if (!node.properties || typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const out: Record<string, unknown> = { ...value };
  for (const [key, child] of Object.entries(node.properties)) {
    if (out[key] === undefined && child.default !== undefined) out[key] = structuredClone(child.default);
    else if (out[key] !== undefined) out[key] = withDefaults(out[key], child);
  }
  return out;
}

/**
 * Settings that a host hands over as JSON with one call, e.g. those of one LLM, with the schema's defaults for what they
 * leave out. Throws when it is not a JSON object.
 */
export function parseConfigJson(text: string, schema: ConfigSchema = {}): Record<string, unknown> {
  const value = parsed(text);
  if (!fits.object?.(value)) throw new Error("The settings that came with this call are not a JSON object.");
  return withDefaults(value, schema as Node) as Record<string, unknown>;
}

/**
 * Turns the strings of Initialize back into typed settings with the schema's types and defaults. Settings the schema
 * does not know stay strings. Throws an error that names the setting when a value does not fit or a required one is
 * absent.
 */
export function parseConfig(strings: Record<string, string>, schema: ConfigSchema = {}): Record<string, unknown> {
  const root = schema as Node;
  const out: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(strings)) {
    const node = root.properties?.[key];
    if (!node && hostKeys.has(key)) continue;
    out[key] = node ? typed(key, text, node) : text;
  }
  const complete = withDefaults(out, root) as Record<string, unknown>;
  for (const key of root.required ?? []) {
    if (complete[key] === undefined) throw new Error(`Setting "${key}" is required.`);
  }
  return complete;
}
