import type { Ledger } from "../budget/ledger.ts";
import { nameOfPath, readMethods } from "../vendors/endpoints.ts";
import { isObject, parseJson } from "../vendors/json.ts";
import { setField } from "../vendors/json-splice.ts";
import { type Exchange, headerOf, maxModelChars } from "./exchange.ts";
import { boundaryOf, fieldOf } from "./form.ts";
import { type BodyFacts, badRequest, changeField, factsOf, insertField } from "./judge-body.ts";
import { next, refuse, type Step } from "./reply.ts";
import { createReserve } from "./reserve.ts";
import { refusesUsageOptions } from "./usage-options.ts";

const mostResponseTokens = 1_000_000;
const none: readonly string[] = Object.freeze([]);
const openBrace = 123;

/** Judges the request as it will be sent: endpoint, model, kind of call, budget. */
export function createAdmit({ ledger }: { ledger: Ledger }) {
  const reserve = createReserve({ ledger });

  return function admit(exchange: Exchange): Step {
    const { body, llm, req } = exchange;
    if (!body || !llm) throw new Error("admission before the request is complete");
    const method = req.method ?? "";
    const endpoint = llm.endpointOf(exchange.path);
    if (!endpoint?.methods.has(method)) return notOpen(exchange);
    exchange.endpoint = endpoint;
    // What an administrator has opened costs nothing to look at or delete.
    exchange.cost = endpoint.isOpened && (readMethods.has(method) || method === "DELETE") ? "none" : endpoint.cost;
    const step = body.length === 0 ? admitEmpty(exchange) : admitBody(exchange, body);
    return step.kind === "next" ? reserve(exchange) : step;
  };
}

function admitEmpty(exchange: Exchange): Step {
  if (exchange.mode === "stream") return notStreamed(exchange);
  if (exchange.endpoint?.takesModel) return badRequest("invalid_json", "invalid JSON body: it is empty");
  return admitModels(exchange, undefined, none);
}

function admitBody(exchange: Exchange, body: Buffer): Step {
  const { endpoint } = exchange;
  if (endpoint?.takesForm) {
    // What the body is counts, not what its header says of it.
    const boundary = boundaryOf(headerOf(exchange, "content-type"), body);
    if (boundary !== undefined) return admitForm(exchange, body, boundary);
  }
  if (!endpoint?.takesModel && !beginsLikeObject(body)) return admitModels(exchange, undefined, none);
  return admitJson(exchange);
}

function admitJson(exchange: Exchange): Step {
  const { mode } = exchange;
  const judged = factsOf(exchange, isStrict(exchange));
  if ("kind" in judged) return judged;
  const modelStep = admitModels(exchange, judged.model, judged.otherModels ?? none);
  if (modelStep.kind !== "next") return modelStep;

  exchange.streaming = judged.stream;
  if (mode === "rest" && judged.stream) return badRequest("streaming_mismatch", "streaming is not allowed for this endpoint");
  if (mode === "stream" && !judged.stream) return notStreamed(exchange);
  if (exchange.cost === "none") return next;
  exchange.promptChars = judged.textChars;
  exchange.hasTokenLimit = judged.maxTokens >= 0;
  const limit = judged.maxTokens >= 0 ? judged.maxTokens : (exchange.endpoint?.assumedTokens ?? 0);
  exchange.maxResponseTokens = Math.min(limit * judged.choices, mostResponseTokens);
  if (exchange.cost === "text" && judged.stream) askForUsage(exchange, judged);
  return next;
}

/** A form (audio, images, files) is read for the model it names; a vendor's tokens for its files are guessed by their size. */
function admitForm(exchange: Exchange, body: Buffer, boundary: string): Step {
  if (exchange.mode === "stream") return notStreamed(exchange);
  const model = fieldOf(body, boundary, "model");
  if (model === undefined && isStrict(exchange))
    return badRequest("form_invalid", "the form cannot be read: it must name its fields plainly, and its model once");
  exchange.promptChars = Math.ceil(body.length / formBytesPerChar);
  exchange.maxResponseTokens = exchange.endpoint?.assumedTokens ?? 0;
  return admitModels(exchange, model, none);
}
const formBytesPerChar = 128;

/**
 * Judges every model that the request names, wherever it names it.
 * @param named in the body's `model`.
 */
function admitModels(exchange: Exchange, named: string | undefined, others: readonly string[]): Step {
  const { llm, endpoint, query } = exchange;
  if (!llm || !endpoint) return next;
  const more =
    endpoint.model !== "" || query !== "" || others.length > 0 ? [...others, endpoint.model, ...queryModels(query)].filter(Boolean) : none;
  if (named) exchange.model = named;
  else if (more.length > 0) exchange.model = more.at(-1) as string;
  else if (endpoint.takesModel && exchange.body && beginsLikeObject(exchange.body)) {
    if (!llm.defaultModel) return badRequest("model_missing", "model field is required");
    exchange.model = llm.defaultModel;
    if (named === undefined) insertField(exchange, `"model":${JSON.stringify(llm.defaultModel)}`);
    else changeField(exchange, "model", () => JSON.stringify(llm.defaultModel));
  } else if (exchange.cost !== "none" && llm.allowedModels.patterns.length > 0) {
    const message = `LLM "${llm.slug}" allows only certain models, and this request names none that can be checked.`;
    return refuse({ status: 403, reason: "model_not_allowed", message });
  } else return next;

  const refusal = judgeModel(exchange, exchange.model);
  if (refusal) return refusal;
  if (more.length === 0) return next;
  const distinct = new Set([exchange.model, ...more]);
  for (const model of distinct) {
    const refusal = judgeModel(exchange, model);
    if (refusal) return refusal;
  }
  if (distinct.size > 1) exchange.models = [...distinct];
  return next;
}

function judgeModel({ llm }: Exchange, model: string): Step | undefined {
  if (!llm) return undefined;
  if (model.length > maxModelChars) return badRequest("model_invalid", `model is longer than ${maxModelChars} characters`);
  const { allowedModels } = llm;
  if (allowedModels.patterns.length === 0 || allowedModels.allows(model)) return undefined;
  return refuse({ status: 403, reason: "model_not_allowed", message: `model '${model}' is not allowed`, error: allowedModels.fault });
}

const modelParameters = new Set(["model", "engine", "deployment", "deployment_id"]);

const queryModels = (query: string): string[] =>
  query === "" ? [] : [...new URLSearchParams(query)].filter(([name]) => modelParameters.has(name.toLowerCase())).map(([, value]) => value);

/** Which model a request names decides something. */
const isStrict = ({ llm, app }: Exchange): boolean =>
  llm !== undefined && (llm.allowedModels.patterns.length > 0 || llm.budget !== null || !!app?.budget);

function notOpen({ req, path, llm }: Exchange): Step {
  const name = nameOfPath(path);
  const hint = name ? ` An administrator can add "${name}" to its allowed endpoints.` : "";
  const message = `${req.method} ${path.slice(0, 200)} is not among the endpoints that apps may call at LLM "${llm?.slug}".${hint}`;
  return refuse({ status: 403, reason: "endpoint_not_allowed", message });
}

const notStreamed = (exchange: Exchange) =>
  badRequest("streaming_mismatch", `streaming is required for this endpoint: ${exchange.req.method} ${exchange.path}`);

function beginsLikeObject(body: Buffer): boolean {
  for (const byte of body) if (byte !== 32 && byte !== 9 && byte !== 10 && byte !== 13) return byte === openBrace;
  return false;
}

/** Vendors that report a stream's usage only when asked are asked, whether or not the client did. */
function askForUsage(exchange: Exchange, { hasStreamOptions }: BodyFacts): void {
  if (!exchange.endpoint?.usageOnRequest) return;
  exchange.hideUsage = true;
  // A client that sends options itself knows that the vendor takes them.
  if (!hasStreamOptions && exchange.llm && refusesUsageOptions(exchange.llm)) return;
  exchange.bodyAsSent = exchange.body;
  if (!hasStreamOptions) {
    insertField(exchange, '"stream_options":{"include_usage":true}');
    return;
  }
  changeField(exchange, "stream_options", (value = "null") => {
    const given = parseJson(value);
    if (isObject(given) && given.include_usage === true) {
      exchange.hideUsage = false;
      exchange.bodyAsSent = undefined;
      return value;
    }
    return isObject(given) ? setField(value, "include_usage", "true") : '{"include_usage":true}';
  });
}
