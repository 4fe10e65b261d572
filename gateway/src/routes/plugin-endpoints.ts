import type { Logger } from "@portico/core/logger";
import type { GatewayPlugin, RoutingTable } from "../config/routing-table.ts";
import type { ConfigStore } from "../config/store.ts";
import { createCors } from "../cors.ts";
import { createAuthenticate } from "../pipeline/authenticate.ts";
import type { EndpointCall, EndpointExchange } from "../pipeline/endpoint-call.ts";
import { headerOf, newExchange } from "../pipeline/exchange.ts";
import { normalisePath } from "../pipeline/path.ts";
import { receive } from "../pipeline/receive.ts";
import { next, type Refusal, type Step, sendRefusal, unauthorized } from "../pipeline/reply.ts";
import { createRunner, type Phase } from "../pipeline/run.ts";
import type { Settle } from "../pipeline/settle.ts";
import type { PluginEndpoints } from "../plugins/endpoints.ts";
import type { Arrival, Surface } from "./surface.ts";

export type PluginEndpointSurfaceDeps = {
  /** Unix milliseconds by the hub's clock. */
  now(): number;
  store: ConfigStore;
  endpoints: PluginEndpoints;
  settle: Settle<EndpointCall>;
  onStarted(): void;
  maxRequestBytes: number;
  corsOrigins: readonly string[];
  logger: Logger;
};

const pattern = /^\/plugins\/([^/]+)(\/.*)?$/;

/** `/plugins/<slug>/<path>`: what plugins with custom endpoints serve. */
export function createPluginEndpointSurface(deps: PluginEndpointSurfaceDeps): Surface {
  const { store, settle, onStarted, corsOrigins, logger } = deps;
  const runner = createRunner({ phases: createPhases(deps), settle, onStarted, logger });
  const cors =
    corsOrigins.length > 0 ? createCors({ origins: corsOrigins, methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] }) : undefined;

  return {
    find(path) {
      const match = pattern.exec(path);
      if (!match) return undefined;
      const [, slug, rest = "/"] = match as unknown as [string, string, string | undefined];
      const { path: below, fault } = normalisePath(rest);
      return ({ req, res, requestId, nowMs, query }: Arrival) => {
        const refused = (refusal: Omit<Refusal, "error">) => sendRefusal(res, requestId, { ...refusal, error: refusal.message });
        cors?.mark(req, res);
        const preflight = cors?.preflight(req);
        if (preflight) return void res.writeHead(204, { ...preflight, "x-request-id": requestId }).end();
        const table = store.read();
        if (!table) {
          const message = "The gateway has no configuration yet; its hub has not been reached.";
          return refused({ status: 503, reason: "unavailable", message, headers: { "retry-after": "2" } });
        }
        if (fault) return refused({ status: 400, reason: "path_invalid", message: fault });
        const plugin = servingPlugins(table).get(slug);
        if (!plugin) {
          const message = `no endpoint registered for ${req.method} /plugins/${slug.slice(0, 100)}${below.slice(0, 200)}`;
          return refused({ status: 404, reason: "route_not_found", message });
        }
        const target: EndpointCall = { kind: "endpoint", plugin, path: below, query, endpoint: undefined };
        runner.start(newExchange({ req, res, requestId, nowMs, table, target }));
      };
    },
  };
}

function createPhases({ now, store, endpoints, maxRequestBytes }: PluginEndpointSurfaceDeps): readonly Phase<EndpointCall>[] {
  const authenticate = createAuthenticate<EndpointCall>({ store, now, keyOf, askPlugins: () => undefined });

  function identify(exchange: EndpointExchange): Step | Promise<Step> {
    if (!exchange.target.endpoint?.requireAuth) return next;
    if (!exchange.req.headers.authorization && !keyOf(exchange)) {
      const message = "authentication required";
      return unauthorized("credential_missing", message, message);
    }
    const step = authenticate(exchange);
    // The control plane's own app calls LLMs and nothing else.
    return step === next && exchange.app?.system ? unauthorized("credential_invalid", "Invalid or expired bearer token") : step;
  }

  return [
    { name: "find endpoint", run: endpoints.find },
    { name: "auth", run: identify },
    { name: "receive", run: (exchange, resume) => receive(exchange, { limitBytes: maxRequestBytes }, resume) },
    { name: "endpoint", run: endpoints.call },
  ];
}

/** `Authorization` without a scheme, or `?token=` for browsers' EventSource, which cannot send headers. */
function keyOf(exchange: EndpointExchange): string {
  const header = headerOf(exchange, "authorization").trim();
  if (header) return header.includes(" ") ? "" : header;
  return exchange.target.query ? (new URLSearchParams(exchange.target.query).get("token") ?? "") : "";
}

/** By slug; made once for each table that changes plugins. */
const bySlug = new WeakMap<RoutingTable["plugins"], ReadonlyMap<string, GatewayPlugin>>();

/** A plugin is found by its slug, and by the `slug` of its configuration, which plugins for the reference system go by. */
function servingPlugins({ plugins }: RoutingTable): ReadonlyMap<string, GatewayPlugin> {
  let found = bySlug.get(plugins);
  if (!found) {
    const serving = [...plugins.values()].filter(({ hookTypes }) => hookTypes.includes("custom_endpoint")).sort((a, b) => b.id - a.id);
    const configured = serving.flatMap((plugin) => (typeof plugin.config.slug === "string" ? [[plugin.config.slug, plugin] as const] : []));
    found = new Map([...configured, ...serving.map((plugin) => [plugin.slug, plugin] as const)]);
    bySlug.set(plugins, found);
  }
  return found;
}
