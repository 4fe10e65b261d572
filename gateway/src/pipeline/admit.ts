import type { GatewayReason } from "@portico/protocol";
import type { Ledger } from "../budget/ledger.ts";
import type { CallFacts, Endpoint } from "../dialects/dialect.ts";
import { modelsInQuery, nameOfPath } from "../dialects/endpoints.ts";
import { boundaryOf, fieldOf } from "../dialects/form.ts";
import { FormOutline } from "../dialects/form-outline.ts";
import { readMethods } from "../dialects/rule.ts";
import { headerOf } from "./exchange.ts";
import { type LlmCall, type LlmExchange, maxModelChars } from "./llm-call.ts";
import { next, refuse, type Step } from "./reply.ts";
import { createReserve } from "./reserve.ts";
import { keptBodyBytes, type Upload } from "./upload.ts";
import { refusesUsageOptions } from "./usage-options.ts";

const mostResponseTokens = 1_000_000;
const nothing = Buffer.alloc(0);
const none: readonly string[] = Object.freeze([]);

const badRequest = (reason: GatewayReason, message: string) => refuse({ status: 400, reason, message: `Bad request: ${message}` });

/** @property added fields of JSON that the body is to have besides. */
export type UploadAdmission = { step: Step; added: string };

/** Judges the request as it will be sent: endpoint, model, kind of call, budget. */
export type Admission = {
  /** Of a body that is sent while it arrives, only what can be judged at its beginning. */
  admit(exchange: LlmExchange): Step;
  /** The rest, once all of such a body has arrived. */
  admitUpload(exchange: LlmExchange): UploadAdmission;
  /** Sets money aside for the next answer of a session. */
  renew(exchange: LlmExchange): Step;
};

export function createAdmission({ ledger }: { ledger: Ledger }): Admission {
  const reserve = createReserve({ ledger });

  return {
    admit(exchange) {
      const { body, upload, req, target } = exchange;
      const { llm } = target;
      if (!(body || upload) || !llm) throw new Error("admission before the request is complete");
      const method = req.method ?? "";
      const endpoint = llm.endpointOf(target.path);
      if (!endpoint?.methods.has(method)) return notOpen(exchange);
      target.endpoint = endpoint;
      // What an administrator has opened costs nothing to look at or delete.
      target.cost = endpoint.isOpened && (readMethods.has(method) || method === "DELETE") ? "none" : endpoint.cost;
      if (target.upgrade) {
        const refusal = judgeUpgrade(exchange, endpoint);
        if (refusal) return refusal;
        // Its answers are counted one by one; one of them is set aside.
        target.cost = "media";
        target.maxResponseTokens = socketTokens;
        const step = admitModels(exchange, undefined, none);
        return step.kind === "next" ? reserve(exchange) : step;
      }
      if (upload) {
        outlineUpload(exchange, upload);
        return next;
      }
      const step = body?.length === 0 ? admitEmpty(exchange) : admitBody(exchange, body as Buffer);
      return step.kind === "next" ? reserve(exchange) : step;
    },

    renew(exchange) {
      exchange.reservation?.release();
      exchange.reservation = undefined;
      return reserve(exchange);
    },

    admitUpload(exchange) {
      const { upload } = exchange;
      if (!upload) throw new Error("no upload to admit");
      const { step, added } = judgeUpload(exchange, upload);
      return { step: step.kind === "next" ? reserve(exchange) : step, added };
    },
  };
}

const socketTokens = 4_096;

function judgeUpgrade({ target: { llm, path, mode } }: LlmExchange, endpoint: Endpoint): Step | undefined {
  const refusal = (message: string) => refuse({ status: 403, reason: "endpoint_not_allowed", message });
  if (!endpoint.socket) return refusal(`${path.slice(0, 200)} takes no WebSockets.`);
  if (mode === "rest") return badRequest("streaming_mismatch", "streaming is not allowed for this endpoint");
  const { preAuth = [], postAuth = [], onResponse = [] } = llm?.chain ?? {};
  if (preAuth.length + postAuth.length + onResponse.length === 0) return undefined;
  return refusal(`Plugins judge what is sent to LLM "${llm?.slug}", and see nothing of what is said over a WebSocket.`);
}

function outlineUpload(exchange: LlmExchange, upload: Upload): void {
  const { endpoint } = exchange.target;
  const boundary = endpoint?.takesForm ? boundaryOf(headerOf(exchange, "content-type"), upload.head) : undefined;
  if (boundary !== undefined) upload.outline = { kind: "form", outline: new FormOutline(boundary) };
  else if (endpoint && (endpoint.takesModel || endpoint.format.canRead(upload.head)))
    upload.outline = { kind: "json", outline: endpoint.format.createOutline() };
}

function judgeUpload(exchange: LlmExchange, { outline }: Upload): UploadAdmission {
  const { target } = exchange;
  if (outline.kind === "unread") return { step: admitModels(exchange, undefined, none), added: "" };
  const body = outline.outline.end();
  if (outline.kind === "form") {
    const boundary = boundaryOf(headerOf(exchange, "content-type"), body ?? nothing);
    return { step: admitForm(exchange, body ?? nothing, boundary ?? ""), added: "" };
  }
  if (!body) return { step: badRequest("invalid_json", outline.outline.fault), added: "" };
  exchange.body = body;
  const step = admitJson(exchange, body);
  const added = addedFields(body, exchange.body);
  exchange.body = undefined;
  target.bodyAsSent = undefined;
  return { step, added };
}

/** What was put in front of an object's other fields. */
function addedFields(before: Buffer, after: Buffer): string {
  const at = after.indexOf("{") + 1;
  return after.toString("utf8", at, at + after.length - before.length).replace(/,$/, "");
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
  if (facts.rewritten) {
    if (exchange.upload)
      return badRequest("invalid_json", `a body of more than ${keptBodyBytes} bytes must name each field once and plainly`);
    exchange.body = facts.rewritten;
  }
  const modelStep = admitModels(exchange, facts.model, facts.otherModels ?? none);
  if (modelStep.kind !== "next") return modelStep;

  target.streaming = facts.stream;
  if (mode === "rest" && facts.stream) return badRequest("streaming_mismatch", "streaming is not allowed for this endpoint");
  if (mode === "stream" && !facts.stream) return notStreamed(exchange);
  if (target.cost === "none") return next;
  const outline = exchange.upload?.outline;
  target.promptChars = outline?.kind === "json" ? outline.outline.textChars : facts.textChars;
  target.hasTokenLimit = facts.maxTokens >= 0;
  const limit = facts.maxTokens >= 0 ? facts.maxTokens : endpoint.assumedTokens;
  target.maxResponseTokens = Math.min(limit * facts.choices, mostResponseTokens);
  // Options in a body that is on its way stay as they are.
  if (exchange.upload && facts.hasUsageOptions) return next;
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
  target.promptChars = Math.ceil((exchange.upload?.bytes ?? body.length) / formBytesPerChar);
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
    if (!llm.defaultModel || (exchange.upload && named !== undefined)) return badRequest("model_missing", "model field is required");
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

export function judgeModel({ llm }: LlmCall, model: string): Step | undefined {
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
