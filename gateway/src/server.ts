import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "@portico/core/logger";
import type { ConfigStore } from "./config/store.ts";
import { type Cors, createCors } from "./cors.ts";
import type { Readiness } from "./health.ts";
import { type CallMode, type Exchange, newRequestId } from "./pipeline/exchange.ts";
import { normalisePath } from "./pipeline/path.ts";
import { refuse, sendReply } from "./pipeline/reply.ts";
import type { Settle } from "./pipeline/settle.ts";
import type { Limits } from "./settings.ts";

export type ServerDeps = {
  store: ConfigStore;
  start(exchange: Exchange): void;
  settle: Settle;
  readiness(authorization: string | undefined): Readiness;
  onStarted(): void;
  limits: Limits;
  /** Origins whose pages may call; see `Settings`. */
  corsOrigins: readonly string[];
  logger: Logger;
};

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);
const idleConnectionMs = 300_000;

/** The gateway's HTTP server: routes, ids, and what goes wrong before a request is one. */
export function createGatewayServer(deps: ServerDeps): Server {
  const { limits, corsOrigins } = deps;
  const cors = corsOrigins.length > 0 ? createCors({ origins: corsOrigins, methods: [...methods] }) : undefined;
  const server = createServer(
    {
      noDelay: true,
      keepAliveTimeout: idleConnectionMs,
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(5_000, limits.headersTimeoutMs),
    },
    (req, res) => {
      try {
        handle(req, res, deps, cors);
      } catch (error) {
        deps.logger.error("a request failed before it began", { error });
        sendReply(res, newRequestId(Date.now()), refuse({ status: 500, reason: "internal", message: "Internal error" }).reply);
      }
    },
  );
  server.on("checkContinue", (req: IncomingMessage, res: ServerResponse) => {
    // A body that will be refused need not be sent.
    if (!(Number(req.headers["content-length"] ?? 0) > limits.requestBytes)) res.writeContinue();
    server.emit("request", req, res);
  });
  server.on("clientError", onClientError);
  return server;
}

function handle(req: IncomingMessage, res: ServerResponse, deps: ServerDeps, cors: Cors | undefined) {
  const nowMs = Date.now();
  const requestId = newRequestId(nowMs);
  const target = readTarget(req.url ?? "/");
  const { path, route } = target;
  if (!route) return answerPlain({ req, res, requestId, path }, deps);
  cors?.mark(req, res);
  if (!methods.has(req.method ?? "")) {
    const preflight = cors?.preflight(req);
    if (preflight) return void res.writeHead(204, { ...preflight, "x-request-id": requestId }).end();
    const message = `Method ${req.method} is not allowed here.`;
    return sendReply(
      res,
      requestId,
      refuse({ status: 405, reason: "method_not_allowed", message, headers: { allow: [...methods].join(", ") } }).reply,
    );
  }
  const table = deps.store.read();
  if (!table) {
    const message = "The gateway has no configuration yet; its hub has not been reached.";
    return sendReply(res, requestId, refuse({ status: 503, reason: "unavailable", message, headers: { "retry-after": "2" } }).reply);
  }
  const { mode, slug, rest, fault } = route;
  if (fault) return sendReply(res, requestId, refuse({ status: 400, reason: "path_invalid", message: fault }).reply);
  const exchange = newExchange({
    req,
    res,
    requestId,
    nowMs,
    table,
    mode,
    slug,
    path: rest,
    query: target.query,
    llm: table.llmsBySlug.get(slug),
  });
  deps.onStarted();
  res.on("close", () => {
    if (exchange.settled) return;
    // Settled first: stopping the upstream looks like its failure.
    deps.settle(exchange, { outcome: "aborted", reason: "client_closed" });
    exchange.upstream?.abort(new Error("the client left"));
  });
  deps.start(exchange);
}

type Route = { mode: CallMode; slug: string; rest: string /** Why the path is refused; "" when it is not. */; fault: string };
type Target = { path: string; query: string; route: Route | undefined };

const rememberedTargets = 1_000;
const rememberedChars = 256;
const targets = new Map<string, Target>();

/** Takes a request's URL apart; the few that most requests have are remembered. */
function readTarget(url: string): Target {
  const known = targets.get(url);
  if (known) return known;
  const mark = url.indexOf("?");
  const path = (mark < 0 ? url : url.slice(0, mark)).replace(/\/{2,}/g, "/");
  const target = { path, query: mark < 0 ? "" : url.slice(mark), route: routeOf(path) };
  if (mark < 0 && url.length <= rememberedChars) {
    if (targets.size >= rememberedTargets) targets.clear();
    targets.set(url, target);
  }
  return target;
}

const route = /^\/llm\/(call|rest|stream)\/([^/]+)(\/.*)$/;

function routeOf(path: string): Route | undefined {
  const match = route.exec(path);
  if (!match) return undefined;
  const [, mode, slug, rest] = match as unknown as [string, CallMode, string, string];
  const { path: normal, fault } = normalisePath(rest);
  return { mode, slug, rest: normal, fault };
}

type Plain = { req: IncomingMessage; res: ServerResponse; requestId: string; path: string };

/** Everything that is not LLM traffic. */
function answerPlain({ req, res, requestId, path }: Plain, deps: ServerDeps) {
  const sendJson = (status: number, body: unknown) =>
    sendReply(res, requestId, { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(body)) });
  const isRead = req.method === "GET" || req.method === "HEAD";
  if (isRead && path === "/health") return sendJson(200, { status: "ok", service: "gateway" });
  if (isRead && path === "/ready") {
    const { ready, body } = deps.readiness(req.headers.authorization);
    return sendJson(ready ? 200 : 503, body);
  }
  const message = `Not found: ${req.method} ${path.slice(0, 200)}`;
  sendReply(res, requestId, refuse({ status: 404, reason: "route_not_found", message }).reply);
}

type Arrival = Pick<Exchange, "req" | "res" | "requestId" | "table" | "mode" | "slug" | "path" | "query" | "llm"> & { nowMs: number };

// Every field is named, so that all exchanges have one shape.
const newExchange = (arrival: Arrival): Exchange => ({
  req: arrival.req,
  res: arrival.res,
  requestId: arrival.requestId,
  table: arrival.table,
  mode: arrival.mode,
  slug: arrival.slug,
  path: arrival.path,
  query: arrival.query,
  llm: arrival.llm,
  startedAtMs: arrival.nowMs,
  startedMs: performance.now(),
  waitingAt: -1,
  headerChanges: undefined,
  contextUpdates: undefined,
  body: undefined,
  requestBytes: 0,
  app: undefined,
  userId: 0,
  interaction: "proxy",
  authUserId: "",
  authClaims: {},
  endpoint: undefined,
  cost: "none",
  model: "",
  models: undefined,
  price: undefined,
  assumedPrice: undefined,
  streaming: false,
  hideUsage: false,
  bodyAsSent: undefined,
  promptChars: 0,
  maxResponseTokens: 0,
  hasTokenLimit: false,
  reservation: undefined,
  upstream: undefined,
  sentUpstream: false,
  usage: undefined,
  statusCode: 0,
  firstByteMs: 0,
  pluginMs: 0,
  responseBytes: 0,
  streamed: false,
  settled: false,
});

/** Bytes that never became a request: too large, too slow, or not HTTP. */
function onClientError(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
  const [status, message] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? [431, "The request's headers are too large."]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? [408, "The request did not arrive in time."]
        : [400, "The request is not valid HTTP."];
  const body = JSON.stringify({ status, message });
  const lines = [
    `HTTP/1.1 ${status} ${status === 431 ? "Request Header Fields Too Large" : status === 408 ? "Request Timeout" : "Bad Request"}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-ID: ${newRequestId(Date.now())}`,
    "Connection: close",
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}
