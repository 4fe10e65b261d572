import type { ConfigStore } from "../config/store.ts";
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

/** Clients of some vendors send their key in a header of its own. Before the LLM is known to exist, all are tried alike. */
export const llmKeyHeadersOf = ({ target: { llm } }: LlmExchange): readonly string[] =>
  llm ? [llm.vendor.keyHeader, "api-key"] : ["x-api-key", "api-key"];
