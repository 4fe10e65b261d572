/*
 * Why a gateway did not complete a request: one closed list. Usage records hold these codes, the API shows them and searches in them, so that
 * they only grow. Free of imports, so that it also loads in browsers.
 */
export const gatewayReasons = [
  // The request cannot be read, or asks for something that does not exist.
  "path_invalid",
  "route_not_found",
  "method_not_allowed",
  "llm_not_found",
  "request_too_large",
  "unsupported_encoding",
  "body_encoding_invalid",
  "invalid_json",
  "form_invalid",
  "model_invalid",
  "model_missing",
  "streaming_mismatch",
  "user_invalid",
  // The caller is unknown, or may not do this.
  "credential_missing",
  "credential_invalid",
  "auth_rejected",
  "auth_app_unknown",
  "llm_not_allowed",
  "endpoint_not_allowed",
  "model_not_allowed",
  "price_unknown",
  "budget_exceeded",
  // A plugin stopped it.
  "plugin_blocked",
  "plugin_failed",
  "plugin_invalid",
  "plugin_timeout",
  "plugin_unavailable",
  "payload_too_large",
  // The upstream did not answer well.
  "upstream_unreachable",
  "upstream_refused",
  "upstream_connect_timeout",
  "upstream_timeout",
  "upstream_invalid",
  "upstream_broke_off",
  "upstream_status",
  "upstream_error",
  // The client left, or the gateway could not serve.
  "client_closed",
  "unavailable",
  "internal",
] as const;

export type GatewayReason = (typeof gatewayReasons)[number];

const known: ReadonlySet<string> = new Set(gatewayReasons);

export const isGatewayReason = (code: string): code is GatewayReason => known.has(code);
