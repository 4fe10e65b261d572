import { hashToken } from "@portico/core/tokens";
import { createSystemCallVerifier, isSystemCallToken } from "@portico/protocol/system-calls";
import type { App } from "../config/routing-table.ts";
import type { ConfigStore } from "../config/store.ts";
import { type Exchange, headerOf } from "./exchange.ts";
import { next, refuse, type Step, unauthorized } from "./reply.ts";

/** Asks the LLM's auth plugins who the caller is. */
export type AskAuthPlugins = (exchange: Exchange, credential: string) => Promise<Step>;

const rememberedHashes = 10_000;
const bearer = /^Bearer +(\S+) *$/i;

export function createAuthenticate({ store, askPlugins }: { store: ConfigStore; askPlugins: AskAuthPlugins }) {
  const userOfCall = createSystemCallVerifier();
  // Hashes of secrets that were good once; hashing again is most of what authentication costs. Guesses are never kept.
  const hashes = new Map<string, string>();

  function appWith(exchange: Exchange, secret: string): App | undefined {
    const known = hashes.get(secret);
    const hash = known ?? hashToken(secret);
    const app = store.appOf(exchange.table, hash);
    if (!app?.active) return undefined;
    if (!known) {
      if (hashes.size >= rememberedHashes) hashes.delete(hashes.keys().next().value as string);
      hashes.set(secret, hash);
    }
    return app;
  }

  /** The control plane's own call: its token is good for this request alone, and nobody else ever judges it. */
  function authenticateSystemCall(exchange: Exchange, token: string): Step {
    const { req, table } = exchange;
    const { systemCallKey: key, systemApp } = table;
    const userId = key && systemApp && userOfCall(token, { method: req.method ?? "", path: req.url ?? "", key });
    if (!userId) return unauthorized("credential_invalid", "Invalid or expired bearer token");
    exchange.app = systemApp;
    exchange.userId = userId;
    exchange.interaction = "studio";
    return admitApp(exchange);
  }

  return function authenticate(exchange: Exchange): Step | Promise<Step> {
    const { llm } = exchange;
    const header = headerOf(exchange, "authorization");
    const fromBearer = header ? (bearer.exec(header)?.[1] ?? "") : "";
    const secret = fromBearer || (header ? "" : keyOf(exchange));
    if (!secret) return unauthorized("credential_missing", "Missing or invalid authentication method.");

    if (isSystemCallToken(secret)) return authenticateSystemCall(exchange, secret);
    const app = appWith(exchange, secret);
    // The control plane's own app has authenticated its user itself; auth plugins judge everybody else.
    if (llm && llm.chain.auth.length > 0 && !app?.system) {
      return askPlugins(exchange, secret).then((step) => (step.kind === "next" ? admitApp(exchange) : step));
    }
    if (!app) {
      const message = fromBearer ? "Invalid or expired bearer token" : "Invalid API key or insufficient permissions.";
      return unauthorized("credential_invalid", message);
    }
    exchange.app = app;
    exchange.userId = app.userId;
    return app.system ? admitOldSystemCall(exchange) : admitApp(exchange);
  };
}

/** A control plane of the last release: it sends a credential that does not change, and names the user in a header. */
function admitOldSystemCall(exchange: Exchange): Step {
  exchange.interaction = "studio";
  // As the client sent it, not as a plugin would have it.
  const named = exchange.req.headers["x-portico-user"];
  if (named !== undefined) {
    const userId = Number(named);
    if (!Number.isInteger(userId) || userId <= 0 || userId > 0x7fff_ffff) {
      return refuse({ status: 400, reason: "user_invalid", message: "X-Portico-User must be the id of a user." });
    }
    exchange.userId = userId;
  }
  return admitApp(exchange);
}

/** Clients of some vendors send their key in a header of its own. Before the LLM is known to exist, all are tried alike. */
function keyOf(exchange: Exchange): string {
  const { llm } = exchange;
  if (llm) return headerOf(exchange, llm.vendor.keyHeader) || headerOf(exchange, "api-key");
  return headerOf(exchange, "x-api-key") || headerOf(exchange, "api-key");
}

function admitApp(exchange: Exchange): Step {
  const { app, llm, slug } = exchange;
  if (!app) throw new Error("no app after authentication");
  if (!llm) return refuse({ status: 404, reason: "llm_not_found", message: `LLM not found: ${slug}` });
  if (!app.system && !app.llmIds.has(llm.id)) {
    return refuse({ status: 403, reason: "llm_not_allowed", message: `App "${app.name}" may not call LLM "${llm.slug}".` });
  }
  return next;
}
