import { AppError } from "@portico/core";
import type { Dispatcher } from "undici";
import { readMethods } from "../vendors/endpoints.ts";
import type { Exchange } from "./exchange.ts";
import { upstreamHeaders } from "./headers.ts";
import type { Pools } from "./pools.ts";
import { Relay, type RelayDeps } from "./relay.ts";
import { answering, type Step } from "./reply.ts";

/** Sends the request to the vendor; the relay takes the answer from there. */
export function createUpstream({ pools, ...deps }: { pools: Pools } & RelayDeps) {
  return function upstream(exchange: Exchange): Step {
    const { llm, req, res, body } = exchange;
    if (!llm || !body) throw new Error("forwarding before the request is complete");
    // The client may have left while plugins were asked; its departure has been settled.
    if (exchange.settled || res.destroyed) return answering;
    const override = exchange.contextUpdates?.upstream_override;
    const target = override ? overrideTarget(override) : llm;
    if (exchange.cost !== "none" && exchange.endpoint) exchange.meter = llm.vendor.meter(exchange.endpoint);
    // The key goes where an administrator said; a plugin may send the request elsewhere, but not the key.
    const apiKey = target.origin === llm.origin || llm.keyOrigins.has(target.origin) ? llm.apiKey : "";
    const call: Dispatcher.DispatchOptions = {
      path: joinPath(target.basePath, exchange.path) + joinQuery(target.baseQuery, exchange.query),
      method: (req.method ?? "POST") as Dispatcher.HttpMethod,
      headers: upstreamHeaders(exchange, llm.vendor.authHeaders(apiKey)),
      body: body.length > 0 ? body : null,
    };
    const { bodyAsSent } = exchange;
    const retry = readMethods.has(call.method)
      ? { send: (relay: Relay) => void pools.freshOf(target.origin).dispatch(call, relay) }
      : bodyAsSent && { sendUnchanged: (relay: Relay) => void pools.of(target.origin).dispatch({ ...call, body: bodyAsSent }, relay) };
    exchange.bodyAsSent = undefined;
    pools.of(target.origin).dispatch(call, new Relay(exchange, deps, retry));
    // A stream may last for minutes; nobody but plugins needs the request until then.
    if (llm.chain.onResponse.length === 0) exchange.body = undefined;
    return answering;
  };
}

/**
 * The base's path goes in front, but for what the client already wrote of it: with base `https://host/openai/v1`, all of `/models`,
 * `/v1/models` and `/openai/v1/models` reach `/openai/v1/models`. A base with a version of its own takes the place of the `/v1` that
 * clients of OpenAI write whatever the vendor's is.
 */
export function joinPath(basePath: string, path: string): string {
  if (!basePath || startsWithSegments(path, basePath)) return path;
  for (let at = basePath.indexOf("/", 1); at > 0; at = basePath.indexOf("/", at + 1)) {
    const end = basePath.slice(at);
    if (startsWithSegments(path, end)) return basePath + path.slice(end.length);
  }
  if (startsWithSegments(path, usualVersion) && version.test(basePath)) return basePath + path.slice(usualVersion.length);
  return basePath + path;
}

const usualVersion = "/v1";
const version = /\/v\d[\w.-]*(?:\/|$)/;

const startsWithSegments = (path: string, start: string): boolean =>
  path.startsWith(start) && (path.length === start.length || path.charCodeAt(start.length) === slash);
const slash = 47;

/** The endpoint's own parameters come first; both sides write theirs with a "?" in front, or nothing. */
function joinQuery(baseQuery: string, query: string): string {
  if (baseQuery === "") return query;
  return query.length > 1 ? `${baseQuery}&${query.slice(1)}` : baseQuery;
}

function overrideTarget(override: string): { origin: string; basePath: string; baseQuery: string } {
  const url = URL.canParse(override) ? new URL(override) : null;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new AppError({ code: "plugin_failed", message: "A plugin set upstream_override to something that is not an http or https URL." });
  }
  return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, ""), baseQuery: url.search };
}
