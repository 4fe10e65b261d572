import type { Ledger } from "../budget/ledger.ts";
import { isObject, type Json, parseJson, textChars, tokensOfChars } from "../vendors/json.ts";
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
    return reserve(exchange);
  };

  function admitJson(exchange: Exchange): Step {
    const body = exchange.body as Buffer;
    const text = body.toString("utf8");
    const json = parseJson(text);
    if (!isObject(json)) return badRequest("invalid_json", "invalid JSON body");
    const modelStep = admitModel(exchange, json, text);
    if (modelStep.kind !== "next") return modelStep;

    exchange.streaming = json.stream === true;
    if (exchange.mode === "rest" && exchange.streaming)
      return badRequest("streaming_mismatch", "streaming is not allowed for this endpoint");
    if (exchange.mode === "stream" && !exchange.streaming) return notStreamed(exchange);
    if (exchange.generates) {
      exchange.promptChars = textChars(json);
      if (exchange.streaming) askForUsage(exchange, json);
    }
    exchange.maxResponseTokens = maxTokensOf(json);
    return next;
  }

  function reserve(exchange: Exchange): Step {
    const { app, llm } = exchange;
    if (!app || !llm || (!app.budget && !llm.budget)) return next;
    let estimateMicroUsd = 0;
    if (exchange.generates) {
      const price = priceOf(exchange.table, llm.vendor.id, exchange.model, "");
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

function admitModel(exchange: Exchange, json: Json, text: string): Step {
  const llm = exchange.llm;
  if (!llm) return next;
  const { model } = json;
  if (model !== undefined && typeof model !== "string") return badRequest("model_invalid", "model must be a string");
  if (model && model.length > maxModelChars) return badRequest("model_invalid", `model is longer than ${maxModelChars} characters`);
  if (model) {
    exchange.model = model;
  } else if (takesModel.test(exchange.path) || llm.allowedModels.length > 0) {
    if (exchange.req.method !== "POST") return next;
    if (!llm.defaultModel) return badRequest("model_missing", "model field is required");
    exchange.model = llm.defaultModel;
    if (model === undefined) exchange.body = insertField(text, `"model":${JSON.stringify(llm.defaultModel)}`);
    else exchange.body = rewrite(json, { model: llm.defaultModel });
  } else return next;

  if (llm.allowedModels.length === 0) return next;
  if (!llm.allowedModels.some((pattern) => pattern.test(exchange.model))) {
    return refuse({ status: 403, reason: "model_not_allowed", message: `model '${exchange.model}' is not allowed` });
  }
  // A body that names a model twice, or hides the name behind escapes, might be read otherwise by the vendor: what was
  // judged is what is sent.
  if (model && (namesTwice(text) || text.includes("\\u00"))) exchange.body = rewrite(json, {});
  return next;
}

const namesTwice = (text: string): boolean => text.indexOf('"model"', text.indexOf('"model"') + 1) >= 0;

/** Forms (audio, files) cannot be judged by model, so an LLM that allows only some models takes none. */
function admitForm(exchange: Exchange): Step {
  if (exchange.llm && exchange.llm.allowedModels.length > 0) {
    const message = "This LLM allows only certain models, and the model of a multipart request cannot be checked.";
    return refuse({ status: 403, reason: "model_not_allowed", message });
  }
  return exchange.mode === "stream" ? notStreamed(exchange) : next;
}

/** Vendors that report a stream's usage only when asked are asked, whether or not the client did. */
function askForUsage(exchange: Exchange, json: Json): void {
  const options = json.stream_options;
  if (!exchange.llm?.vendor.usageOnRequest(exchange.path)) return;
  if (isObject(options) && options.include_usage === true) return;
  exchange.hideUsage = true;
  const body = exchange.body as Buffer;
  if (options === undefined) exchange.body = insertField(body.toString("utf8"), '"stream_options":{"include_usage":true}');
  else
    exchange.body = rewrite(parseJson(body.toString("utf8")) as Json, {
      stream_options: { ...(isObject(options) ? options : {}), include_usage: true },
    });
}

/** Adds a field in front of a JSON object's others, leaving every other byte as it was. */
function insertField(text: string, field: string): Buffer {
  const at = text.indexOf("{") + 1;
  const empty = /^\s*\}/.test(text.slice(at, at + 64));
  return Buffer.from(`${text.slice(0, at)}${field}${empty ? "" : ","}${text.slice(at)}`);
}

const rewrite = (json: Json, changes: Json): Buffer => Buffer.from(JSON.stringify({ ...json, ...changes }));

function maxTokensOf(json: Json): number {
  for (const key of ["max_tokens", "max_completion_tokens", "max_output_tokens"]) {
    const value = json[key];
    if (typeof value === "number" && value >= 0) return Math.min(value, mostResponseTokens);
  }
  return assumedResponseTokens;
}
