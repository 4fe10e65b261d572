import type { IncomingMessage, ServerResponse } from "node:http";
import type { Price } from "@portico/core";
import type { Reservation } from "../budget/ledger.ts";
import type { App, Llm, RoutingTable } from "../config/routing-table.ts";
import type { Endpoint, UsageReader } from "../dialects/dialect.ts";

/** How an LLM is called: as the body says, or only plain, or only streamed. */
export type CallMode = "call" | "rest" | "stream";

/** Longest name of a model. */
export const maxModelChars = 256;

export type Outcome = "completed" | "failed" | "aborted" | "blocked";

/**
 * One request from arrival to settlement. Phases fill it in from top to bottom. No field holds a function made for one request: V8
 * then keeps requests alive in chains until its next full collection, and every collection of young objects takes ten times as long.
 */
export type Exchange = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  readonly startedAtMs: number;
  /** Monotonic clock at arrival. */
  readonly startedMs: number;
  /** The table at arrival: a swap in between does not change the rules of a request under way. */
  readonly table: RoutingTable;
  readonly mode: CallMode;
  readonly slug: string;
  /** Path after the slug, in the form that is judged and sent; begins with "/". */
  readonly path: string;
  /** With its "?", or "". */
  readonly query: string;
  readonly llm: Llm | undefined;

  /** Index of the phase that answered `later`; -1 when none has. */
  waitingAt: number;
  /** Headers plugins have set, by lower-case name; they win over the client's. */
  headerChanges: Map<string, string> | undefined;
  /** Values plugins passed to later plugins. */
  contextUpdates: Record<string, string> | undefined;
  /** The body to send upstream; undefined until it has been received. */
  body: Buffer | undefined;
  requestBytes: number;

  app: App | undefined;
  /** User to whom usage is booked; 0 when nobody is known. */
  userId: number;
  interaction: "proxy" | "studio";
  /** As an auth plugin named the caller. */
  authUserId: string;
  authClaims: Record<string, string>;

  /** What the path means at the vendor; undefined before admission. */
  endpoint: Endpoint | undefined;
  cost: Endpoint["cost"];
  model: string;
  /** All models that the request names, when it names several. */
  models: readonly string[] | undefined;
  /** Of the model that was asked for. */
  price: Price | undefined;
  /** Under a budget: what is charged when nothing better is known in the end. */
  assumedPrice: Price | undefined;
  /** The client asked for a stream. */
  streaming: boolean;
  /** Usage was asked for in the client's stead, so its event is not the client's to see. */
  hideUsage: boolean;
  /** The body as it was before usage was asked for in it; undefined when nothing was added. */
  bodyAsSent: Buffer | undefined;
  promptChars: number;
  /** Most tokens the answer may have, or what is assumed for it. */
  maxResponseTokens: number;
  /** The request says how long its answer may be. */
  hasTokenLimit: boolean;
  reservation: Reservation | undefined;

  /** Set once the upstream works on the request; stops it. */
  upstream: { abort(reason: Error): void } | undefined;
  sentUpstream: boolean;
  /** Set once the answer begins, when its usage is of interest and can be read. */
  usage: UsageReader | undefined;
  statusCode: number;
  firstByteMs: number;
  pluginMs: number;
  responseBytes: number;
  streamed: boolean;
  settled: boolean;
};

const processId = Math.floor(Math.random() * 36 ** 6)
  .toString(36)
  .padStart(6, "0");
let counter = 0;
let prefixMs = 0;
let prefix = "";

/** Unique over processes and restarts: time, a random part of the process and a counter. */
export function newRequestId(nowMs: number): string {
  if (nowMs !== prefixMs) {
    prefixMs = nowMs;
    prefix = `req_${nowMs.toString(36)}${processId}`;
  }
  return prefix + (counter++).toString(36);
}

/** First value of a request header after plugins have changed what they wanted; name in lower case. */
export function headerOf(exchange: Exchange, name: string): string {
  const changed = exchange.headerChanges?.get(name);
  if (changed !== undefined) return changed;
  const value = exchange.req.headers[name];
  return Array.isArray(value) ? (value[0] ?? "") : (value ?? "");
}
