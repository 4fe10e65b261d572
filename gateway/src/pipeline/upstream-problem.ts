import type { GatewayReason } from "@portico/protocol";
import { maxUpstreamHeaderBytes } from "./pools.ts";

/** What a client reads when its upstream gave no answer: 504 for silence, 502 for everything else. */
export function upstreamProblem(error: Error, slug: string): { status: number; reason: GatewayReason; message: string; error: string } {
  const code = codeOf(error);
  const who = `The upstream of LLM "${slug}"`;
  // Clients show one of the two fields, and not the same one: each is a whole sentence.
  const problem = (status: number, reason: GatewayReason, message: string) => ({
    status,
    reason,
    message,
    error: `${message.slice(0, -1)} (${code}).`,
  });
  if (code === "OUTBOUND_REFUSED") {
    return problem(502, "upstream_refused", `${who} is at an address that this gateway may not call.`);
  }
  if (code === "PROXY_FAILED") return problem(502, "upstream_unreachable", `${who} cannot be reached through the gateway's proxy.`);
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT") {
    return problem(504, "upstream_connect_timeout", `${who} could not be connected to in time.`);
  }
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT") {
    return problem(504, "upstream_timeout", `${who} did not answer in time.`);
  }
  if (code === "UND_ERR_HEADERS_OVERFLOW") {
    return problem(
      502,
      "upstream_invalid",
      `${who} gave an answer whose headers are larger than the ${maxUpstreamHeaderBytes / 1024} KiB they may have.`,
    );
  }
  if (code === "EARLY_ANSWER") return problem(502, "upstream_invalid", `${who} answered before it had the whole request.`);
  if (code.startsWith("HPE_")) return problem(502, "upstream_invalid", `${who} gave an answer that is not HTTP.`);
  if (code.startsWith("Z_") || code.startsWith("ERR__ERROR_")) {
    return problem(502, "upstream_invalid", `${who} gave an answer that cannot be decompressed.`);
  }
  return problem(502, "upstream_unreachable", `${who} cannot be reached.`);
}

function codeOf(error: Error): string {
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) {
    const inner = error.errors.find((e: unknown) => e instanceof Error);
    if (inner) return codeOf(inner);
  }
  return error.name;
}
