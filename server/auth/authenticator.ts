import { randomBytes } from "node:crypto";
import { AppError } from "@portico/core";
import { hashToken, sameToken } from "@portico/core/tokens";
import { readCookie, setCookie } from "../http/cookies.ts";
import type { Actor } from "./actor.ts";
import type { AuthStore, Bearer } from "./store.ts";

export const sessionCookie = "session";
const csrfCookie = "portico_csrf";
const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** How long a replica may go on trusting a token it has seen, should the event that revokes it be missed. */
const trustMs = 5_000;
const maxRemembered = 10_000;

/** Finds out who calls. Tokens are looked up by hash and remembered for moments only. */
export function createAuthenticator({ store, now = Date.now }: { store: AuthStore; now?: () => number }) {
  const remembered = new Map<string, { bearer: Bearer; until: number }>();
  let forgotten = 0;

  async function find(token: string, kind: "session" | "token"): Promise<Bearer | undefined> {
    const hash = hashToken(token);
    const known = remembered.get(hash);
    if (known && known.until > now()) return known.bearer;
    const generation = forgotten;
    const bearer = kind === "session" ? await store.findSession(hash) : await store.findApiToken(hash);
    remembered.delete(hash);
    // What was looked up while rights changed may be of the time before, and is not remembered.
    if (bearer && generation === forgotten) {
      if (remembered.size >= maxRemembered) remembered.delete(remembered.keys().next().value as string);
      remembered.set(hash, { bearer, until: Math.min(now() + trustMs, bearer.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) });
    }
    return bearer;
  }

  return {
    /**
     * @returns undefined when the request carries no credential, or a foreign one where those are let in.
     * @throws AppError unauthenticated when it carries a wrong one.
     */
    async authenticate(
      request: Request,
      { requestId, ip, foreignTokens = false }: { requestId: string; ip: string; foreignTokens?: boolean },
    ): Promise<Actor | undefined> {
      const authorization = request.headers.get("authorization")?.trim();
      if (authorization) {
        const token = authorization.split(/\s+/).at(-1) ?? "";
        const bearer = await find(token, "token");
        if (!bearer && foreignTokens) return undefined;
        if (!bearer) throw new AppError({ code: "unauthenticated", message: "The API token is unknown, expired or revoked." });
        return { ...bearer.actor, via: "token", requestId, ip };
      }
      const session = readCookie(request, sessionCookie);
      const bearer = session ? await find(session, "session") : undefined;
      return bearer && { ...bearer.actor, via: "session", requestId, ip };
    },

    /** Browsers must prove that the request comes from our own page: the cookie's value again in a header. */
    checkCsrf(request: Request, actor: Actor | undefined): void {
      if (safeMethods.has(request.method) || actor?.via === "token") return;
      const site = request.headers.get("sec-fetch-site");
      const cookie = readCookie(request, csrfCookie);
      const header = request.headers.get("x-csrf-token");
      const foreign = site !== null && site !== "same-origin" && site !== "none";
      if (foreign || !cookie || !header || !sameToken(cookie, header)) {
        throw new AppError({
          code: "csrf_failed",
          message: "Send the X-CSRF-Token header with the value that GET /csrf-token answers, together with its cookie.",
        });
      }
    },

    /** The browser's CSRF token, with the cookie to set when it had none. */
    csrfToken(request: Request): { token: string; cookie: string | undefined } {
      const present = readCookie(request, csrfCookie);
      const token = present ?? randomBytes(24).toString("base64url");
      return { token, cookie: present ? undefined : setCookie(request, csrfCookie, token, { maxAgeSeconds: 30 * 24 * 3600 }) };
    },

    /** Forgets everything remembered: somebody's rights have changed. */
    forget(): void {
      forgotten++;
      remembered.clear();
    },
  };
}
export type Authenticator = ReturnType<typeof createAuthenticator>;
