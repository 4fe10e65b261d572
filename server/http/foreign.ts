import { AppError } from "@portico/core";
import { inertPolicy, inertType } from "@portico/core/foreign";
import { seal, type WholeResponse } from "./whole.ts";

/**
 * Every byte of a vendor or a plugin leaves studio through this file. Such bytes share an origin with the dashboard, so what a browser does
 * with them is decided here and never by whoever wrote them: which headers pass, what type they have, and under which policy they stand.
 */

/** What a caller of a vendor's API reads. Everything else (cookies, CORS, policies, redirects, links, caching) would speak for our origin. */
const answerHeaders =
  /^(?:content-(?:language|length|encoding|range)|accept-ranges|allow|etag|last-modified|date|retry-after(?:-ms)?|(?:x-)?request-id|x-upstream-request-id|x-amzn-requestid|x-ms-request-id|apim-request-id|x-should-retry|cf-ray|(?:x-)?ratelimit(?:-[a-z0-9-]+)?|(?:openai|anthropic)-[a-z0-9-]+)$/;

const answerTypes = /^(?:application\/(?:json|[a-z0-9.-]+\+json|x-ndjson)|text\/(?:event-stream|plain))\s*(?:;[^,]*)?$/i;

/** An answer of a vendor, or of a plugin in its place. JSON, event streams and text keep their type; anything else is a download. */
export function foreignAnswer(
  body: BodyInit | null,
  { status, headers: given }: { status: number; headers: Record<string, string | string[] | undefined> },
): WholeResponse {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || !answerHeaders.test(name)) continue;
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one);
  }
  // The gateway's own demand for a credential passes; a prompt for a password under our name does not.
  const demand = String(given["www-authenticate"] ?? "");
  if (/^bearer\b/i.test(demand)) headers.set("www-authenticate", demand);
  if (body !== null) {
    const type = String(given["content-type"] ?? "");
    const keeps = answerTypes.test(type.trim()) && inertType(type).value === type;
    headers.set("content-type", keeps ? type : "application/octet-stream");
    if (!keeps) headers.set("content-disposition", "attachment");
  }
  headers.set("cache-control", "no-store");
  headers.set("x-accel-buffering", "no");
  headers.set("content-security-policy", inertPolicy);
  headers.set("x-frame-options", "DENY");
  headers.set("x-content-type-options", "nosniff");
  headers.set("cross-origin-resource-policy", "same-origin");
  return seal(new Response(body, { status, headers }));
}

/** What a plugin's page may load, by media type. Anything else is bytes without a meaning. */
const assetTypes =
  /^(?:text\/(?:javascript|css|plain|markdown)|application\/(?:javascript|json|wasm|manifest\+json)|image\/(?:png|jpeg|gif|webp|avif|svg\+xml|x-icon|vnd\.microsoft\.icon)|font\/(?:woff2?|ttf|otf)|audio\/(?:mpeg|ogg|wav)|video\/(?:mp4|webm))$/;
const textual = /^(?:text\/|application\/(?:javascript|json))/;

/** Nothing of a file is a document of its own; styles and pictures inside an SVG image still work. It names no host: caches keep it. */
const assetPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'none'";

const bareType = (contentType: string): string => contentType.toLowerCase().split(";", 1)[0]?.trim() ?? "";

/**
 * A file of a plugin, for pages to load: scripts, styles, pictures, fonts. Browsers ignore `attachment` for those, and obey it when
 * somebody opens the file itself: no address of ours shows a plugin's file as a page.
 */
export function foreignAsset(
  bytes: Uint8Array<ArrayBuffer>,
  { contentType, etag, cacheControl, isKnown }: { contentType: string; etag: string; cacheControl: string; isKnown: boolean },
): WholeResponse {
  const type = bareType(contentType);
  const headers = {
    "content-type": !assetTypes.test(type) ? "application/octet-stream" : textual.test(type) ? `${type}; charset=utf-8` : type,
    "content-disposition": "attachment",
    "cache-control": cacheControl,
    etag,
    "content-security-policy": assetPolicy,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    // Frames of plugins have no origin, and scripts with an integrity are fetched as CORS asks.
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
  };
  if (isKnown) return seal(new Response(null, { status: 304, headers }));
  return seal(new Response(bytes, { headers: { ...headers, "content-length": String(bytes.length) } }));
}

/** A file that somebody uploaded: a download under its own name, whatever is in it. */
export function foreignDownload(bytes: Uint8Array<ArrayBuffer>, fileName: string): WholeResponse {
  const plain = fileName.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  return seal(
    new Response(bytes, {
      headers: {
        "content-type": "application/octet-stream",
        "content-length": String(bytes.length),
        "content-disposition": `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(fileName.toWellFormed()).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)}`,
        "cache-control": "no-store",
        "content-security-policy": inertPolicy,
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
      },
    }),
  );
}

export const isHtml = (contentType: string): boolean => bareType(contentType) === "text/html";

/**
 * An HTML page of a plugin, for a frame of ours. Only a request that says it comes from a frame gets it; the policy lets no other site and
 * no plugin put it into one. It is never kept: for any other request the same address is a download.
 */
export function foreignPage(html: Uint8Array<ArrayBuffer>, policy: string): WholeResponse {
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-length": String(html.length),
    "cache-control": "no-store",
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
  };
  return seal(new Response(html, { headers }));
}

const documents = new Set(["document", "iframe", "frame", "embed", "object", "fencedframe"]);

/** @throws AppError forbidden when a browser asks for a page: what answers here is for programs. */
export function refuseNavigation(request: Request): void {
  const dest = request.headers.get("sec-fetch-dest") ?? "";
  if (request.headers.get("sec-fetch-mode") !== "navigate" && !documents.has(dest)) return;
  throw new AppError({ code: "forbidden", message: "This address is for API clients. It cannot be opened as a page or shown in a frame." });
}
