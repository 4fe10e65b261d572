import type { GatewayReason } from "@portico/protocol";
import type { Ledger } from "../budget/ledger.ts";
import type { CallFacts } from "../dialects/dialect.ts";
import { modelsInQuery, nameOfPath } from "../dialects/endpoints.ts";
import { boundaryOf, fieldOf } from "../dialects/form.ts";
import { readMethods } from "../dialects/rule.ts";
import { headerOf } from "./exchange.ts";
import { type LlmCall, type LlmExchange, maxModelChars } from "./llm-call.ts";
import { next, refuse, type Step } from "./reply.ts";
import { createReserve } from "./reserve.ts";
import { refusesUsageOptions } from "./usage-options.ts";

const mostResponseTokens = 1_000_000;
const none: readonly string[] = Object.freeze([]);

const badRequest = (reason: GatewayReason, message: string) => refuse({ status: 400, reason, message: `Bad request: ${message}` });

/** Judges the request as it will be sent: endpoint, model, kind of call, budget. */
export function createAdmit({ ledger }: { ledger: Ledger }) {
  const reserve = createReserve({ ledger });

  return function admit(exchange: LlmExchange): Step {
    const { body, req, target } = exchange;
    const { llm } = target;
    if (!body || !llm) throw new Error("admission before the request is complete");
    const method = req.method ?? "";
    const endpoint = llm.endpointOf(target.path);
    if (!endpoint?.methods.has(method)) return notOpen(exchange);
    target.endpoint = endpoint;
    // What an administrator has opened costs nothing to look at or delete.
    target.cost = endpoint.isOpened && (readMethods.has(method) || method === "DELETE") ? "none" : endpoint.cost;
    const step = body.length === 0 ? admitEmpty(exchange) : admitBody(exchange, body);
    return step.kind === "next" ? reserve(exchange) : step;
  };
}

function admitEmpty(exchange: LlmExchange): Step {
  if (exchange.target.mode === "stream") return notStreamed(exchange);
  if (exchange.target.endpoint?.takesModel) return badRequest("invalid_json", "invalid JSON body: it is empty");
  return admitModels(exchange, undefined, none);
}

function admitBody(exchange: LlmExchange, body: Buffer): Step {
  const { endpoint } = exchange.target;
  if (endpoint?.takesForm) {
    // What the body is counts, not what its header says of it.
    const boundary = boundaryOf(headerOf(exchange, "content-type"), body);
    if (boundary !== undefined) return admitForm(exchange, body, boundary);
  }
  if (!endpoint?.takesModel && !endpoint?.format.canRead(body)) return admitModels(exchange, undefined, none);
  return admitJson(exchange, body);
}

function admitJson(exchange: LlmExchange, body: Buffer): Step {
  const { target } = exchange;
  const { mode, endpoint } = target;
  if (!endpoint) return notOpen(exchange);
  const facts = endpoint.format.readRequest(body, isStrict(exchange));
  if ("fault" in facts) return badRequest(facts.fault, facts.message);
  if (facts.rewritten) exchange.body = facts.rewritten;
  const modelStep = admitModels(exchange, facts.model, facts.otherModels ?? none);
  if (modelStep.kind !== "next") return modelStep;

  target.streaming = facts.stream;
  if (mode === "rest" && facts.stream) return badRequest("streaming_mismatch", "streaming is not allowed for this endpoint");
  if (mode === "stream" && !facts.stream) return notStreamed(exchange);
  if (target.cost === "none") return next;
  target.promptChars = facts.textChars;
  target.hasTokenLimit = facts.maxTokens >= 0;
  const limit = facts.maxTokens >= 0 ? facts.maxTokens : endpoint.assumedTokens;
  target.maxResponseTokens = Math.min(limit * facts.choices, mostResponseTokens);
  if (target.cost === "text" && facts.stream && endpoint.usageOnRequest) askForUsage(exchange, facts);
  return next;
}

/** A form (audio, images, files) is read for the model it names; a vendor's tokens for its files are guessed by their size. */
function admitForm(exchange: LlmExchange, body: Buffer, boundary: string): Step {
  const { target } = exchange;
  if (target.mode === "stream") return notStreamed(exchange);
  const model = fieldOf(body, boundary, "model");
  if (model === undefined && isStrict(exchange))
    return badRequest("form_invalid", "the form cannot be read: it must name its fields plainly, and its model once");
  target.promptChars = Math.ceil(body.length / formBytesPerChar);
  target.maxResponseTokens = target.endpoint?.assumedTokens ?? 0;
  return admitModels(exchange, model, none);
}
const formBytesPerChar = 128;

/**
 * Judges every model that the request names, wherever it names it.
 * @param named in the body's `model`.
 */
function admitModels(exchange: LlmExchange, named: string | undefined, others: readonly string[]): Step {
  const { target } = exchange;
  const { llm, endpoint, query } = target;
  if (!llm || !endpoint) return next;
  const more =
    endpoint.model !== "" || query !== "" || others.length > 0
      ? [...others, endpoint.model, ...modelsInQuery(query)].filter(Boolean)
      : none;
  if (named) target.model = named;
  else if (more.length > 0) target.model = more.at(-1) as string;
  else if (endpoint.takesModel && exchange.body && endpoint.format.canRead(exchange.body)) {
    if (!llm.defaultModel) return badRequest("model_missing", "model field is required");
    target.model = llm.defaultModel;
    exchange.body = endpoint.format.withModel(exchange.body, llm.defaultModel, named !== undefined);
  } else if (target.cost !== "none" && llm.allowedModels.patterns.length > 0) {
    const message = `LLM "${llm.slug}" allows only certain models, and this request names none that can be checked.`;
    return refuse({ status: 403, reason: "model_not_allowed", message });
  } else return next;

  const refusal = judgeModel(target, target.model);
  if (refusal) return refusal;
  if (more.length === 0) return next;
  const distinct = new Set([target.model, ...more]);
  for (const model of distinct) {
    const refusal = judgeModel(target, model);
    if (refusal) return refusal;
  }
  if (distinct.size > 1) target.models = [...distinct];
  return next;
}

function judgeModel({ llm }: LlmCall, model: string): Step | undefined {
  if (!llm) return undefined;
  if (model.length > maxModelChars) return badRequest("model_invalid", `model is longer than ${maxModelChars} characters`);
  const { allowedModels } = llm;
  if (allowedModels.patterns.length === 0 || allowedModels.allows(model)) return undefined;
  return refuse({ status: 403, reason: "model_not_allowed", message: `model '${model}' is not allowed`, error: allowedModels.fault });
}

/** Which model a request names decides something. */
const isStrict = ({ target: { llm }, app }: LlmExchange): boolean =>
  llm !== undefined && (llm.allowedModels.patterns.length > 0 || llm.budget !== null || !!app?.budget);

function notOpen({ req, target: { path, llm } }: LlmExchange): Step {
  const name = nameOfPath(path);
  const hint = name ? ` An administrator can add "${name}" to its allowed endpoints.` : "";
  const message = `${req.method} ${path.slice(0, 200)} is not among the endpoints that apps may call at LLM "${llm?.slug}".${hint}`;
  return refuse({ status: 403, reason: "endpoint_not_allowed", message });
}

const notStreamed = (exchange: LlmExchange) =>
  badRequest("streaming_mismatch", `streaming is required for this endpoint: ${exchange.req.method} ${exchange.target.path}`);

/** A stream that reports usage only when asked is asked, whether or not the client did. */
function askForUsage(exchange: LlmExchange, facts: CallFacts): void {
  const { target, body } = exchange;
  const { endpoint, llm } = target;
  // A client that sends options itself knows that the vendor takes them.
  if (!facts.hasUsageOptions && llm && refusesUsageOptions(llm)) {
    target.hideUsage = true;
    return;
  }
  const asking = body && endpoint?.format.withUsage(body, facts);
  if (!asking) return;
  target.hideUsage = true;
  target.bodyAsSent = body;
  exchange.body = asking;
}
