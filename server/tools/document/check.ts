import { Validator } from "@seriousme/openapi-schema-validator";
import type { ErrorObject } from "ajv";
import { errorAt, type PlacedFault } from "./faults.ts";
import { isObject, type Json, pointerOf, targetOf } from "./json.ts";

const mostFaults = 50;
const maxDepth = 200;

const validators = new Validator({ allErrors: true });

/** Holds a document against the JSON Schema of its version, and its references against itself. */
export async function faultsOfDocument(document: unknown): Promise<PlacedFault[]> {
  if (!isObject(document)) return [errorAt([], "must be an OpenAPI document: an object with `openapi` or `swagger`")];
  const version = document.openapi ?? document.swagger;
  if (version === undefined) return [errorAt([], 'must be an OpenAPI document: `openapi: 3.1.0` or `swagger: "2.0"` is missing')];
  if (typeof version !== "string" || !/^(3\.[01]\.\d+|2\.0)$/.test(version))
    return [errorAt([document.openapi === undefined ? "swagger" : "openapi"], 'must be "2.0", or a version 3.0.x or 3.1.x, as text')];
  const ofShape = faultsOfShape(document);
  if (ofShape.length > 0) return ofShape;
  const { valid, errors } = await validators.validate(document);
  // Its check of references names no places.
  if (!valid && Array.isArray(errors)) return mostTelling(errors);
  return faultsOfReferences(document);
}

/** Nothing below may recurse without an end. YAML's aliases may also make circles. */
function faultsOfShape(document: Json): PlacedFault[] {
  const open: { value: Json | unknown[]; path: string[]; keys: string[]; next: number }[] = [];
  const around = new Set<unknown>();
  const enter = (value: Json | unknown[], path: string[]) => {
    around.add(value);
    open.push({ value, path, keys: Object.keys(value), next: 0 });
  };
  enter(document, []);
  for (let top = open.at(-1); top; top = open.at(-1)) {
    const key = top.keys[top.next++];
    if (key === undefined) {
      around.delete(top.value);
      open.pop();
      continue;
    }
    const child: unknown = (top.value as Json)[key];
    if (typeof child !== "object" || child === null) continue;
    const path = [...top.path, key];
    if (around.has(child)) return [errorAt(path, "contains itself")];
    if (open.length >= maxDepth) return [errorAt(path, `is nested more than ${maxDepth} levels deep`)];
    enter(child as Json | unknown[], path);
  }
  return [];
}

/** A document that fails one branch of a schema fails the others too: of all errors those at the deepest places say what is wrong. */
function mostTelling(errors: ErrorObject[]): PlacedFault[] {
  const places = errors.filter(({ keyword }) => !["oneOf", "anyOf", "if", "not", "allOf"].includes(keyword));
  const telling = places.length > 0 ? places : errors;
  const isOfReference = ({ params }: ErrorObject) => (params as { missingProperty?: string }).missingProperty === "$ref";
  const kept = telling.filter((error) => {
    if (
      isOfReference(error) &&
      telling.some((other) => other !== error && other.instancePath.startsWith(error.instancePath) && !isOfReference(other))
    )
      return false;
    return !telling.some(
      (other) => other.instancePath.startsWith(`${error.instancePath}/`) && error.keyword !== "required" && error.keyword !== "pattern",
    );
  });
  const faults = new Map<string, PlacedFault>();
  for (const error of withWholeEnums(kept.length > 0 ? kept : telling)) {
    const fault = errorAt(pointerOf(error.instancePath), sentenceOf(error));
    faults.set(JSON.stringify(fault), fault);
    if (faults.size >= mostFaults) break;
  }
  return [...faults.values()];
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

/** Branches that differ in one word each say their own: together they are its allowed values, and what else a branch asks for is moot. */
function withWholeEnums(errors: ErrorObject[]): ErrorObject[] {
  const values = new Map<string, Set<unknown>>();
  for (const { keyword, instancePath, params } of errors)
    if (keyword === "enum")
      values.set(instancePath, new Set([...(values.get(instancePath) ?? []), ...(params as { allowedValues: unknown[] }).allowedValues]));
  const parents = new Set([...values.keys()].map(parentOf));
  const isUndecided = (path: string) => (values.get(path)?.size ?? 0) > 1;
  // The one word that no branch knows is the fault; what single branches want besides is not.
  const decided = new Set([...values.keys()].filter(isUndecided).map(parentOf));
  return errors
    .filter(({ keyword, instancePath }) => keyword !== "required" || !parents.has(instancePath))
    .filter(({ keyword, instancePath }) => keyword !== "enum" || isUndecided(instancePath) || !decided.has(parentOf(instancePath)))
    .map((error) =>
      error.keyword === "enum" ? { ...error, params: { allowedValues: [...(values.get(error.instancePath) ?? [])] } } : error,
    );
}

function sentenceOf({ keyword, message = "is not valid", params }: ErrorObject): string {
  const own = params as Record<string, unknown>;
  if (keyword === "required") return `must have \`${String(own.missingProperty)}\``;
  if (keyword === "additionalProperties") return `has \`${String(own.additionalProperty)}\`, which is not a field of it`;
  if (keyword === "unevaluatedProperties") return `has \`${String(own.unevaluatedProperty)}\`, which is not a field of it`;
  if (keyword === "enum") return `must be one of ${(own.allowedValues as unknown[]).map(String).join(", ")}`;
  if (keyword === "const") return `must be ${JSON.stringify(own.allowedValue)}`;
  if (keyword === "type") return `must be of type ${String(own.type).replaceAll(",", " or ")}`;
  return message;
}

function faultsOfReferences(document: Json): PlacedFault[] {
  const faults: PlacedFault[] = [];
  const waiting: { value: unknown; path: string[] }[] = [{ value: document, path: [] }];
  for (let place = waiting.pop(); place && faults.length < mostFaults; place = waiting.pop()) {
    const { value, path } = place;
    if (typeof value !== "object" || value === null) continue;
    const { $ref } = value as Json;
    // What stands in an example is nobody's reference.
    if (typeof $ref === "string" && !path.some((part) => part === "example" || part === "examples" || part === "default")) {
      const at = [...path, "$ref"];
      if (!$ref.startsWith("#"))
        faults.push(errorAt(at, `refers to ${JSON.stringify($ref)}: references must stay within the document, "#/…"`));
      else if (targetOf(document, $ref) === undefined)
        faults.push(errorAt(at, `refers to ${JSON.stringify($ref)}, which is not in the document`));
    }
    for (const [key, child] of Object.entries(value)) waiting.push({ value: child, path: [...path, key] });
  }
  return faults;
}
