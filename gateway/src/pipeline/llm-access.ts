import type { ConfigStore } from "../config/store.ts";
import { socketKeyOf } from "../sockets/protocols.ts";
import { headerOf } from "./exchange.ts";
import type { LlmExchange } from "./llm-call.ts";
import { next, refuse, type Step } from "./reply.ts";

/** Judges whether the LLM is served, and whether the app that calls may call it. */
export function createLlmAccess(store: ConfigStore) {
  return function checkLlmAccess({ app, table, target: { llm, slug } }: LlmExchange): Step {
    if (!app) throw new Error("no app after authentication");
    if (!llm || !store.serves(table, llm)) return refuse({ status: 404, reason: "llm_not_found", message: `LLM not found: ${slug}` });
    if (!app.system && !app.llmIds.has(llm.id)) {
      return refuse({ status: 403, reason: "llm_not_allowed", message: `App "${app.name}" may not call LLM "${llm.slug}".` });
    }
    return next;
  };
}

/**
 * The key of clients that send it in a header of their vendor's; "" when the request has none, or says in `Authorization` who calls. Before the
 * LLM is known to exist, all headers are tried alike.
 */
export function llmKeyOf(exchange: LlmExchange): string {
  if (headerOf(exchange, "authorization")) return "";
  const { llm, upgrade } = exchange.target;
  if (upgrade) {
    const key = socketKeyOf(exchange.req);
    if (key) return key;
  }
  return headerOf(exchange, llm ? llm.vendor.keyHeader : "x-api-key") || headerOf(exchange, "api-key");
}
