import { type OutgoingHttpHeader, type OutgoingHttpHeaders, validateHeaderName, validateHeaderValue } from "node:http";
import type { Exchange } from "./exchange.ts";

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

/** Of the client, for the gateway alone. Cookies are for the gateway's host name, not the vendor's. */
const notForUpstream = new Set([
  ...hopByHop,
  "host",
  "content-length",
  "expect",
  "authorization",
  "x-api-key",
  "api-key",
  "cookie",
  "accept-encoding",
  "x-portico-user",
  "x-request-id",
]);

/** Headers of the request to the vendor, as name and value in turn. */
export function upstreamHeaders(exchange: Exchange, vendorHeaders: string[]): string[] {
  const { rawHeaders, headers } = exchange.req;
  const changes = exchange.headerChanges;
  const named = connectionTokens(headers.connection);
  const result = vendorHeaders.slice();
  // A compressed answer could not be read for usage without work that is better left undone.
  result.push("accept-encoding", "identity");
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const lower = name.toLowerCase();
    if (notForUpstream.has(lower) || changes?.has(lower) || named?.includes(lower)) continue;
    result.push(name, rawHeaders[i + 1] as string);
  }
  if (changes) {
    for (const [name, value] of changes) if (!notForUpstream.has(name)) result.push(name, value);
  }
  return result;
}

/** Headers of an upstream's answer that are for the client, as name and value in turn, with the gateway's own. */
export function clientHeaders(headers: OutgoingHttpHeaders, { requestId, decoded }: { requestId: string; decoded: boolean }): HeaderList {
  const named = connectionTokens(headers.connection);
  const result: HeaderList = ["x-request-id", requestId, "x-accel-buffering", "no"];
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || hopByHop.has(name) || named?.includes(name)) continue;
    if (decoded && (name === "content-encoding" || name === "content-length")) continue;
    if (name === "x-accel-buffering") continue;
    result.push(name === "x-request-id" ? "x-upstream-request-id" : name, value);
  }
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

/** The first value of each request header, after changes, in the spelling plugins know. */
export function requestHeadersForPlugin(exchange: Exchange): Record<string, string> {
  const { rawHeaders } = exchange.req;
  const result: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = canonicalName((rawHeaders[i] as string).toLowerCase());
    if (!Object.hasOwn(result, name)) result[name] = rawHeaders[i + 1] as string;
  }
  if (exchange.headerChanges) {
    for (const [lower, value] of exchange.headerChanges) result[canonicalName(lower)] = value;
  }
  return result;
}
