import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Env } from "../env.ts";
import type { Application } from "./mount.ts";

export type Pages = {
  handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
  contentSecurityPolicy(nonce: string): string;
  close(): Promise<void>;
};

// The part of Next that is used here. Its own types would reach every file of the server: they make NODE_ENV required in any
// environment that is handed to a child process. So the name is not a literal either.
const nextModule: string = "next";
type NextRequestHandler = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
type NextUpgradeHandler = (incoming: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;
type CreateNext = (options: { dev: boolean; dir: string; hostname: string; port: number; httpServer: Server }) => {
  prepare(): Promise<void>;
  getRequestHandler(): NextRequestHandler;
  getUpgradeHandler(): NextUpgradeHandler;
  close(): Promise<void>;
};

declare global {
  /** The same door that the network uses, for pages rendered in this process (app/door.ts). */
  var porticoDoor: ((request: Request) => Promise<Response>) | undefined;
}

/** The dashboard: Next's request handler behind the API. Without it (tests of the API) every page is a 404. */
export async function createPages({ env, server, application }: { env: Env; server: Server; application: Application }): Promise<Pages> {
  globalThis.porticoDoor = async (request) => application.fetch(request, { ip: "127.0.0.1" });
  const development = env.mode === "development";
  const { default: next } = (await import(nextModule)) as { default: CreateNext };
  const dir = fileURLToPath(new URL("../..", import.meta.url));
  const app = next({ dev: development, dir, hostname: env.host, port: env.port, httpServer: server });
  await app.prepare();
  const handle = app.getRequestHandler();
  if (development) server.on("upgrade", app.getUpgradeHandler());
  return {
    handle: (incoming, outgoing) => handle(incoming, outgoing),
    // Styles: Mantine writes style elements at run time. Scripts: only ours, by nonce; trusted plugins' scripts are ours by address.
    contentSecurityPolicy: (nonce) =>
      [
        "default-src 'self'",
        `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ""}`,
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob: https:",
        "font-src 'self' data:",
        `connect-src 'self'${development ? " ws: wss:" : ""}`,
        "frame-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "object-src 'none'",
      ].join("; "),
    close: () => app.close(),
  };
}
