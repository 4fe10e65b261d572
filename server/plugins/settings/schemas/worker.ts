import { parentPort } from "node:worker_threads";
import { linearPattern } from "@portico/core/patterns";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import formats from "ajv-formats";
import { faultOfSchema } from "./limits.ts";
import type { Answer, Question } from "./pool.ts";

/* A thread of its own for what plugins supply: its owner ends it when an answer takes too long. */

const maxIssues = 100;
const maxMessageChars = 500;
const maxResultChars = 2 * 1024 * 1024;
const keptSchemas = 50;

class SchemaRefused extends Error {}

const compiled = new Map<string, ValidateFunction>();

/** Isolated for each schema: plugins may use the same `$id` for different things. */
function compile(schema: string): ValidateFunction {
  const known = compiled.get(schema);
  if (known) return known;
  const document = JSON.parse(schema) as Record<string, unknown>;
  const fault = faultOfSchema(document);
  if (fault) throw new SchemaRefused(fault);
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    useDefaults: true,
    validateSchema: false,
    logger: false,
    code: { regExp: Object.assign((source: string) => linearPattern(source), { code: "linearPattern" }) },
  });
  formats.default(ajv);
  // Schemas of later drafts are read as far as draft-07 goes.
  const { $schema: _, ...rest } = document;
  const validate = ajv.compile(rest);
  const [oldest] = compiled.keys();
  if (compiled.size >= keptSchemas && oldest !== undefined) compiled.delete(oldest);
  compiled.set(schema, validate);
  return validate;
}

function answer({ schema, config }: Question): Answer {
  let validate: ValidateFunction;
  try {
    validate = compile(schema);
  } catch (error) {
    return { refused: error instanceof SchemaRefused ? error.message : `is not a usable JSON Schema: ${reasonOf(error)}` };
  }
  if (config === undefined) return { config: "{}", issues: [] };
  try {
    const complete: unknown = JSON.parse(config);
    const valid: unknown = validate(complete);
    if (typeof valid !== "boolean") return { refused: "cannot validate a configuration synchronously" };
    const text = JSON.stringify(complete);
    if (text.length > maxResultChars) return { refused: "makes the configuration too large by its defaults" };
    return { config: text, issues: valid ? [] : issuesOf(validate.errors ?? []) };
  } catch (error) {
    return { refused: `cannot validate this configuration: ${reasonOf(error)}` };
  }
}

const reasonOf = (error: unknown): string => {
  if (error instanceof RangeError) return "it refers to itself endlessly, or is nested too deeply";
  return cut(error instanceof Error ? error.message : String(error));
};

function issuesOf(errors: ErrorObject[]): Answer["issues"] {
  const issues = new Map<string, { path: string[]; message: string }>();
  for (const error of errors) {
    if (issues.size >= maxIssues) break;
    const issue = { path: pathOf(error).map(cut), message: cut(sentenceOf(error)) };
    issues.set(JSON.stringify(issue), issue);
  }
  return [...issues.values()];
}

function pathOf({ instancePath, params }: ErrorObject): string[] {
  const at = instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const own = params as { missingProperty?: string; additionalProperty?: string };
  const last = own.missingProperty ?? own.additionalProperty;
  return last === undefined ? at : [...at, last];
}

function sentenceOf({ keyword, message, params }: ErrorObject): string {
  if (keyword === "required") return "is required";
  if (keyword === "additionalProperties") return "is not a setting of this plugin";
  if (keyword === "enum") return `must be one of ${(params as { allowedValues: unknown[] }).allowedValues.map(String).join(", ")}`;
  return message ?? "is not valid";
}

const cut = (text: string): string => (text.length > maxMessageChars ? `${text.slice(0, maxMessageChars)}…` : text);

parentPort?.on("message", ({ id, question }: { id: number; question: Question }) => {
  parentPort?.postMessage({ id, answer: answer(question) });
});
parentPort?.postMessage("ready");
