import { hashToken } from "@portico/core/tokens";
import type { App } from "../config/routing-table.ts";
import type { ConfigStore } from "../config/store.ts";
import { type Exchange, headerOf } from "./exchange.ts";
import { next, refuse, type Step, unauthorized } from "./reply.ts";

/** Asks the LLM's auth plugins who the caller is. */
export type AskAuthPlugins = (exchange: Exchange, credential: string) => Promise<Step>;

const rememberedHashes = 10_000;
const bearer = /^Bearer +(\S+) *$/i;

export function createAuthenticate({ store, askPlugins }: { store: ConfigStore; askPlugins: AskAuthPlugins }) {
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

  return function authenticate(exchange: Exchange): Step | Promise<Step> {
    const { llm } = exchange;
    const header = headerOf(exchange, "authorization");
    const fromBearer = header ? (bearer.exec(header)?.[1] ?? "") : "";
    const secret = fromBearer || (header ? "" : keyOf(exchange));
    if (!secret) return unauthorized("credential_missing", "Missing or invalid authentication method.");

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
    return admitApp(exchange);
  };
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
  if (app.system) {
    exchange.interaction = "studio";
    const named = headerOf(exchange, "x-portico-user");
    if (named) {
      const userId = Number(named);
      if (!Number.isInteger(userId) || userId <= 0 || userId > 0x7fff_ffff) {
        return refuse({ status: 400, reason: "user_invalid", message: "X-Portico-User must be the id of a user." });
      }
      exchange.userId = userId;
    }
  }
  if (!llm) return refuse({ status: 404, reason: "llm_not_found", message: `LLM not found: ${slug}` });
  if (!app.system && !app.llmIds.has(llm.id)) {
    return refuse({ status: 403, reason: "llm_not_allowed", message: `App "${app.name}" may not call LLM "${llm.slug}".` });
  }
  return next;
}
