import type { Ledger } from "../budget/ledger.ts";
import { isObject, type Json, limitNames, parseJson, textChars, tokensOfChars } from "../vendors/json.ts";
import { type RequestFacts, readRequest } from "../vendors/json-scan.ts";
import { type Exchange, headerOf, maxModelChars } from "./exchange.ts";
import { priceOf } from "./price.ts";
import { next, refuse, type Step } from "./reply.ts";

const generating = /\/(?:completions|embeddings|responses|messages)$/;
// Endpoints that name a model in their body; others may do without one.
const takesModel = /\/(?:completions|embeddings|responses|messages|count_tokens|generations|speech|moderations)$/;
/** Answer assumed for a reservation when the request sets no limit. */
const assumedResponseTokens = 512;
const mostResponseTokens = 1_000_000;

const badRequest = (reason: string, message: string) => refuse({ status: 400, reason, message: `Bad request: ${message}` });

/** Judges the request as it will be sent: model, kind of call, budget. */
export function createAdmit({ ledger }: { ledger: Ledger }) {
  return function admit(exchange: Exchange): Step {
    const { body, llm, req } = exchange;
    if (!body || !llm) throw new Error("admission before the request is complete");
    exchange.generates = req.method === "POST" && generating.test(exchange.path);
    if (body.length > 0) {
      const contentType = headerOf(exchange, "content-type");
      const step = contentType.startsWith("multipart/") ? admitForm(exchange) : admitJson(exchange);
      if (step.kind !== "next") return step;
    } else if (exchange.mode === "stream") return notStreamed(exchange);
    exchange.price = priceOf(exchange.table, llm, exchange.model);
    return reserve(exchange);
  };

  function admitJson(exchange: Exchange): Step {
    const { mode } = exchange;
    const judged = factsOf(exchange);
    if ("kind" in judged) return judged;
    const modelStep = admitModel(exchange, judged.model);
    if (modelStep.kind !== "next") return modelStep;

    exchange.streaming = judged.stream;
    if (mode === "rest" && judged.stream) return badRequest("streaming_mismatch", "streaming is not allowed for this endpoint");
    if (mode === "stream" && !judged.stream) return notStreamed(exchange);
    if (exchange.generates) {
      exchange.promptChars = judged.textChars;
      if (judged.stream) askForUsage(exchange, judged);
    }
    exchange.maxResponseTokens = judged.maxTokens < 0 ? assumedResponseTokens : Math.min(judged.maxTokens, mostResponseTokens);
    return next;
  }

  function reserve(exchange: Exchange): Step {
    const { app, llm } = exchange;
    if (!app || !llm || (!app.budget && !llm.budget)) return next;
    let estimateMicroUsd = 0;
    if (exchange.generates) {
      const { price } = exchange;
      if (price) {
        const tokens = { prompt: tokensOfChars(exchange.promptChars), response: exchange.maxResponseTokens, cacheWrite: 0, cacheRead: 0 };
        estimateMicroUsd = ledger.estimate(tokens, price);
      }
    }
    const reserved = ledger.reserve({ app, llm, estimateMicroUsd });
    if (reserved.outcome === "exceeded") {
      const error = `budget of ${reserved.kind} "${reserved.name}" is used up for this period`;
      return refuse({ status: 403, reason: "budget_exceeded", message: "Budget limit exceeded", error });
    }
    exchange.reservation = reserved.reservation;
    return next;
  }
}

const notStreamed = (exchange: Exchange) =>
  badRequest("streaming_mismatch", `streaming is required for this endpoint: ${exchange.req.method} ${exchange.path}`);

/** What the body says; an unusual one is judged by what it means, and mended where a vendor might read it otherwise. */
function factsOf(exchange: Exchange): RequestFacts | Extract<Step, { kind: "reply" }> {
  const body = exchange.body as Buffer;
  const facts = readRequest(body);
  if (facts) return facts;
  const text = body.toString("utf8");
  const json = parseJson(text);
  if (!isObject(json)) return badRequest("invalid_json", "invalid JSON body");
  const { model } = json;
  if (model !== undefined && typeof model !== "string") return badRequest("model_invalid", "model must be a string");
  if (exchange.llm && exchange.llm.allowedModels.patterns.length > 0) {
    // Some vendors take the first of two models, or "Model" for "model": what was judged is what is sent.
    const others = Object.keys(json).filter((name) => name !== "model" && name.toLowerCase() === "model");
    for (const name of others) delete json[name];
    if (others.length > 0 || namesTwice(text) || text.includes("\\u00")) exchange.body = Buffer.from(JSON.stringify(json));
  }
  return {
    model,
    stream: json.stream === true,
    hasStreamOptions: json.stream_options !== undefined,
    maxTokens: maxTokensOf(json),
    textChars: textChars(json),
  };
}

const namesTwice = (text: string): boolean => text.indexOf('"model"', text.indexOf('"model"') + 1) >= 0;

function admitModel(exchange: Exchange, model: string | undefined): Step {
  const { llm } = exchange;
  if (!llm) return next;
  if (model && model.length > maxModelChars) return badRequest("model_invalid", `model is longer than ${maxModelChars} characters`);
  if (model) exchange.model = model;
  else if (takesModel.test(exchange.path) || llm.allowedModels.patterns.length > 0) {
    if (exchange.req.method !== "POST") return next;
    if (!llm.defaultModel) return badRequest("model_missing", "model field is required");
    exchange.model = llm.defaultModel;
    if (model === undefined) insertField(exchange, `"model":${JSON.stringify(llm.defaultModel)}`);
    else changeFields(exchange, () => ({ model: llm.defaultModel }));
  } else return next;

  if (llm.allowedModels.patterns.length > 0 && !llm.allowedModels.allows(exchange.model)) {
    return refuse({
      status: 403,
      reason: "model_not_allowed",
      message: `model '${exchange.model}' is not allowed`,
      error: llm.allowedModels.fault,
    });
  }
  return next;
}

/** Forms (audio, files) cannot be judged by model, so an LLM that allows only some models takes none. */
function admitForm(exchange: Exchange): Step {
  if (exchange.llm && exchange.llm.allowedModels.patterns.length > 0) {
    const message = "This LLM allows only certain models, and the model of a multipart request cannot be checked.";
    return refuse({ status: 403, reason: "model_not_allowed", message });
  }
  return exchange.mode === "stream" ? notStreamed(exchange) : next;
}

/** Vendors that report a stream's usage only when asked are asked, whether or not the client did. */
function askForUsage(exchange: Exchange, { hasStreamOptions }: RequestFacts): void {
  if (!exchange.llm?.vendor.usageOnRequest(exchange.path)) return;
  exchange.hideUsage = true;
  if (!hasStreamOptions) {
    insertField(exchange, '"stream_options":{"include_usage":true}');
    return;
  }
  changeFields(exchange, ({ stream_options: given }) => {
    const options = isObject(given) ? given : {};
    if (options.include_usage !== true) return { stream_options: { ...options, include_usage: true } };
    exchange.hideUsage = false;
    return undefined;
  });
}

/** Adds a field in front of a JSON object's others, leaving every other byte as it was. */
function insertField(exchange: Exchange, field: string): void {
  const body = exchange.body as Buffer;
  const at = body.indexOf("{") + 1;
  const isEmpty = /^\s*\}/.test(body.toString("latin1", at, at + 64));
  exchange.body = Buffer.concat([body.subarray(0, at), Buffer.from(isEmpty ? field : `${field},`), body.subarray(at)]);
}

/** Writes a JSON object's fields anew, unless nothing is to be changed. */
function changeFields(exchange: Exchange, change: (fields: Json) => Json | undefined): void {
  const fields = parseJson((exchange.body as Buffer).toString("utf8")) as Json;
  const changes = change(fields);
  if (changes) exchange.body = Buffer.from(JSON.stringify({ ...fields, ...changes }));
}

function maxTokensOf(json: Json): number {
  for (const key of limitNames) {
    const value = json[key];
    if (typeof value === "number" && value >= 0) return value;
  }
  return -1;
}
