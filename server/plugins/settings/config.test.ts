import { AppError } from "@portico/core";
import { expect, test } from "vitest";
import { mergeConfig, redactConfig, restoreConfig } from "./config.ts";

const schema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  definitions: { login: { type: "object", properties: { user: { type: "string" }, pass: { type: "string", format: "password" } } } },
  properties: {
    key: { type: "string", writeOnly: true },
    main: { $ref: "#/definitions/login" },
    all: { type: "array", items: { $ref: "#/definitions/login" } },
    keys: { type: "array", items: { type: "string", format: "password" } },
    open_token: { type: "string" },
  },
};
const login = (n: number) => ({ user: `u${n}`, pass: `p${n}` });
const hidden = (n: number) => ({ user: `u${n}`, pass: "[redacted]" });
const stored = { key: "k", main: login(0), all: [login(1), login(2)], keys: ["a", "b"], open_token: "shown", api_key: "undescribed" };

test("secrets are redacted wherever the schema says so, through references and lists; undescribed ones by their name", () => {
  expect(redactConfig(schema, stored)).toEqual({
    key: "[redacted]",
    main: hidden(0),
    all: [hidden(1), hidden(2)],
    keys: ["[redacted]", "[redacted]"],
    open_token: "shown",
    api_key: "[redacted]",
  });
  expect(redactConfig(schema, { key: "" })).toEqual({ key: "" });
  expect(redactConfig(null, { a: "text", b: 1, c: [true, "x"] })).toEqual({ a: "[redacted]", b: 1, c: [true, "[redacted]"] });
});

test("what is sent back redacted is what was stored, also when a list was reordered or shortened", () => {
  expect(restoreConfig(schema, redactConfig(schema, stored), stored)).toEqual(stored);
  expect(restoreConfig(schema, { all: [hidden(2)] }, stored)).toEqual({ all: [login(2)] });
  expect(restoreConfig(schema, { all: [hidden(2), hidden(1)] }, stored)).toEqual({ all: [login(2), login(1)] });
  expect(() => restoreConfig(schema, { all: [hidden(7)] }, stored)).toThrow(AppError);
  expect(() => restoreConfig(schema, { key: "[redacted]" }, {})).toThrow(
    expect.objectContaining({ issues: [expect.objectContaining({ field: "config.key" })] }),
  );
});

test("an override merges objects, replaces the rest and cannot reach a prototype", () => {
  const merged = mergeConfig({ a: { b: 1, c: [1, 2] }, d: 1 }, JSON.parse('{"a":{"c":[3]},"__proto__":{"polluted":true}}'));
  expect(merged).toMatchObject({ a: { b: 1, c: [3] }, d: 1 });
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test("a schema that repeats itself a billion times is read in milliseconds, and what is not read counts as secret", () => {
  const nest = (levels: number): object =>
    levels === 0 ? { format: "password" } : { anyOf: Array.from({ length: 4 }, () => ({ $ref: `#/definitions/d${levels}` })) };
  const definitions = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`d${i + 1}`, nest(i)]));
  const circle = { allOf: Array.from({ length: 60 }, () => ({ $ref: "#/definitions/circle" })) };
  const doubling = {
    type: "object",
    properties: { a: nest(15), deep: { $ref: "#/definitions/doubled" } },
    definitions: {
      ...definitions,
      circle: JSON.parse(`{"if":{"required":["never"]},"then":${JSON.stringify(circle)}}`),
      doubled: { allOf: [circle], additionalProperties: { allOf: [{ $ref: "#/definitions/doubled" }, { properties: { x: {} } }] } },
    },
  };
  const manyPatterns = { patternProperties: Object.fromEntries(Array.from({ length: 4_000 }, (_, i) => [`\\pL{1,${i % 999}}x${i}`, {}])) };
  const startedAt = performance.now();
  expect(redactConfig(doubling, { a: "x", deep: { b: { c: "d" } } })).toMatchObject({ a: "[redacted]" });
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`key${i}`, "text"]));
  expect(new Set(Object.values(redactConfig(manyPatterns, many)))).toEqual(new Set(["[redacted]"]));
  expect(redactConfig({ patternProperties: { "^(a+)+$": { type: "string" } } }, { [`${"a".repeat(60)}!`]: "x" })).toBeDefined();
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
