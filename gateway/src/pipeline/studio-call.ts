import { createSystemCallVerifier } from "@portico/protocol/system-calls";
import type { Exchange } from "./exchange.ts";
import { next, refuse, type Step, unauthorized } from "./reply.ts";

/** Calls of the control plane in the name of its users. */
export type StudioCalls = {
  /** By a token that is good for this request alone, and that nothing else ever judges. */
  authenticate(exchange: Exchange, token: string): Step;
  /** By the credential of the control plane's app, as its last release does: the user is named in a header. */
  identifyUser(exchange: Exchange): Step;
};

export function createStudioCalls(now: () => number): StudioCalls {
  const userOfCall = createSystemCallVerifier({ now });
  return {
    authenticate(exchange, token) {
      const { req, table } = exchange;
      const { systemCallKey: key, systemApp } = table;
      const userId = key && systemApp && userOfCall(token, { method: req.method ?? "", path: req.url ?? "", key });
      if (!userId) return unauthorized("credential_invalid", "Invalid or expired bearer token");
      exchange.app = systemApp;
      exchange.userId = userId;
      exchange.interaction = "studio";
      return next;
    },

    identifyUser(exchange) {
      exchange.interaction = "studio";
      // As the client sent it, not as a plugin would have it.
      const named = exchange.req.headers["x-portico-user"];
      if (named === undefined) return next;
      const userId = Number(named);
      if (!Number.isInteger(userId) || userId <= 0 || userId > 0x7fff_ffff) {
        return refuse({ status: 400, reason: "user_invalid", message: "X-Portico-User must be the id of a user." });
      }
      exchange.userId = userId;
      return next;
    },
  };
}
