import { AppError, notFound } from "@portico/core";
import { hashToken, newToken } from "@portico/core/tokens";
import type { Db } from "../db/client.ts";
import { record } from "../db/journal.ts";
import type { Actor } from "./actor.ts";
import type { Authenticator } from "./authenticator.ts";
import { verifyPassword } from "./passwords.ts";
import type { AuthStore } from "./store.ts";

const sessionMs = 12 * 3600 * 1000;
const attemptsAllowed = 10;
const attemptWindowMs = 5 * 60_000;

export function createAuthService({
  db,
  store,
  authenticator,
  now = () => new Date(),
}: {
  db: Db;
  store: AuthStore;
  authenticator: Authenticator;
  now?: () => Date;
}) {
  const failures = new Map<string, { count: number; since: number }>();

  function guardAttempts(key: string): void {
    const seen = failures.get(key);
    if (!seen || now().getTime() - seen.since > attemptWindowMs) {
      failures.delete(key);
      return;
    }
    if (seen.count >= attemptsAllowed)
      throw new AppError({ code: "rate_limited", message: "Too many failed sign-ins. Wait five minutes and try again." });
  }

  function countFailure(key: string): void {
    const seen = failures.get(key);
    if (failures.size > 50_000) failures.delete(failures.keys().next().value as string);
    failures.set(key, seen ? { ...seen, count: seen.count + 1 } : { count: 1, since: now().getTime() });
  }

  return {
    /** @throws AppError invalid_credentials, whichever of the two is wrong; rate_limited after ten failures in five minutes. */
    async signIn({ email, password }: { email: string; password: string }, { ip, userAgent }: { ip: string; userAgent: string }) {
      const key = `${ip} ${email}`;
      guardAttempts(key);
      const user = await store.findUserByEmail(email);
      if (!(await verifyPassword(password, user?.passwordHash ?? null)) || !user) {
        countFailure(key);
        throw new AppError({ code: "invalid_credentials", message: "Invalid email or password" });
      }
      if (!user.emailVerified)
        throw new AppError({ code: "invalid_credentials", message: "Email unverified, please verify email or contact your administrator" });
      failures.delete(key);
      const token = newToken("ps");
      await store.insertSession({
        userId: user.id,
        tokenHash: hashToken(token),
        userAgent: userAgent.slice(0, 300),
        expiresAt: new Date(now().getTime() + sessionMs),
      });
      void store.deleteExpiredSessions().catch(() => {});
      return { token, maxAgeSeconds: sessionMs / 1000, isAdmin: user.isAdmin };
    },

    async signOut(sessionToken: string): Promise<void> {
      await store.deleteSession(hashToken(sessionToken));
      authenticator.forget();
    },

    async me(actor: Actor) {
      const user = await store.findMe(actor.userId);
      if (!user) throw notFound("User");
      return user;
    },

    listTokens: (actor: Actor) => store.listApiTokens(actor.userId),

    /** The token itself is in this answer only. */
    async createToken(actor: Actor, { name, expires_at }: { name: string; expires_at: Date | null }) {
      const token = newToken("pt");
      const row = await db.transaction(async (tx) => {
        const created = await store.insertApiToken(tx, {
          userId: actor.userId,
          name,
          tokenHash: hashToken(token),
          hint: token.slice(0, 8),
          expiresAt: expires_at,
        });
        await record(tx, { kind: "api_token", action: "created", id: created.id, actor, changes: { name } });
        return created;
      });
      return { ...row, token };
    },

    async deleteToken(actor: Actor, id: number): Promise<void> {
      await db.transaction(async (tx) => {
        const { count } = await store.deleteApiToken(tx, actor.userId, id);
        if (count === 0) throw notFound("API token");
        await record(tx, { kind: "api_token", action: "revoked", id, actor });
      });
      authenticator.forget();
    },
  };
}
export type AuthService = ReturnType<typeof createAuthService>;
