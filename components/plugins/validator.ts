import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import type { RJSFSchema, RJSFValidationError, ValidatorType } from "@rjsf/utils";
import { createErrorHandler, toErrorSchema, unwrapErrorHandler, validationDataMerge } from "@rjsf/utils";
import { patternOf } from "./bounded-schema.ts";

type Data = Record<string, unknown>;

// The usual validator compiles schemas with `new Function`, which the content policy rightly forbids; this one walks them.
const check = (schema: RJSFSchema, data: unknown) => new Validator(schema as Schema, "7", false).validate(data ?? null).errors;

/** What cannot be followed here is judged by the server alone. */
const checkIfPossible = (schema: RJSFSchema, data: unknown) => {
  try {
    return check(schema, data);
  } catch {
    return [];
  }
};

// Wrappers only repeat that something inside them failed.
const wrappers = new Set(["properties", "items", "allOf", "$ref", "then", "else", "if", "additionalItems", "dependencies"]);

const isEmpty = (value: unknown) => value === undefined || value === null;

const sentence = (text: string): string => {
  const bare = text.replace(/^Instance /, "");
  return bare.charAt(0).toUpperCase() + bare.slice(1);
};

const messageOf = ({ keyword, error }: OutputUnit): string => {
  const pattern = keyword === "format" ? patternOf(/"(.*)"/s.exec(error)?.[1] ?? "") : undefined;
  return pattern === undefined ? sentence(error) : `Does not match the pattern ${pattern}`;
};

const errorsOf = (schema: RJSFSchema, data: unknown): RJSFValidationError[] =>
  checkIfPossible(schema, data)
    .filter((error) => !wrappers.has(error.keyword))
    .map((error) => {
      const path = error.instanceLocation.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
      const missing = error.keyword === "required" ? /"([^"]+)"/.exec(error.error)?.[1] : undefined;
      const property = `.${[...path, ...(missing ? [missing] : [])].join(".")}`;
      const message = missing ? "Is required" : messageOf(error);
      return { name: error.keyword, property, message, stack: `${property.slice(1) || "Settings"}: ${message}` };
    });

/** Validates settings forms against JSON Schema draft 7 without compiling code. */
export const validator: ValidatorType<Data, RJSFSchema> = {
  validateFormData(formData, schema, customValidate, transformErrors, uiSchema) {
    let errors = errorsOf(schema, formData);
    if (transformErrors) errors = transformErrors(errors, uiSchema);
    const validation = { errors, errorSchema: toErrorSchema<Data>(errors) };
    if (!customValidate || formData === undefined) return validation;
    const handler = customValidate(formData, createErrorHandler<Data>(formData), uiSchema, validation.errorSchema);
    return validationDataMerge<Data>(validation, unwrapErrorHandler<Data>(handler));
  },
  isValid(schema, formData, rootSchema) {
    try {
      const withDefinitions = { ...schema, definitions: rootSchema.definitions, $defs: rootSchema.$defs };
      return check(withDefinitions, isEmpty(formData) ? {} : formData).length === 0;
    } catch {
      return false;
    }
  },
  rawValidation: <R>(schema: RJSFSchema, formData?: Data) => {
    try {
      return { errors: check(schema, formData) as R[] };
    } catch (error) {
      return { errors: [], validationError: error instanceof Error ? error : new Error(String(error)) };
    }
  },
};

// The form library looks for its validator under this name (next.config.mjs).
export default validator;
