import type { Logger } from "@portico/core/logger";
import type { ConfigStore } from "../config/store.ts";
import { type Cors, createCors } from "../cors.ts";
import type { RequestHooks } from "../hooks/request-hooks.ts";
import type { Admission } from "../pipeline/admit.ts";
import { createAuthenticate } from "../pipeline/authenticate.ts";
import { newExchange } from "../pipeline/exchange.ts";
import { createLlmAccess, llmKeyOf } from "../pipeline/llm-access.ts";
import { type CallMode, type LlmCall, type LlmExchange, newLlmCall } from "../pipeline/llm-call.ts";
import { normalisePath } from "../pipeline/path.ts";
import { receive } from "../pipeline/receive.ts";
import { next, sendRefusal } from "../pipeline/reply.ts";
import { createRunner, type Phase, type Runner } from "../pipeline/run.ts";
import type { Settle } from "../pipeline/settle.ts";
import type { Arrival, Surface } from "./surface.ts";

export type LlmSurfaceDeps = {
  /** Unix milliseconds by the hub's clock. */
  now(): number;
  store: ConfigStore;
  admission: Pick<Admission, "admit">;
  hooks: RequestHooks;
  /** Sends a call to its vendor. */
  upstream: Phase<LlmCall>["run"];
  settle: Settle;
  onStarted(): void;
  maxRequestBytes: number;
  /** Origins whose pages may call; see `Settings`. */
  corsOrigins: readonly string[];
  logger: Logger;
};

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);
const pattern = /^\/llm\/(call|rest|stream)\/([^/]+)(\/.*)$/;

/** `/llm/<mode>/<slug>/<path>`: calls of LLMs, those that studio signs included. */
export function createLlmSurface(deps: LlmSurfaceDeps): Surface {
  const { store, settle, onStarted, corsOrigins, logger } = deps;
  const runner = createRunner({ phases: createPhases(deps), settle, onStarted, logger });
  const cors = corsOrigins.length > 0 ? createCors({ origins: corsOrigins, methods: [...methods] }) : undefined;
  const shared = { store, runner, cors };
  return {
    find(path) {
      const match = pattern.exec(path);
      if (!match) return undefined;
      const [, mode, slug, rest] = match as unknown as [string, CallMode, string, string];
      const { path: normal, fault } = normalisePath(rest);
      const called = { mode, slug, path: normal, fault };
      return (arrival) => startCall(arrival, called, shared);
    },
  };
}

function createPhases({ now, store, admission, hooks, upstream, maxRequestBytes }: LlmSurfaceDeps): readonly Phase<LlmCall>[] {
  // Plugins that judge callers see the body, so it is read before the caller is known; without them, only from those who may call.
  const isSeenBeforeAuth = ({ target: { llm } }: LlmExchange) =>
    llm !== undefined && (llm.chain.preAuth.length > 0 || llm.chain.auth.length > 0);
  // What plugins judge, or what a vendor signs, is the body as a whole.
  const isOnlySent = ({ target: { llm } }: LlmExchange) => llm !== undefined && !llm.hasPlugins && !llm.vendor.needsBody;
  const checkAccess = createLlmAccess(store);
  return [
    {
      name: "receive for plugins",
      run: (exchange, resume) => (isSeenBeforeAuth(exchange) ? receive(exchange, { limitBytes: maxRequestBytes }, resume) : next),
    },
    { name: "pre_auth", run: hooks.preAuth },
    { name: "auth", run: createAuthenticate<LlmCall>({ store, now, keyOf: llmKeyOf, askPlugins: hooks.auth }) },
    { name: "access", run: checkAccess },
    {
      name: "receive",
      run: (exchange, resume) => receive(exchange, { limitBytes: maxRequestBytes, isOnlySent: isOnlySent(exchange) }, resume),
    },
    { name: "post_auth", run: hooks.postAuth },
    // Reading the body and asking plugins takes time, in which the LLM may have been deactivated.
    { name: "access now", run: checkAccess },
    { name: "admit", run: admission.admit },
    { name: "upstream", run: upstream },
  ];
}

/** @property fault why the path is refused; "" when it is not. */
type Called = { mode: CallMode; slug: string; path: string; fault: string };

function startCall(
  { req, res, requestId, nowMs, query, upgrade }: Arrival,
  { mode, slug, path, fault }: Called,
  { store, runner, cors }: { store: ConfigStore; runner: Runner<LlmCall>; cors: Cors | undefined },
): void {
  cors?.mark(req, res);
  if (!methods.has(req.method ?? "")) {
    const preflight = cors?.preflight(req);
    if (preflight) {
      res.writeHead(204, { ...preflight, "x-request-id": requestId }).end();
      return;
    }
    const message = `Method ${req.method} is not allowed here.`;
    const headers = { allow: [...methods].join(", ") };
    sendRefusal(res, requestId, { status: 405, reason: "method_not_allowed", message, headers });
    return;
  }
  const table = store.read();
  if (!table) {
    const message = "The gateway has no configuration yet; its hub has not been reached.";
    sendRefusal(res, requestId, { status: 503, reason: "unavailable", message, headers: { "retry-after": "2" } });
    return;
  }
  if (fault) {
    sendRefusal(res, requestId, { status: 400, reason: "path_invalid", message: fault });
    return;
  }
  const target = newLlmCall({ mode, slug, path, query, upgrade, llm: table.llmsBySlug.get(slug) });
  runner.start(newExchange({ req, res, requestId, nowMs, table, target }));
}
