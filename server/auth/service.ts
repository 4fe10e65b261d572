import { AppError, notFound } from "@portico/core";
import { hashToken, newToken } from "@portico/core/tokens";
import type { Db } from "../db/client.ts";
import { record } from "../db/journal.ts";
import type { Actor } from "./actor.ts";
import type { Authenticator } from "./authenticator.ts";
import type { Passwords } from "./passwords.ts";
import type { SignInLimits } from "./sign-in-limits.ts";
import type { AuthStore } from "./store.ts";
import type { TokenMint } from "./token-mint.ts";

const sessionMs = 12 * 3600 * 1000;

export type SignInAttempt = {
  email: string;
  password: string;
  ip: string;
  userAgent: string;
  /** The session that this browser has had until now. */
  formerSession: string | undefined;
};

export function createAuthService({
  db,
  store,
  authenticator,
  passwords,
  limits,
  mint,
  now = () => new Date(),
}: {
  db: Db;
  store: AuthStore;
  authenticator: Authenticator;
  passwords: Passwords;
  limits: SignInLimits;
  mint: TokenMint;
  now?: () => Date;
}) {
  const wrong = () => new AppError({ code: "invalid_credentials", message: "Invalid email or password" });

  async function signOut(sessionToken: string): Promise<void> {
    await store.deleteSession(hashToken(sessionToken));
    authenticator.forget();
  }

  return {
    /**
     * The session of the browser before, if any, ends.
     * @throws AppError invalid_credentials, whichever of the two is wrong; rate_limited before the password is looked at.
     */
    async signIn({ email, password, ip, userAgent, formerSession }: SignInAttempt) {
      const attempt = await limits.take(email, ip);
      const { user, isRight } = await verify(email, password).catch(async (error: unknown) => {
        await attempt.giveBack().catch(() => {});
        throw error;
      });
      if (!user || !isRight) throw wrong();
      // The reference's words. Nobody without the password gets to read them, and the attempt stays counted.
      if (!user.emailVerified)
        throw new AppError({ code: "invalid_credentials", message: "Email unverified, please verify email or contact your administrator" });
      const token = newToken("ps");
      const isStored = await store.insertSession({
        user,
        tokenHash: hashToken(token),
        userAgent: userAgent.slice(0, 300),
        expiresAt: new Date(now().getTime() + sessionMs),
      });
      if (!isStored) throw wrong();
      await attempt.succeeded(user.id);
      if (formerSession) await signOut(formerSession);
      return { token, maxAgeSeconds: sessionMs / 1000, isAdmin: user.isAdmin };
    },

    signOut,

    async me(actor: Actor) {
      const user = await store.findMe(actor.userId);
      if (!user) throw notFound("User");
      return user;
    },

    listTokens: (actor: Actor) => store.listApiTokens(actor.userId),

    createToken: (actor: Actor, { name, expires_at }: { name: string; expires_at: Date | null }) =>
      db.transaction(async (tx) => {
        const created = await mint.mint(tx, actor, { userId: actor.userId, name, expiresAt: expires_at });
        await record(tx, { kind: "api_token", action: "created", id: created.id, actor, changes: { name } });
        return created;
      }),

    /** Tokens made with it end too. */
    async deleteToken(actor: Actor, id: number): Promise<void> {
      await db.transaction(async (tx) => {
        const { count } = await store.deleteApiToken(tx, actor.userId, id);
        if (count === 0) throw notFound("API token");
        await record(tx, { kind: "api_token", action: "revoked", id, actor });
      });
      authenticator.forget();
    },

    /** Expired sessions and tokens, and attempts that no longer count. */
    async trim(): Promise<void> {
      await store.deleteExpired();
      await limits.trim();
    },
  };

  async function verify(email: string, password: string) {
    const user = await store.findUserByEmail(email);
    return { user, isRight: await passwords.verify(password, user?.passwordHash ?? null) };
  }
}
export type AuthService = ReturnType<typeof createAuthService>;
