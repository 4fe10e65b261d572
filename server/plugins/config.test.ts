import { AppError } from "@portico/core";
import { expect, test } from "vitest";
import { acceptConfig, checkConfig, mergeConfig, parseConfigSchema, redactConfig, restoreConfig } from "./config.ts";

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

test("faults name the field, defaults are filled in, and the caller's object stays as it was", () => {
  const strict = {
    type: "object",
    properties: { url: { type: "string", format: "uri" }, n: { type: "integer", default: 3 }, in: { type: "object", required: ["x"] } },
    required: ["url"],
    additionalProperties: false,
  };
  const given = { in: {}, extra: 1 };
  expect(
    checkConfig(strict, given)
      .issues.map(({ field }) => field)
      .sort(),
  ).toEqual(["config.extra", "config.in.x", "config.url"]);
  expect(given).toEqual({ in: {}, extra: 1 });
  expect(acceptConfig(strict, { url: "https://a.test" })).toEqual({ url: "https://a.test", n: 3 });
});

test("an override merges objects, replaces the rest and cannot reach a prototype", () => {
  const merged = mergeConfig({ a: { b: 1, c: [1, 2] }, d: 1 }, JSON.parse('{"a":{"c":[3]},"__proto__":{"polluted":true}}'));
  expect(merged).toMatchObject({ a: { b: 1, c: [3] }, d: 1 });
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test("a schema that cannot be used is refused with the reason", () => {
  expect(() => parseConfigSchema("[]")).toThrow(/not a JSON object/);
  expect(() => parseConfigSchema("{")).toThrow(/not JSON/);
  expect(() => parseConfigSchema('{"properties":{"a":{"$ref":"https://elsewhere.test/x"}}}')).toThrow(/not a usable JSON Schema/);
  expect(parseConfigSchema("")).toEqual({});
});
