import { Readable } from "node:stream";
import { AppError } from "@portico/core";
import type { Dispatcher } from "undici";
import { readMethods } from "../dialects/rule.ts";
import type { VendorAddress, VendorCall } from "../vendors/vendor.ts";
import type { UploadAdmission } from "./admit.ts";
import { upstreamHeaders } from "./headers.ts";
import type { LlmCall, LlmExchange } from "./llm-call.ts";
import type { Pools } from "./pools.ts";
import { Relay, type RelayDeps, type Retry } from "./relay.ts";
import { answering, later, refuse, type Step } from "./reply.ts";
import type { Resume } from "./run.ts";
import type { Upload } from "./upload.ts";

/** Sends the request to the vendor; the relay takes the answer from there. */
export function createUpstream({
  pools,
  admitUpload,
  openSession,
  ...deps
}: {
  pools: Pick<Pools, "of" | "freshOf">;
  admitUpload(exchange: LlmExchange): UploadAdmission;
  /** Connects a client's WebSocket with the vendor's. */
  openSession(exchange: LlmExchange, call: VendorCall, resume: Resume<LlmCall>): Step;
} & RelayDeps) {
  const { isCollected } = deps;

  function send(exchange: LlmExchange, call: VendorCall): Step {
    // The client may have left while plugins or the vendor's preparation took their time; its departure has been settled.
    if (exchange.settled || exchange.res.destroyed) return answering;
    const { target } = exchange;
    const { bodyAsSent } = target;
    const retry = readMethods.has(call.method)
      ? { send: (relay: Relay) => void pools.freshOf(call.origin).dispatch(call, relay) }
      : bodyAsSent && { sendUnchanged: (relay: Relay) => sendAgain(exchange, bodyAsSent, relay) };
    target.bodyAsSent = undefined;
    pools.of(call.origin).dispatch(call, new Relay(exchange, deps, retry));
    // A stream may last for minutes; only plugins need the request until then.
    if (target.llm?.chain.onResponse.length === 0 && !isCollected(exchange.table)) exchange.body = undefined;
    return answering;
  }

  /** Another body is another call: a vendor may sign what it is sent. */
  function sendAgain(exchange: LlmExchange, body: Buffer, relay: Relay): void {
    const dispatch = (call: VendorCall) => void pools.of(call.origin).dispatch(call, relay);
    const prepared = prepare(exchange, body);
    if (prepared instanceof Promise) prepared.then(dispatch).catch((error: unknown) => relay.fail(asError(error)));
    else dispatch(prepared);
  }

  function sendUpload(exchange: LlmExchange, upload: Upload, resume: Resume<LlmCall>): Step {
    const retry: Retry = {};
    const end = (refusal: Step) => {
      // Settled first: stopping the upstream looks like its failure.
      resume(exchange, refusal);
      const reason = new Error("the request was refused");
      upload.cancel(reason);
      exchange.upstream?.abort(reason);
    };
    const body = upload.start({
      onFault: (refusal) => end(refuse(refusal)),
      onComplete() {
        exchange.requestBytes = upload.bytes;
        if (exchange.settled) return;
        const { step, added } = admitUpload(exchange);
        if (step.kind !== "next") return end(step);
        if (exchange.target.hideUsage && added !== "") retry.sendUnchanged = (relay) => relay.askAgain();
        upload.release(added);
      },
    });
    const dispatch = (call: VendorCall) => {
      if (exchange.settled || exchange.res.destroyed) return upload.cancel(new Error("the client left"));
      if (upload.announcedBytes >= 0 && !mayGrow(exchange, upload)) call.headers.push("content-length", String(upload.announcedBytes));
      pools.of(call.origin).dispatch(call, new Relay(exchange, deps, retry));
    };
    const prepared = prepare(exchange, body);
    if (prepared instanceof Promise) prepared.then(dispatch).catch((error: unknown) => new Relay(exchange, deps).fail(asError(error)));
    else dispatch(prepared);
    return later;
  }

  return function upstream(exchange: LlmExchange, resume: Resume<LlmCall>): Step | Promise<Step> {
    const { body, upload } = exchange;
    if (upload) return sendUpload(exchange, upload, resume);
    if (!body) throw new Error("forwarding before the request is complete");
    const prepared = prepare(exchange, body);
    if (exchange.target.upgrade) {
      const open = (call: VendorCall) => openSession(exchange, call, resume);
      if (!(prepared instanceof Promise)) return open(prepared);
      prepared.then(open, (error: unknown) => new Relay(exchange, deps).fail(asError(error)));
      return later;
    }
    return prepared instanceof Promise ? prepared.then((call) => send(exchange, call)) : send(exchange, prepared);
  };
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** What is added depends on what the body says in the end. */
function mayGrow({ target: { llm, endpoint } }: LlmExchange, { outline }: Upload): boolean {
  return outline.kind === "json" && (endpoint?.usageOnRequest === true || (endpoint?.takesModel === true && !!llm?.defaultModel));
}

function prepare(exchange: LlmExchange, body: Buffer | Readable): VendorCall | Promise<VendorCall> {
  const { target, req } = exchange;
  const { llm } = target;
  if (!llm) throw new Error("forwarding without an LLM");
  const override = exchange.contextUpdates?.upstream_override;
  const address = override ? overridden(override) : llm;
  const { vendor } = llm;
  const call: VendorCall = {
    origin: address.origin,
    path: vendor.pathAt(address, target),
    method: (req.method ?? "POST") as Dispatcher.HttpMethod,
    headers: upstreamHeaders(exchange),
    body: body instanceof Readable || body.length > 0 ? body : null,
  };
  // The key goes where an administrator said; a plugin may send the request elsewhere, but not the key.
  return vendor.prepare(call, address.origin === llm.origin || llm.keyOrigins.has(address.origin) ? llm.apiKey : "");
}

function overridden(override: string): VendorAddress {
  const url = URL.canParse(override) ? new URL(override) : null;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new AppError({ code: "plugin_failed", message: "A plugin set upstream_override to something that is not an http or https URL." });
  }
  return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, ""), baseQuery: url.search };
}
