import type { CallFacts, RequestFault } from "../dialect.ts";
import { isObject, type Json, parseJson } from "./json.ts";
import { type RequestFields, scannedFields, scanRequest } from "./scan.ts";
import { plainFields, setField, textOf } from "./splice.ts";
import { textChars } from "./text.ts";

export type RequestReader = (body: Buffer, strict: boolean) => CallFacts | RequestFault;

/**
 * Reads JSON bodies: the usual ones from their bytes, and others by what they mean when they are parsed, rewritten where a vendor might read
 * them otherwise.
 */
export function createRequestReader(fields: RequestFields): RequestReader {
  const scanned = scannedFields(fields);
  /** Fields that name models, or hold what does. */
  const naming: ReadonlySet<string> = new Set([fields.model, ...fields.modelLists, ...fields.modelHolders]);

  /** What an object names as its model, in whatever case: some servers ignore it. */
  const modelsIn = (holder: Json): unknown[] =>
    Object.keys(holder)
      .filter((name) => name.toLowerCase() === fields.model)
      .map((name) => holder[name]);

  /** @returns undefined when they cannot be read. */
  function otherModelsOf(json: Json): readonly string[] | undefined {
    const found: string[] = [];
    for (const field of fields.modelLists) {
      const list = json[field];
      if (list === undefined || list === null) continue;
      if (!Array.isArray(list)) return undefined;
      for (const item of list as unknown[]) {
        const names = isObject(item) ? modelsIn(item) : [item];
        if (names.length === 0) return undefined;
        for (const name of names) {
          if (typeof name !== "string") return undefined;
          found.push(name);
        }
      }
    }
    for (const field of fields.modelHolders) {
      const holder = json[field];
      if (isObject(holder)) found.push(...modelsIn(holder).filter((name) => typeof name === "string"));
    }
    return found;
  }

  /** Some vendors take the first of two models, or "Model" for "model": what was judged is what is sent. */
  function unambiguous(text: string, json: Json): Buffer | undefined {
    const variants = Object.keys(json).filter((name) => !naming.has(name) && naming.has(name.toLowerCase()));
    const isTwice = [...naming].some((name) => text.indexOf(`"${name}"`, text.indexOf(`"${name}"`) + 1) >= 0);
    if (variants.length === 0 && !isTwice && !text.includes("\\u00")) return undefined;
    return Buffer.from(plainFields(text, { isDropped: (name) => variants.includes(name), rewritten: naming }));
  }

  /** The largest limit the body names: which of them counts is the vendor's to say. */
  function maxTokensOf(json: Json): number {
    let most = -1;
    for (const name of fields.limits) {
      const value = json[name];
      if (typeof value === "number" && value > most) most = value;
    }
    return most;
  }

  function parse(body: Buffer, strict: boolean): CallFacts | RequestFault {
    const text = body.toString("utf8");
    const json = parseJson(text);
    if (!isObject(json)) return { fault: "invalid_json", message: "invalid JSON body" };
    const model = json[fields.model];
    if (model !== undefined && typeof model !== "string") return { fault: "model_invalid", message: `${fields.model} must be a string` };
    const otherModels = otherModelsOf(json);
    if (!otherModels) return { fault: "model_invalid", message: `${fields.modelLists.join(" and ")} must be arrays that name models` };
    return {
      model,
      otherModels,
      stream: json[fields.stream] === true,
      hasUsageOptions: json[fields.usageOptions] !== undefined,
      maxTokens: maxTokensOf(json),
      choices: Math.max(1, countOf(json[fields.choices]), countOf(json[fields.moreChoices])),
      textChars: textChars(json),
      rewritten: strict ? unambiguous(text, json) : undefined,
    };
  }

  return (body, strict) => scanRequest(body, scanned) ?? parse(body, strict);
}

const countOf = (value: unknown): number => (typeof value === "number" && value > 0 ? Math.min(Math.ceil(value), 1_024) : 0);

/** Adds a field in front of a JSON object's others and leaves every other byte as it was. */
export function insertField(body: Buffer, field: string): Buffer {
  const at = body.indexOf("{") + 1;
  const isEmpty = /^\s*\}/.test(body.toString("latin1", at, at + 64));
  return Buffer.concat([body.subarray(0, at), Buffer.from(isEmpty ? field : `${field},`), body.subarray(at)]);
}

/**
 * Changes a field of a JSON object in its place.
 * @param change gets the field as it is written, undefined when there is none; returns what it is to be, undefined to leave the body alone.
 */
export function changeField(body: Buffer, name: string, change: (value: string | undefined) => string | undefined): Buffer | undefined {
  const text = body.toString("utf8");
  const changed = change(textOf(text, name));
  return changed === undefined ? undefined : Buffer.from(setField(text, name, changed));
}
