import { type OutgoingHttpHeader, type OutgoingHttpHeaders, validateHeaderName, validateHeaderValue } from "node:http";
import { credentialHeaders, isNeverShown, ownHeaderPrefix, redacted } from "@portico/core";
import { inertPolicy, inertType } from "@portico/core/foreign";
import type { Exchange } from "./exchange.ts";
import type { KeyMask } from "./key-mask.ts";

/** Headers that belong to one connection; never passed on in either direction. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Of the client, for the gateway alone; and what would have a vendor do something else than was judged. */
const notForUpstream = new Set([
  ...hopByHop,
  ...credentialHeaders,
  "host",
  "content-length",
  // A body is sent as it was judged: decompressed.
  "content-encoding",
  "expect",
  "accept-encoding",
  "x-request-id",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
]);

const isForUpstream = (lower: string): boolean =>
  !notForUpstream.has(lower) && !lower.startsWith(ownHeaderPrefix) && !lower.startsWith("sec-websocket-");

/** Headers of the request that go to the vendor, as name and value in turn, without those that authenticate the gateway there. */
export function upstreamHeaders(exchange: Exchange): string[] {
  const { rawHeaders, headers } = exchange.req;
  const changes = exchange.headerChanges;
  const named = connectionTokens(headers.connection);
  // A compressed answer could not be read for usage without work that is better left undone.
  const result = ["accept-encoding", "identity"];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const lower = name.toLowerCase();
    if (!isForUpstream(lower) || changes?.has(lower) || named?.includes(lower)) continue;
    result.push(name, rawHeaders[i + 1] as string);
  }
  if (changes) {
    for (const [name, value] of changes) if (isForUpstream(name)) result.push(name, value);
  }
  return result;
}

/**
 * Headers of an answer by which its writer would speak for the gateway to a browser, to a proxy in front of it, or send the client (and the
 * credential it holds) past the gateway. No vendor and no plugin sets them. Everything else passes: rate limits, request ids, what SDKs read.
 */
const speaksForUs = new RegExp(
  `^(?:${[
    "access-control-.*|cross-origin-.*|timing-allow-origin|origin-.*|x-permitted-cross-domain-policies",
    "set-cookie2?|set-login|clear-site-data|activate-storage-access|sec-.*|secure-session-.*",
    "content-security-policy.*|x-content-type-options|x-frame-options|x-xss-protection|permissions-policy.*|feature-policy|document-policy.*|referrer-policy|integrity-policy.*",
    "strict-transport-security|public-key-pins.*|expect-ct|alt-svc|nel|report-to|reporting-endpoints|accept-ch|critical-ch",
    "location|content-location|operation-location|azure-asyncoperation|refresh|link|speculation-rules|service-worker-.*|sourcemap|x-sourcemap|use-as-dictionary|no-vary-search|supports-loading-mode|x-dns-prefetch-control",
    "x-accel-.*|x-sendfile|x-lighttpd-send-file|x-reproxy-url|surrogate-.*",
  ].join("|")})$`,
);

/** What becomes of a header of an answer: it passes, is dropped, or its value decides. */
type Rule = "passes" | "dropped" | "type" | "demand" | "length" | "id";
const rules = new Map<string, Rule>();

function findRule(lower: string): Rule {
  if (hopByHop.has(lower) || speaksForUs.test(lower)) return "dropped";
  if (lower === "content-type") return "type";
  if (lower === "www-authenticate") return "demand";
  if (lower === "content-length" || lower === "content-encoding") return "length";
  return lower === "x-request-id" ? "id" : "passes";
}

/** One look-up a header: vendors send the same few dozen names all the time. */
function ruleOf(lower: string): Rule {
  let rule = rules.get(lower);
  if (rule === undefined) {
    rule = findRule(lower);
    if (rules.size < 1_000) rules.set(lower, rule);
  }
  return rule;
}

/** Browsers show a prompt for any other scheme, under the gateway's name. */
const isBearer = (demand: unknown): boolean => /^bearer\b/i.test(String(demand));

/** Under which every answer stands that a browser might show. */
export const answerGuards = { "x-content-type-options": "nosniff", "content-security-policy": inertPolicy } as const;

/** The value with which a plugin's header reaches the client; undefined when it does not. */
export function pluginHeader(lower: string, value: string): string | undefined {
  if (!isSendable(lower, value)) return undefined;
  const rule = ruleOf(lower);
  if (rule === "dropped" || (rule === "demand" && !isBearer(value))) return undefined;
  return rule === "type" ? inertType(value).value : value;
}

/** Headers of an upstream's answer that are for the client, as name and value in turn, with the gateway's own. */
export function clientHeaders(
  headers: OutgoingHttpHeaders,
  { requestId, decoded, keyMask }: { requestId: string; decoded: boolean; keyMask: KeyMask | undefined },
): HeaderList {
  const named = connectionTokens(headers.connection);
  const result: HeaderList = ["x-request-id", requestId, "x-accel-buffering", "no", "x-content-type-options", "nosniff"];
  let isPlainData = false;
  for (const name in headers) {
    const given = headers[name];
    const rule = ruleOf(name);
    if (given === undefined || rule === "dropped" || named?.includes(name)) continue;
    const value = keyMask ? keyMask.header(given) : given;
    if (rule === "passes") result.push(name, value);
    else if (rule === "type") {
      const type = inertType(String(value));
      isPlainData = type.isPlainData;
      result.push(name, type.value);
    } else if (rule === "id") result.push("x-upstream-request-id", value);
    else if (rule === "length" ? !decoded : isBearer(value)) result.push(name, value);
  }
  // A header costs about a microsecond, and what most answers are needs no policy.
  if (!isPlainData) result.push("content-security-policy", inertPolicy);
  return result;
}

/** A header's name and value (or values) in turn: what node sends fastest. */
export type HeaderList = OutgoingHttpHeader[];

export const headersOf = (list: HeaderList): OutgoingHttpHeaders => {
  const headers: OutgoingHttpHeaders = {};
  for (let i = 0; i < list.length; i += 2) headers[String(list[i])] = list[i + 1];
  return headers;
};

function connectionTokens(connection: unknown): string[] | undefined {
  if (typeof connection !== "string" || connection === "keep-alive" || connection === "close") return undefined;
  return connection
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name && name !== "keep-alive" && name !== "close");
}

/** True for a header that can be sent; plugins may answer anything. */
export function isSendable(name: string, value: string): boolean {
  if (hopByHop.has(name.toLowerCase()) || name.toLowerCase() === "content-length") return false;
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

const canonicalNames = new Map<string, string>();

/** The spelling plugins know headers by: `Content-Type`, `X-Api-Key`. */
export function canonicalName(lower: string): string {
  let name = canonicalNames.get(lower);
  if (name === undefined) {
    name = lower.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
    if (canonicalNames.size < 1_000) canonicalNames.set(lower, name);
  }
  return name;
}

/**
 * The first value of each request header, after changes, in the spelling plugins know. Of credentials plugins see that they are there; what
 * Portico's own processes tell each other they do not see at all.
 */
export function requestHeadersForPlugin(exchange: Exchange): Record<string, string> {
  const { rawHeaders, headers } = exchange.req;
  const isEncoded = headers["content-encoding"] !== undefined;
  const result: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const lower = (rawHeaders[i] as string).toLowerCase();
    if (isHiddenFromPlugins(lower, isEncoded)) continue;
    const name = canonicalName(lower);
    if (!Object.hasOwn(result, name)) result[name] = isNeverShown(lower) ? redacted : (rawHeaders[i + 1] as string);
  }
  if (exchange.headerChanges) {
    for (const [lower, value] of exchange.headerChanges) result[canonicalName(lower)] = isNeverShown(lower) ? redacted : value;
  }
  return result;
}

/** The value that a plugin is shown of one header. @param lower its name in lower case. */
export function shownToPlugin(exchange: Exchange, lower: string): string | undefined {
  const changed = exchange.headerChanges?.get(lower);
  if (changed !== undefined) return isNeverShown(lower) ? redacted : changed;
  const { rawHeaders, headers } = exchange.req;
  if (isHiddenFromPlugins(lower, headers["content-encoding"] !== undefined)) return undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if ((rawHeaders[i] as string).toLowerCase() === lower) return isNeverShown(lower) ? redacted : (rawHeaders[i + 1] as string);
  }
  return undefined;
}

/** A compressed body has been decompressed, and its length with it. */
const isHiddenFromPlugins = (lower: string, isEncoded: boolean): boolean =>
  lower.startsWith(ownHeaderPrefix) || lower === "content-encoding" || (isEncoded && lower === "content-length");

/** True for a header that a plugin may set: none that only Portico's own processes may send, and no placeholder in a credential's place. */
export const isSettable = (name: string, value: string): boolean =>
  isSendable(name, value) && !name.toLowerCase().startsWith(ownHeaderPrefix) && value !== redacted;
