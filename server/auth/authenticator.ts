import { AppError } from "@portico/core";
import { hashToken } from "@portico/core/tokens";
import type { Actor, Credential } from "./actor.ts";
import { sessionToken } from "./cookies.ts";
import type { AuthStore, Bearer } from "./store.ts";

/** How long a replica may go on trusting a token it has seen, should the event that revokes it be missed. */
const trustMs = 5_000;
const maxRemembered = 10_000;

/** Finds out who calls. Tokens are looked up by hash and remembered for moments only. */
export function createAuthenticator({
  store,
  now = Date.now,
  monotonicMs = () => performance.now(),
}: {
  store: AuthStore;
  now?: () => number;
  monotonicMs?: () => number;
}) {
  const remembered = new Map<string, { bearer: Bearer; trustedUntilMs: number; expiresAtMs: number }>();
  let forgotten = 0;

  async function find(token: string, kind: Credential["kind"]): Promise<Bearer | undefined> {
    const hash = hashToken(token);
    // By kind: a session must never pass as an API token, which is exempt from the CSRF check.
    const key = `${kind} ${hash}`;
    const known = remembered.get(key);
    if (known && known.trustedUntilMs > monotonicMs() && known.expiresAtMs > now()) return known.bearer;
    const generation = forgotten;
    const bearer = kind === "session" ? await store.findSession(hash) : await store.findApiToken(hash);
    remembered.delete(key);
    // What was looked up while rights changed may be of the time before, and is not remembered.
    if (bearer && generation === forgotten) {
      if (remembered.size >= maxRemembered) remembered.delete(remembered.keys().next().value as string);
      const expiresAtMs = bearer.actor.credential.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
      remembered.set(key, { bearer, trustedUntilMs: monotonicMs() + trustMs, expiresAtMs });
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
      {
        requestId,
        ip,
        isSecure,
        foreignTokens = false,
      }: { requestId: string; ip: string; isSecure: boolean; foreignTokens?: boolean | undefined },
    ): Promise<Actor | undefined> {
      const authorization = request.headers.get("authorization")?.trim();
      if (authorization) {
        const token = authorization.split(/\s+/).at(-1) ?? "";
        const bearer = await find(token, "token");
        if (!bearer && foreignTokens) return undefined;
        if (!bearer) throw new AppError({ code: "unauthenticated", message: "The API token is unknown, expired or revoked." });
        return { ...bearer.actor, via: "token", requestId, ip };
      }
      const session = sessionToken(request, isSecure);
      const bearer = session ? await find(session, "session") : undefined;
      return bearer && { ...bearer.actor, via: "session", requestId, ip };
    },

    /** Forgets everything remembered: somebody's rights have changed. */
    forget(): void {
      forgotten++;
      remembered.clear();
    },
  };
}
export type Authenticator = ReturnType<typeof createAuthenticator>;
