import { once } from "node:events";
import { AppError, credentialHeaders, dollarsFromNano, messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { hashToken } from "@portico/core/tokens";
import type { PluginHost, RunningPlugin } from "@portico/plugin-host";
import { isGatewayReason } from "@portico/protocol";
import {
  type App as AppMessage,
  EndpointResponseChunk_ChunkType as ChunkType,
  type EndpointRequest,
  type EndpointResponseChunk,
} from "@portico/protocol/plugin";
import { isSystemCallToken } from "@portico/protocol/system-calls";
import type { App } from "../config/routing-table.ts";
import type { ConfigStore } from "../config/store.ts";
import type { EndpointCall, EndpointExchange } from "../pipeline/endpoint-call.ts";
import { answerGuards, canonicalName, pluginHeader, requestHeadersForPlugin } from "../pipeline/headers.ts";
import { answering, next, refuse, type Step } from "../pipeline/reply.ts";
import type { Settle } from "../pipeline/settle.ts";
import type { Limits } from "../settings.ts";
import type { EndpointRegistry } from "./endpoint-registry.ts";

/** The two phases of a request to a plugin's endpoint that involve the plugin. */
export type PluginEndpoints = {
  /** Finds out whether the plugin serves the path. */
  find(exchange: EndpointExchange): Promise<Step>;
  /** Has the plugin answer, whole or piece by piece. */
  call(exchange: EndpointExchange): Promise<Step>;
};

export function createPluginEndpoints({
  host,
  registry,
  store,
  settle,
  edgeId,
  limits: { pluginStartWaitMs, endpointTimeoutMs, endpointStreamTimeoutMs },
  logger,
}: {
  host: Pick<PluginHost, "get" | "whenReady">;
  registry: EndpointRegistry;
  store: Pick<ConfigStore, "appOf">;
  settle: Settle<EndpointCall>;
  edgeId: string;
  limits: Pick<Limits, "pluginStartWaitMs" | "endpointTimeoutMs" | "endpointStreamTimeoutMs">;
  logger: Logger;
}): PluginEndpoints {
  const running = async (id: number): Promise<RunningPlugin> =>
    host.get(id) ?? (await host.whenReady(id, { timeoutMs: pluginStartWaitMs }));

  /** What the plugin says of its failure is for its operators. */
  function failed({ requestId, target }: EndpointExchange, error: unknown): Step {
    const { plugin } = target;
    const isKnown = error instanceof AppError && isGatewayReason(error.code);
    logger.error("an endpoint of a plugin failed", { requestId, plugin: plugin.name, path: target.path, error: messageOf(error) });
    const status = isKnown ? error.status : 502;
    const what = status === 504 ? "did not answer in time" : status === 503 ? "is not available" : "failed";
    const message = `The plugin "${plugin.slug}" ${what} (request ${requestId}).`;
    return refuse({ status, reason: isKnown && isGatewayReason(error.code) ? error.code : "plugin_failed", message, error: message });
  }

  function requestFor(exchange: EndpointExchange): EndpointRequest {
    const { req, target, app, requestId } = exchange;
    const { plugin, path, query, endpoint } = target;
    return {
      method: req.method ?? "",
      path: `/plugins/${plugin.slug}${path}`,
      relativePath: path,
      pathSegments: path.split("/").filter(Boolean),
      headers: headersFor(exchange, endpoint?.requireAuth === true),
      body: exchange.body ?? Buffer.alloc(0),
      queryString: withoutToken(query, app),
      remoteAddr: req.socket.remoteAddress ?? "",
      host: req.headers.host ?? "",
      protocol: "http",
      context: {
        requestId,
        vendor: "",
        llmId: 0,
        llmSlug: "",
        appId: app?.id ?? 0,
        userId: exchange.userId,
        metadata: { edge_id: edgeId },
        traceContext: {},
      },
      authenticated: app !== undefined,
      app: app && appMessage(app),
      scopes: [],
    };
  }

  /** A plugin may check credentials of its own kind; those of apps it does not see. */
  function headersFor(exchange: EndpointExchange, isAuthenticated: boolean): Record<string, string> {
    const { Host: _, ...headers } = requestHeadersForPlugin(exchange);
    if (isAuthenticated) return headers;
    for (const name of credentialHeaders) {
      const value = exchange.req.headers[name];
      if (typeof value !== "string" || name.includes("cookie")) continue;
      const secret = value.slice(value.lastIndexOf(" ") + 1);
      const isOurs = isSystemCallToken(secret) || store.appOf(exchange.table, hashToken(secret)) !== undefined;
      if (!isOurs) headers[canonicalName(name)] = value;
    }
    return headers;
  }

  async function callWhole(exchange: EndpointExchange, plugin: RunningPlugin, request: EndpointRequest): Promise<Step> {
    const abort = abortedWithClient(exchange);
    const response = await plugin.call("handleEndpointRequest", request, { timeoutMs: endpointTimeoutMs, signal: abort.signal });
    const { errorMessage, statusCode } = response;
    if (errorMessage) return said(exchange, errorMessage, isStatus(statusCode) && statusCode >= 400 ? statusCode : 500);
    const status = isStatus(statusCode) ? statusCode : 200;
    exchange.statusCode = status;
    exchange.responseBytes = response.body.length;
    const { res } = exchange;
    if (res.headersSent || res.destroyed) return answering;
    res.writeHead(status, { ...headFor(exchange, response.headers), "content-length": response.body.length });
    res.end(exchange.req.method === "HEAD" ? undefined : response.body);
    settle(exchange, { outcome: "completed", reason: "" });
    return answering;
  }

  /** The plugin refuses in its own words, which are meant for the client. */
  function said({ requestId, target }: EndpointExchange, text: string, status: number): Step {
    logger.info("an endpoint of a plugin answered with an error", { requestId, plugin: target.plugin.name, path: target.path, said: text });
    return refuse({ status, reason: "plugin_failed", message: text, error: text });
  }

  async function callStreaming(exchange: EndpointExchange, plugin: RunningPlugin, request: EndpointRequest): Promise<Step> {
    const { res } = exchange;
    const abort = abortedWithClient(exchange);
    const pieces = plugin.stream("handleEndpointRequestStream", request, {
      timeoutMs: endpointStreamTimeoutMs,
      idleTimeoutMs: endpointStreamTimeoutMs,
      signal: abort.signal,
    });
    try {
      for await (const piece of pieces) {
        if (exchange.settled) return answering;
        if (piece.type === ChunkType.DONE) break;
        if (piece.type === ChunkType.ERROR) {
          const text = piece.errorMessage || "The plugin ended its answer with an error.";
          if (!res.headersSent) return said(exchange, text, isStatus(piece.statusCode) && piece.statusCode >= 400 ? piece.statusCode : 500);
          throw new AppError({ code: "plugin_failed", message: text });
        }
        writeHead(exchange, piece);
        if (piece.type !== ChunkType.BODY || piece.data.length === 0 || exchange.req.method === "HEAD") continue;
        exchange.responseBytes += piece.data.length;
        if (!res.write(piece.data)) await once(res, "drain", { signal: abort.signal });
      }
    } catch (error) {
      if (exchange.settled) return answering;
      if (!res.headersSent) throw error;
      logger.error("an endpoint of a plugin broke off", {
        requestId: exchange.requestId,
        plugin: plugin.spec.name,
        error: messageOf(error),
      });
      // The client must not take half an answer for a whole one.
      settle(exchange, { outcome: "failed", reason: "plugin_failed" });
      res.destroy();
      return answering;
    }
    if (exchange.settled) return answering;
    writeHead(exchange, { statusCode: 200, headers: {} });
    res.end();
    settle(exchange, { outcome: "completed", reason: "" });
    return answering;
  }

  function writeHead(exchange: EndpointExchange, { statusCode, headers }: Pick<EndpointResponseChunk, "statusCode" | "headers">): void {
    const { res } = exchange;
    if (res.headersSent) return;
    exchange.statusCode = isStatus(statusCode) ? statusCode : 200;
    res.writeHead(exchange.statusCode, headFor(exchange, headers));
    // Head and first piece leave together when they come together; a head that comes alone does not wait for more.
    setImmediate(() => res.writableEnded || res.flushHeaders());
  }

  return {
    async find(exchange) {
      const { target, req } = exchange;
      try {
        const find = await registry.of(await running(target.plugin.id));
        target.endpoint = find(req.method ?? "", target.path);
      } catch (error) {
        return failed(exchange, error);
      }
      if (target.endpoint) return next;
      const message = `no endpoint registered for ${req.method} /plugins/${target.plugin.slug}${target.path.slice(0, 200)}`;
      return refuse({ status: 404, reason: "route_not_found", message, error: message });
    },

    async call(exchange) {
      try {
        const plugin = await running(exchange.target.plugin.id);
        const request = requestFor(exchange);
        // Awaited here, so that its errors are caught here.
        return await (exchange.target.endpoint?.streamResponse ? callStreaming : callWhole)(exchange, plugin, request);
      } catch (error) {
        return failed(exchange, error);
      }
    },
  };
}

const isStatus = (code: number): boolean => Number.isInteger(code) && code >= 200 && code <= 599;

function abortedWithClient(exchange: EndpointExchange): AbortController {
  const abort = new AbortController();
  exchange.upstream = { abort: (reason) => abort.abort(reason) };
  return abort;
}

function headFor({ requestId }: EndpointExchange, headers: Record<string, string>): Record<string, string> {
  const head: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    const passed = pluginHeader(lower, value);
    if (passed !== undefined) head[lower] = passed;
  }
  return { ...head, ...answerGuards, "x-request-id": requestId, "x-accel-buffering": "no" };
}

/** The query without the credential it may carry. */
function withoutToken(query: string, app: App | undefined): string {
  if (!query) return "";
  if (!app || !/[?&]token=/.test(query)) return query.slice(1);
  return query
    .slice(1)
    .split("&")
    .filter((part) => !part.startsWith("token="))
    .join("&");
}

/** The owner's address and the rate limit are left out, as in the reference system. */
const appMessage = (app: App): AppMessage => ({
  id: app.id,
  name: app.name,
  description: app.description,
  ownerEmail: "",
  isActive: app.active,
  monthlyBudget: app.budget ? dollarsFromNano(app.budget.limitNanoUsd) : 0,
  rateLimit: 0,
  metadata: stringsOf(app.metadataJson),
  pluginResources: [],
});

/** Metadata as plugins get it: text as it is, null as "", everything else as JSON. */
function stringsOf(json: string): Record<string, string> {
  if (!json) return {};
  const entries = Object.entries(JSON.parse(json) as Record<string, unknown>);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, typeof value === "string" ? value : value === null ? "" : JSON.stringify(value)]),
  );
}
