import type { AppError } from "@portico/core";
import type { GatewayReason } from "@portico/protocol";
import type { Refusal } from "./reply.ts";

export const isPluginFailure = (error: AppError): boolean => error.meta.plugin !== undefined || error.code.startsWith("plugin_");

/** What a client reads of a plugin's failure. What the plugin says itself is for its operators, and may hold anything. */
export function pluginFailure({ status }: AppError, reason: GatewayReason, requestId: string): Refusal {
  const failure = reason === "plugin_timeout" ? "did not answer in time" : "failed";
  return { status, reason, message: `A plugin of this LLM ${failure} (request ${requestId}).` };
}
