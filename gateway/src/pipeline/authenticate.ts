import { hashToken } from "@portico/core/tokens";
import { isSystemCallToken } from "@portico/protocol/system-calls";
import type { App } from "../config/routing-table.ts";
import type { ConfigStore } from "../config/store.ts";
import { type Exchange, headerOf, type Target } from "./exchange.ts";
import { next, type Step, unauthorized } from "./reply.ts";
import { createStudioCalls } from "./studio-call.ts";

/** Has plugins say who the caller is; undefined when none judges callers of this target. */
export type AskAuthPlugins<T extends Target> = (exchange: Exchange<T>, credential: string) => Promise<Step> | undefined;

const rememberedHashes = 10_000;
const bearer = /^Bearer +(\S+) *$/i;

/**
 * Finds out who calls.
 * @param keyOf the key where clients of this target may send it other than as `Authorization: Bearer`; "" when they did not.
 */
export function createAuthenticate<T extends Target>({
  store,
  now,
  keyOf,
  askPlugins,
}: {
  store: ConfigStore;
  /** Unix milliseconds by the hub's clock, which its tokens are made by. */
  now(): number;
  keyOf(exchange: Exchange<T>): string;
  askPlugins: AskAuthPlugins<T>;
}): (exchange: Exchange<T>) => Step | Promise<Step> {
  const studioCalls = createStudioCalls(now);
  // Hashes of secrets that were good once; hashing again is most of what authentication costs. Guesses are never kept.
  const hashes = new Map<string, string>();

  function appWith(exchange: Exchange<T>, secret: string): App | undefined {
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

  return function authenticate(exchange) {
    const header = headerOf(exchange, "authorization");
    const fromBearer = header ? (bearer.exec(header)?.[1] ?? "") : "";
    const secret = fromBearer || keyOf(exchange);
    if (!secret) return unauthorized("credential_missing", "Missing or invalid authentication method.");

    if (isSystemCallToken(secret)) return studioCalls.authenticate(exchange, secret);
    const app = appWith(exchange, secret);
    // The control plane's own app has authenticated its user itself; auth plugins judge everybody else.
    const judged = app?.system ? undefined : askPlugins(exchange, secret);
    if (judged) return judged;
    if (!app) {
      const message = fromBearer ? "Invalid or expired bearer token" : "Invalid API key or insufficient permissions.";
      return unauthorized("credential_invalid", message);
    }
    exchange.app = app;
    exchange.credentialHash = hashes.get(secret) ?? "";
    exchange.userId = app.userId;
    return app.system ? studioCalls.identifyUser(exchange) : next;
  };
}
