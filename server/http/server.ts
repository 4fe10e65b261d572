import { randomBytes } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { AppError } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { compressed } from "./compression.ts";
import { errorResponse } from "./errors.ts";
import { type Application, isApiPath } from "./mount.ts";
import type { Pages } from "./pages.ts";
import { createProxyTrust, type ProxyTrust } from "./proxies.ts";
import type { StaticFiles } from "./static.ts";

const baseHeaders = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

/** Keeps out what would be another part of the URL; the rest is the URL parser's to judge. */
const hostForm = /^[a-z0-9_.:[\]-]+$/i;

/** Request lines and hosts that neither the API nor the pages can make a URL of. */
function faultOfTarget({ url = "/", headers: { host = "" } }: IncomingMessage): string | undefined {
  if (!url.startsWith("/")) return "The request's target must be a path.";
  return hostForm.test(host) && URL.canParse(`http://${host}/`)
    ? undefined
    : "The Host header must be a host name or address, with or without a port.";
}

async function refuse(outgoing: ServerResponse, message: string, logger: Logger): Promise<void> {
  const answer = errorResponse(new AppError({ code: "bad_request", message }), logger);
  outgoing.writeHead(answer.status, { ...baseHeaders, ...Object.fromEntries(answer.headers) });
  outgoing.end(await answer.text());
}

/** API first, then pages: an API answer never pays for the page router. */
export function createListener({
  application,
  pages,
  staticFiles = () => false,
  proxies = createProxyTrust([]),
  logger,
}: {
  application: Application;
  pages: Pages;
  staticFiles?: StaticFiles;
  proxies?: ProxyTrust;
  logger: Logger;
}): RequestListener {
  const api = getRequestListener((request, { incoming }) => application.fetch(request, { ip: incoming.socket.remoteAddress ?? "" }), {
    overrideGlobalObjects: false,
  });
  const answer = compressed((incoming: IncomingMessage, outgoing: ServerResponse) => {
    const path = (incoming.url ?? "/").split("?", 1)[0] ?? "/";
    if (isApiPath(path)) return void api(incoming, outgoing);
    const nonce = randomBytes(16).toString("base64");
    const policy = pages.contentSecurityPolicy(nonce);
    incoming.headers["x-nonce"] = nonce;
    // Which cookies the visitor has (app/door.ts).
    incoming.headers["x-portico-scheme"] = proxies.ofMessage(incoming).isSecure ? "https" : "http";
    // Where a page sends its visitor back to after sign-in (app/door.ts).
    incoming.headers["x-portico-path"] = incoming.url ?? "/";
    incoming.headers["content-security-policy"] = policy;
    outgoing.setHeader("content-security-policy", policy);
    outgoing.setHeader("x-frame-options", "DENY");
    pages.handle(incoming, outgoing).catch((error: unknown) => {
      logger.error("page failed to render", { path, error });
      if (!outgoing.headersSent) outgoing.writeHead(500, { "content-type": "text/plain" });
      outgoing.end("This page could not be shown. Try again; if it still fails, check the studio log.");
    });
  });
  return (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const fault = faultOfTarget(incoming);
    if (fault) return void refuse(outgoing, fault, logger);
    for (const [name, value] of Object.entries(baseHeaders)) outgoing.setHeader(name, value);
    if (!staticFiles(incoming, outgoing)) answer(incoming, outgoing);
  };
}
