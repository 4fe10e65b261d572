import fc, { type Arbitrary } from "fast-check";

/** The part of JSON Schema that the OpenAPI document uses. */
export type Schema = {
  type?: string | string[];
  format?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  maxItems?: number;
  pattern?: string;
};

/** A few levels that JSON can say and hardly anybody means. */
const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = i % 2 ? [value] : { a: value };
  return value;
};

/** Stands in a body for number literals that JavaScript has no value for. */
export const literals = { "@1e400@": "1e400", "@-0@": "-0", "@2^64@": "18446744073709551616", "@1e-400@": "1e-400" } as const;

const badDates = [
  "-271821-04-20T00:00:00.000Z",
  "+275760-09-13T00:00:00.000Z",
  "9999-12-31T23:59:59-05:00",
  "9999-12-31",
  "0000-01-01",
  "2026-02-30",
  "2026-13-01T00:00:00Z",
  "x",
  "",
];
const badNumberTexts = ["true", "null", "NaN", "-1", "+1", "1e3", "0x10", "01", "1.5", "2147483648", "9007199254740993", "1".repeat(400)];
const badTexts = [
  "",
  " ",
  "\0",
  "\ud800",
  "x\udfff",
  "\u202e\uffff",
  "İßΣ😀e\u0301",
  "\r\nx: y",
  "a".repeat(300),
  "a".repeat(70_000),
  "%",
  "\\",
  "'; DROP TABLE users; --",
  "../../../etc/passwd",
  "<script>alert(1)</script>",
  "{{7*7}}",
  "__proto__",
  "constructor",
  "[redacted]",
  "^(a+)+$",
  "(?<=a)b\\1",
  "[",
  "http://user:pw@host/#x",
  "http://[::1",
  "http://169.254.169.254",
  "file:///etc/passwd",
];
const badNumbers = [0, -1, 1.5, 2 ** 31 - 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, 2 ** 53, 1e21, 1e308, 5e-324, ...Object.keys(literals)];
const wrongKinds = [null, true, false, 0, 1, "x", [], {}, [[]], [null], { a: { b: null } }, nested(150)];

/** Values that a field with this schema should refuse, or only just take. */
export function badFor(schema: Schema): unknown[] {
  const inner = schema.anyOf?.find(({ type }) => type !== "null") ?? schema;
  switch (Array.isArray(inner.type) ? inner.type[0] : inner.type) {
    case "integer":
    case "number":
      return [...badNumbers, ...badNumberTexts, ...wrongKinds];
    case "string":
      return inner.format?.startsWith("date") ? [...badDates, 8.64e15, 1_700_000_000, ...wrongKinds] : [...badTexts, ...wrongKinds];
    case "array":
      return [[1, 1], ["a", "a"], [0], [2 ** 31], ["1e3"], ["\0"], [{}], Array(1001).fill(1), ...wrongKinds];
    case "object":
      return [{ "\0": 1 }, { a: "\ud800" }, { "": 1 }, { ["a".repeat(300)]: 1 }, { a: "@1e400@" }, ...wrongKinds];
    default:
      return ["no such", "\0", ...wrongKinds];
  }
}

const hostileText = [...badTexts, ...badDates, ...badNumberTexts];

/** Values of the wrong kind, at the edges of what is stored, or made to break what reads them. */
export const hostile: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...hostileText, ...badNumbers),
  fc.constantFrom<unknown>(...wrongKinds),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.jsonValue({ maxDepth: 3 }),
);

export const hostileString: Arbitrary<string> = fc.oneof(fc.constantFrom(...hostileText), fc.string({ unit: "binary", maxLength: 40 }));

/** Values of known fields that lead deeper than random ones do, e.g. ids of objects that exist. */
export type Hints = Record<string, Arbitrary<unknown>>;

/** Values that a schema allows, more or less: patterns and formats are met often, not always. */
export function valid(schema: Schema, hints: Hints, name = "", depth = 0): Arbitrary<unknown> {
  const hint = hints[name];
  if (hint) return fc.oneof({ weight: 4, arbitrary: hint }, { weight: 1, arbitrary: plain(schema, hints, depth) });
  return plain(schema, hints, depth);
}

function plain(schema: Schema, hints: Hints, depth: number): Arbitrary<unknown> {
  if ("const" in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((choice) => plain(choice, hints, depth)));
  const [first] = schema.allOf ?? [];
  if (first) return plain({ ...schema, allOf: undefined, ...Object.assign({}, ...(schema.allOf ?? [])) }, hints, depth);
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "string":
      return text(schema);
    case "integer":
    case "number":
      return number(schema);
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array":
      return fc.array(plain(schema.items ?? {}, hints, depth + 1), { maxLength: Math.min(schema.maxItems ?? 4, 4) });
    case "object":
      return object(schema, hints, depth);
    default:
      return fc.jsonValue({ maxDepth: depth > 2 ? 0 : 2 });
  }
}

function object({ properties = {}, required = [], additionalProperties }: Schema, hints: Hints, depth: number): Arbitrary<unknown> {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, valid(one, hints, name, depth + 1)]));
  if (Object.keys(fields).length > 0) return fc.record(fields, { requiredKeys: required });
  const values =
    typeof additionalProperties === "object" && depth < 3 ? plain(additionalProperties, hints, depth + 1) : fc.jsonValue({ maxDepth: 1 });
  return fc.dictionary(fc.string({ maxLength: 12 }), values, { maxKeys: 4 });
}

function number({ type, minimum = -1e9, maximum = 1e9 }: Schema): Arbitrary<unknown> {
  const bounds = fc.constantFrom(minimum, maximum);
  const whole = fc.integer({ min: Math.max(Math.ceil(minimum), -(2 ** 31)), max: Math.min(Math.floor(maximum), 2 ** 31 - 1) });
  return type === "integer" ? fc.oneof(bounds, whole) : fc.oneof(bounds, whole, fc.double({ min: minimum, max: maximum, noNaN: true }));
}

function text({ format, pattern, maxLength = 60 }: Schema): Arbitrary<unknown> {
  const max = Math.min(maxLength, 60);
  if (format === "date-time") return fc.constantFrom("2026-01-31T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2024-02-29");
  if (format === "date") return fc.constantFrom("2026-01-31", "2026-02-01", "0001-01-01", "9999-12-30");
  if (pattern) {
    // Look-around has no generator; such fields get texts like any other.
    if (!/\(\?[=!<]/.test(pattern)) return fc.stringMatching(new RegExp(pattern), { size: "small" });
  }
  return fc.oneof(
    fc.string({ maxLength: max }),
    fc.string({ unit: "grapheme", maxLength: max }),
    fc.constantFrom("a", "A name", "x".repeat(max), "x".repeat(maxLength > 70_000 ? max : maxLength)),
  );
}
