import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "@portico/core/logger";
import { newRequestId } from "./pipeline/exchange.ts";
import { sendRefusal } from "./pipeline/reply.ts";
import { answerNotFound, type Handler, type Surface } from "./routes/surface.ts";
import type { Limits } from "./settings.ts";
import { isSocketRequest } from "./sockets/protocols.ts";

export type ServerDeps = {
  /** The first that knows a path answers it. */
  surfaces: readonly Surface[];
  limits: Limits;
  /** Unix milliseconds by the hub's clock. */
  now(): number;
  logger: Logger;
};

const idleConnectionMs = 300_000;

/** The gateway's HTTP server: finds the surface of a request, and answers what goes wrong before a request is one. */
export function createGatewayServer({ surfaces, limits, now, logger }: ServerDeps): Server {
  const routeOf = createRouter(surfaces);
  const server = createServer(
    {
      noDelay: true,
      keepAliveTimeout: idleConnectionMs,
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      // All others go on as requests.
      shouldUpgradeCallback: (req) => isSocketRequest(req) && (req.url ?? "").startsWith("/llm/"),
      connectionsCheckingInterval: Math.min(5_000, limits.headersTimeoutMs),
    },
    (req, res) => {
      const nowMs = now();
      const requestId = newRequestId(nowMs);
      try {
        const { path, query, handle } = routeOf(req.url ?? "/");
        handle({ req, res, requestId, nowMs, path, query });
      } catch (error) {
        logger.error("a request failed before it began", { requestId, error });
        sendRefusal(res, requestId, { status: 500, reason: "internal", message: "Internal error" });
      }
    },
  );
  server.on("checkContinue", (req: IncomingMessage, res: ServerResponse) => {
    // A body that will be refused need not be sent.
    if (!(Number(req.headers["content-length"] ?? 0) > limits.requestBytes)) res.writeContinue();
    server.emit("request", req, res);
  });
  server.on("upgrade", (req, _duplex, head) => {
    const { socket } = req;
    const nowMs = now();
    const requestId = newRequestId(nowMs);
    const res = new ServerResponse(req);
    // Until the upgrade is made, this is a request like any other, whose answer ends its connection.
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    res.on("finish", () => void socket.end());
    socket.on("error", () => undefined);
    try {
      const { path, query, handle } = routeOf(req.url ?? "/");
      handle({ req, res, requestId, nowMs, path, query, upgrade: { socket, head } });
    } catch (error) {
      logger.error("a request failed before it began", { requestId, error });
      sendRefusal(res, requestId, { status: 500, reason: "internal", message: "Internal error" });
    }
  });
  server.on("clientError", onClientError);
  return server;
}

type Route = { path: string; query: string; handle: Handler };

const rememberedUrls = 1_000;
const rememberedChars = 256;

/** Takes URLs apart and finds who answers them; the few that most requests have are remembered. */
function createRouter(surfaces: readonly Surface[]): (url: string) => Route {
  const known = new Map<string, Route>();

  function handlerOf(path: string): Handler {
    for (const surface of surfaces) {
      const handler = surface.find(path);
      if (handler) return handler;
    }
    return answerNotFound;
  }

  return (url) => {
    const found = known.get(url);
    if (found) return found;
    const mark = url.indexOf("?");
    const path = (mark < 0 ? url : url.slice(0, mark)).replace(/\/{2,}/g, "/");
    const route = { path, query: mark < 0 ? "" : url.slice(mark), handle: handlerOf(path) };
    if (mark < 0 && url.length <= rememberedChars) {
      if (known.size >= rememberedUrls) known.clear();
      known.set(url, route);
    }
    return route;
  };
}

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
