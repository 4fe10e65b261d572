import type { ConnectionCode, ConnectionResult } from "./contract/connection.ts";

/** What a test found, before it is known how long that took. */
export type Finding = Omit<ConnectionResult, "host" | "duration_ms" | "http_status" | "models">;

export const finding = (code: ConnectionCode, field: Finding["field"], message: string): Finding => ({
  result:
    code === "connected"
      ? "ok"
      : ["model_not_found", "no_model_list", "key_restricted", "rate_limited"].includes(code)
        ? "warning"
        : "failed",
  code,
  field,
  message,
});

/** Why a connection could not be made or broke, in words. */
export function faultOfConnection(error: unknown, url: URL): Finding {
  const code = codeOf(error);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const failed = (kind: ConnectionCode, why: string) => finding(kind, "api_endpoint", `Could not reach ${url.hostname}: ${why}`);
  if (code === "OUTBOUND_REFUSED" && error instanceof Error) return finding("not_allowed", "api_endpoint", error.message);
  if (code === "PROXY_FAILED" && error instanceof Error) return failed("unreachable", error.message);
  if (code === "ENOTFOUND") return failed("name_not_resolved", "the name does not resolve. Check the endpoint.");
  if (code === "EAI_AGAIN") return failed("dns_failed", "the DNS server did not answer. Check this machine's network and try again.");
  if (code === "ECONNREFUSED")
    return failed("connection_refused", `nothing accepts connections on port ${port}. Check the endpoint, and that the server runs.`);
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH")
    return failed("no_route", "there is no route to it. Check the endpoint and this machine's network.");
  if (code === "CERT_HAS_EXPIRED") return failed("tls_failed", "its TLS certificate has expired. Renew it.");
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return failed("tls_failed", "its TLS certificate is for another name. Check the host name in the endpoint.");
  if (/SELF_SIGNED|UNABLE_TO|CERT_|DEPTH_ZERO/.test(code))
    return failed("tls_failed", `its TLS certificate is not trusted (${code}). Install one of a known CA, or set NODE_EXTRA_CA_CERTS.`);
  if (code === "EPROTO" || code.startsWith("ERR_SSL"))
    return failed("tls_failed", `port ${port} does not speak TLS. Check whether the endpoint should begin with http://.`);
  if (/TIMEOUT|ETIMEDOUT|TimeoutError|AbortError/.test(code))
    return failed("timeout", `no answer within ${testSeconds} seconds. Check the endpoint and the firewalls on the way.`);
  if (code === "ECONNRESET" || code === "UND_ERR_SOCKET" || code === "EPIPE")
    return failed(
      "connection_closed",
      "it closed the connection without an answer. Check whether the endpoint should begin with https://.",
    );
  if (code.startsWith("HPE_")) return failed("unexpected_answer", `what answers on port ${port} is not HTTP. Check the endpoint's port.`);
  return failed("unreachable", `the connection failed (${code}). Check the endpoint.`);
}

/** How long a test may take altogether. */
export const testSeconds = 10;

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) {
    const inner = error.errors.find((each: unknown) => each instanceof Error);
    if (inner) return codeOf(inner);
  }
  return error.cause === undefined ? error.name : codeOf(error.cause);
}

/** What an answer with another status than 2xx means for the LLM. */
export function faultOfStatus(status: number, { host, location, hasKey }: { host: string; location: string; hasKey: boolean }): Finding {
  if (status === 401)
    return hasKey
      ? finding("key_rejected", "api_key", `${host} rejects the API key (401). Enter a valid one.`)
      : finding("key_missing", "api_key", `${host} requires an API key (401). Enter one.`);
  if (status === 403)
    return finding(
      hasKey ? "key_restricted" : "key_missing",
      "api_key",
      hasKey
        ? `${host} answers, but this API key may not list models (403). Send a message with Try it to see whether calls are allowed.`
        : `${host} requires an API key (403). Enter one.`,
    );
  if (status === 404 || status === 405)
    return finding(
      "no_model_list",
      "api_endpoint",
      `${host} answers, but has no list of models at this path (${status}). Check the endpoint's path; if it is right, send a message with Try it.`,
    );
  if (status === 429) return finding("rate_limited", "", `${host} answers, but limits the rate of calls now (429). Try again later.`);
  if (status >= 300 && status < 400)
    return finding(
      "redirected",
      "api_endpoint",
      `${host} redirects to ${location || "another address"} (${status}). Enter that address as the endpoint.`,
    );
  if (status >= 500) return finding("vendor_error", "", `${host} answers with an error of its own (${status}). Try again later.`);
  return finding("unexpected_answer", "api_endpoint", `${host} rejects the request for its models (${status}). Check the endpoint.`);
}
