import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { cache } from "react";
import type { Me } from "../server/auth/contract.ts";

declare global {
  // Set by the studio before Next answers anything; the same handler that listens on the port.
  var porticoDoor: ((request: Request) => Promise<Response>) | undefined;
}

/** Asks the REST API, in process, with the visitor's own cookie. The only way a page gets data on the server. */
export async function door(path: string): Promise<Response> {
  const visitor = await headers();
  const ask = globalThis.porticoDoor;
  if (!ask) throw new Error("The studio's API is not running in this process; start it with `npm start`.");
  const host = visitor.get("host") ?? "127.0.0.1";
  const scheme = visitor.get("x-portico-scheme") ?? "http";
  const request = new Request(`${scheme}://${host}${path}`, {
    headers: { cookie: visitor.get("cookie") ?? "", accept: "application/json", "x-request-id": crypto.randomUUID() },
  });
  return ask(request);
}

/** The signed-in user, or null. Asked once per page. */
export const visitor = cache(async (): Promise<Me | null> => {
  const response = await door("/common/me");
  if (response.status === 401) return null;
  if (!response.ok) throw new Error(`The studio could not say who you are (${response.status}).`);
  return (await response.json()) as Me;
});

/**
 * The signed-in user; anybody else is sent to sign in and brought back afterwards. `fallback` is where to, if the studio
 * did not say which address was asked for.
 */
export async function signedIn(fallback: string): Promise<Me> {
  const me = await visitor();
  if (me) return me;
  const asked = (await headers()).get("x-portico-path") ?? fallback;
  redirect(asked === "/" ? "/login" : `/login?next=${encodeURIComponent(asked)}`);
}
