import type { IncomingMessage, ServerResponse } from "node:http";
import type { Reservation } from "../budget/ledger.ts";
import type { App, RoutingTable } from "../config/routing-table.ts";
import type { Collector } from "./collector.ts";
import type { EndpointCall } from "./endpoint-call.ts";
import type { LlmCall } from "./llm-call.ts";
import type { Upload } from "./upload.ts";

export type Outcome = "completed" | "failed" | "aborted" | "blocked";

/** What a request is for. Each kind has its own phases and its own way to settle. */
export type Target = LlmCall | EndpointCall;

/**
 * One request from arrival to settlement, whatever it is for: transport, identity, money and ending. Phases fill it in. No field holds a
 * function made for one request: V8 then keeps requests alive in chains until its next full collection, and every collection of young objects
 * takes ten times as long.
 */
export type Exchange<T extends Target = Target> = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly requestId: string;
  readonly startedAtMs: number;
  /** Monotonic clock at arrival. */
  readonly startedMs: number;
  /** The table at arrival: a swap in between does not change the rules of a request under way. */
  readonly table: RoutingTable;
  readonly target: T;

  /** Index of the phase that returned `later`; -1 when none has. */
  waitingAt: number;
  /** Headers plugins have set, by lower-case name; they win over the client's. */
  headerChanges: Map<string, string> | undefined;
  /** Values plugins passed to later plugins. */
  contextUpdates: Record<string, string> | undefined;
  /** The body to send upstream; undefined until it has been received. */
  body: Buffer | undefined;
  /** In place of the body, for one that is sent on while it arrives. */
  upload: Upload | undefined;
  requestBytes: number;

  app: App | undefined;
  /** SHA-256 of the key that the app was known by; "" when it was known otherwise. */
  credentialHash: string;
  /** User to whom usage is booked; 0 when unknown. */
  userId: number;
  interaction: "proxy" | "studio";
  /** As an auth plugin named the caller. */
  authUserId: string;
  authClaims: Record<string, string>;

  reservation: Reservation | undefined;

  /** Set once the upstream works on the request; stops it. */
  upstream: { abort(reason: Error): void } | undefined;
  sentUpstream: boolean;
  statusCode: number;
  firstByteMs: number;
  pluginMs: number;
  responseBytes: number;
  /** What the client was answered; kept only for plugins that collect it. */
  answer: Collector | undefined;
  /** The answer came as a stream. */
  streamed: boolean;
  settled: boolean;
};

type Arrival<T extends Target> = Pick<Exchange<T>, "req" | "res" | "requestId" | "table" | "target"> & { nowMs: number };

// Every field is named, so that all exchanges have one shape.
export const newExchange = <T extends Target>(arrival: Arrival<T>): Exchange<T> => ({
  req: arrival.req,
  res: arrival.res,
  requestId: arrival.requestId,
  startedAtMs: arrival.nowMs,
  startedMs: performance.now(),
  table: arrival.table,
  target: arrival.target,
  waitingAt: -1,
  headerChanges: undefined,
  contextUpdates: undefined,
  body: undefined,
  upload: undefined,
  requestBytes: 0,
  app: undefined,
  credentialHash: "",
  userId: 0,
  interaction: "proxy",
  authUserId: "",
  authClaims: {},
  reservation: undefined,
  upstream: undefined,
  sentUpstream: false,
  statusCode: 0,
  firstByteMs: 0,
  pluginMs: 0,
  responseBytes: 0,
  answer: undefined,
  streamed: false,
  settled: false,
});

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
