/** What a client is told when its upstream gave no answer: 504 for silence, 502 for everything else. */
export function upstreamProblem(error: Error, slug: string): { status: number; reason: string; message: string; error: string } {
  const code = codeOf(error);
  const who = `The upstream of LLM "${slug}"`;
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT") {
    return { status: 504, reason: "upstream_connect_timeout", message: `${who} could not be connected to in time.`, error: code };
  }
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT") {
    return { status: 504, reason: "upstream_timeout", message: `${who} did not answer in time.`, error: code };
  }
  if (code.startsWith("HPE_"))
    return { status: 502, reason: "upstream_invalid", message: `${who} gave an answer that is not HTTP.`, error: code };
  if (code.startsWith("Z_") || code.startsWith("ERR__ERROR_")) {
    return { status: 502, reason: "upstream_invalid", message: `${who} gave an answer that cannot be decompressed.`, error: code };
  }
  return { status: 502, reason: "upstream_unreachable", message: `${who} cannot be reached.`, error: code };
}

function codeOf(error: Error): string {
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) {
    const inner = error.errors.find((e: unknown) => e instanceof Error);
    if (inner) return codeOf(inner);
  }
  return error.name;
}
