import { isObject, type Json, limitNames, parseJson, textChars } from "../vendors/json.ts";
import { type RequestFacts, readRequest } from "../vendors/json-scan.ts";
import { plainFields, setField, textOf } from "../vendors/json-splice.ts";
import type { Exchange } from "./exchange.ts";
import { refuse, type Step } from "./reply.ts";

export const badRequest = (reason: string, message: string) => refuse({ status: 400, reason, message: `Bad request: ${message}` });

/** What a JSON body says. */
export type BodyFacts = RequestFacts & {
  /** Models it names besides `model`, for a vendor to fall back to or within a session. */
  otherModels?: readonly string[];
};

/** Fields that name models at the top of a body. */
const modelFields = new Set(["model", "models", "fallbacks"]);
/** Fields whose values name models. */
const rewritten: ReadonlySet<string> = new Set([...modelFields, "session"]);
/**
 * What the body says; an unusual one is judged by what it means, and mended where a vendor might read it otherwise.
 * @param strict whether it matters which model is named.
 */
export function factsOf(exchange: Exchange, strict: boolean): BodyFacts | Extract<Step, { kind: "reply" }> {
  const body = exchange.body as Buffer;
  const facts = readRequest(body);
  if (facts) return facts;
  const text = body.toString("utf8");
  const json = parseJson(text);
  if (!isObject(json)) return badRequest("invalid_json", "invalid JSON body");
  const { model } = json;
  if (model !== undefined && typeof model !== "string") return badRequest("model_invalid", "model must be a string");
  const otherModels = otherModelsOf(json);
  if (!otherModels) return badRequest("model_invalid", "models and fallbacks must be arrays that name models");
  if (strict) {
    // Some vendors take the first of two models, or "Model" for "model": what was judged is what is sent.
    const variants = Object.keys(json).filter((name) => !modelFields.has(name) && modelFields.has(name.toLowerCase()));
    if (variants.length > 0 || namesTwice(text) || text.includes("\\u00"))
      exchange.body = Buffer.from(plainFields(text, { isDropped: (name) => variants.includes(name), rewritten }));
  }
  return {
    model,
    otherModels,
    stream: json.stream === true,
    hasStreamOptions: json.stream_options !== undefined,
    maxTokens: maxTokensOf(json),
    choices: Math.max(1, countOf(json.n), countOf(json.best_of)),
    textChars: textChars(json),
  };
}

/** @returns undefined when they cannot be read. */
function otherModelsOf({ models, fallbacks, session }: Json): readonly string[] | undefined {
  const found: string[] = [];
  for (const list of [models, fallbacks]) {
    if (list === undefined || list === null) continue;
    if (!Array.isArray(list)) return undefined;
    for (const item of list as unknown[]) {
      const name = isObject(item) ? item.model : item;
      if (typeof name !== "string") return undefined;
      found.push(name);
    }
  }
  if (isObject(session) && typeof session.model === "string") found.push(session.model);
  return found;
}

const namesTwice = (text: string): boolean =>
  [...modelFields].some((name) => text.indexOf(`"${name}"`, text.indexOf(`"${name}"`) + 1) >= 0);

const countOf = (value: unknown): number => (typeof value === "number" && value > 0 ? Math.min(Math.ceil(value), 1_024) : 0);

/** The largest limit the body names: which of them counts is the vendor's to say. */
function maxTokensOf(json: Json): number {
  let most = -1;
  for (const name of limitNames) {
    const value = json[name];
    if (typeof value === "number" && value > most) most = value;
  }
  return most;
}

/** Adds a field in front of a JSON object's others, leaving every other byte as it was. */
export function insertField(exchange: Exchange, field: string): void {
  const body = exchange.body as Buffer;
  const at = body.indexOf("{") + 1;
  const isEmpty = /^\s*\}/.test(body.toString("latin1", at, at + 64));
  exchange.body = Buffer.concat([body.subarray(0, at), Buffer.from(isEmpty ? field : `${field},`), body.subarray(at)]);
}

/**
 * Changes a field of a JSON object in its place.
 * @param change gets the field as JSON, undefined when there is none, and answers what it shall be.
 */
export function changeField(exchange: Exchange, name: string, change: (value: string | undefined) => string): void {
  const text = (exchange.body as Buffer).toString("utf8");
  const value = textOf(text, name);
  const changed = change(value);
  if (changed !== value) exchange.body = Buffer.from(setField(text, name, changed));
}
