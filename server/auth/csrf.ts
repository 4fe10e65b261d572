import { createHmac, hkdfSync, randomBytes } from "node:crypto";
import { AppError } from "@portico/core";
import { sameToken } from "@portico/core/tokens";
import { readCookie, setCookie } from "../http/cookies.ts";
import type { Actor } from "./actor.ts";
import { sessionToken, visitorCookie } from "./cookies.ts";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);
const visitorId = /^[A-Za-z0-9_-]{32}$/;
const visitorSeconds = 30 * 24 * 3600;

/**
 * The token that a page repeats in X-CSRF-Token: an HMAC of the session, or before sign-in of a random cookie. Whoever plants a cookie
 * of their own making cannot compute its token.
 */
export function createCsrf(secretKey: string) {
  const key = Buffer.from(hkdfSync("sha256", secretKey, "portico", "csrf tokens", 32));
  const derive = (kind: "session" | "visitor", value: string) => createHmac("sha256", key).update(`${kind} ${value}`).digest("base64url");

  function expected(request: Request, actor: Actor | undefined, isSecure: boolean): string | undefined {
    const session = actor?.via === "session" ? sessionToken(request, isSecure) : undefined;
    if (session) return derive("session", session);
    const visitor = readCookie(request, visitorCookie(isSecure));
    return visitor && visitorId.test(visitor) ? derive("visitor", visitor) : undefined;
  }

  return {
    /** @throws AppError csrf_failed */
    check(request: Request, actor: Actor | undefined, isSecure: boolean, { safeMethodsToo = false } = {}): void {
      if ((safeMethods.has(request.method) && !safeMethodsToo) || actor?.via === "token") return;
      const site = request.headers.get("sec-fetch-site");
      const isForeign = site !== null && site !== "same-origin" && site !== "none";
      const header = request.headers.get("x-csrf-token");
      const token = expected(request, actor, isSecure);
      if (isForeign || !token || !header || !sameToken(token, header)) {
        throw new AppError({
          code: "csrf_failed",
          message: "Send the X-CSRF-Token header with the value that GET /csrf-token returns for the same cookies. Signing in changes it.",
        });
      }
    },

    forSession: (token: string): string => derive("session", token),

    /** The caller's token, with the cookie to set when there was none. */
    issue(request: Request, actor: Actor, isSecure: boolean): { token: string; cookie: string | undefined } {
      const token = expected(request, actor, isSecure);
      if (token) return { token, cookie: undefined };
      const visitor = randomBytes(24).toString("base64url");
      return {
        token: derive("visitor", visitor),
        cookie: setCookie(visitorCookie(isSecure), visitor, { maxAgeSeconds: visitorSeconds, isSecure }),
      };
    },
  };
}
export type Csrf = ReturnType<typeof createCsrf>;
