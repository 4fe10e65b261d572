import { createSchemaUtils, type RJSFSchema } from "@rjsf/utils";
import { expect, test } from "vitest";
import { boundedSchema } from "./bounded-schema.ts";
import { validator } from "./validator.ts";

const errorsOf = (schema: RJSFSchema, value: Record<string, unknown>) =>
  validator.validateFormData(value, boundedSchema(schema)).errors.map(({ stack }) => stack);

test("a plugin's patterns are checked as one types, and none of them can hang the page", () => {
  const schema: RJSFSchema = {
    type: "object",
    properties: { a: { type: "string", pattern: "^(a+)+$" }, b: { type: "string", pattern: "^(?:a+)+(?=b)$" } },
    patternProperties: { "^(a+)+$": { type: "number" } },
    additionalProperties: false,
  };
  const hostile = `${"a".repeat(200)}!`;
  const startedAt = performance.now();
  expect(errorsOf(schema, { a: hostile, b: hostile, [hostile]: 1 })).toEqual(["a: Does not match the pattern ^(a+)+$"]);
  expect(errorsOf(schema, { a: "aaa" })).toEqual([]);
  createSchemaUtils(validator, boundedSchema(schema)).retrieveSchema(boundedSchema(schema), { [hostile]: 1 });
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test("settings that are named like keywords, and data, stay as they are", () => {
  const schema: RJSFSchema = {
    type: "object",
    properties: {
      pattern: { type: "string", default: "x" },
      patternProperties: { type: "object", default: { pattern: "y", patternProperties: {} } },
      mail: { type: "string", format: "email" },
    },
    definitions: { pattern: { type: "number" } },
  };
  expect(boundedSchema(schema)).toEqual(schema);
});

test("a schema that refers to itself without end leaves the judgement to the server", () => {
  expect(errorsOf({ $ref: "#" }, { a: 1 })).toEqual([]);
});
