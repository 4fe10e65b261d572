import { AppError, conflict, invalid, notFound } from "@portico/core";
import { hashToken, newToken } from "@portico/core/tokens";
import type { Tx } from "../db/client.ts";
import type { Actor } from "./actor.ts";
import type { TokenStore } from "./token-store.ts";

export const maxTokens = 50;

export type TokenRequest = {
  userId: number;
  name: string;
  /** null: as long as what it is made with. */
  expiresAt: Date | null;
  /** Ends the tokens of that name. */
  replaces?: string;
};

/**
 * The only place that makes API tokens. A token never outlives what it was made with: it expires with the token that made it at the
 * latest, and one that people make for themselves with a token ends when that token does.
 */
export function createTokenMint({ store, now = () => new Date() }: { store: TokenStore; now?: () => Date }) {
  function expiryOf(actor: Actor, asked: Date | null): Date | null {
    if (asked && asked <= now()) throw invalid("expires_at", "must be in the future");
    const most = actor.credential?.kind === "token" ? actor.credential.expiresAt : null;
    if (asked && most && asked > most)
      throw invalid("expires_at", `must not be later than ${most.toISOString()}, when the token that you are using expires`);
    return asked ?? most;
  }

  return {
    /** The token's value is in this answer only. */
    async mint(tx: Tx, actor: Actor, { userId, name, expiresAt, replaces }: TokenRequest) {
      const expiry = expiryOf(actor, expiresAt);
      if (!(await store.lockUser(tx, userId))) throw notFound("User");
      // It may have ended while this waited for the lock, with the password it was made with.
      if (actor.credential && !(await store.lockCredential(tx, actor.credential)))
        throw new AppError({ code: "unauthenticated", message: "The session or API token has ended." });
      const replaced = replaces === undefined ? [] : await store.named(tx, userId, replaces);
      await store.remove(
        tx,
        replaced.map(({ id }) => id),
      );
      if ((await store.count(tx, userId)) >= maxTokens)
        throw conflict(`This account has ${maxTokens} API tokens, which is the limit. Revoke one that is no longer used.`);
      const value = newToken("pt");
      const row = await store.insert(tx, {
        userId,
        name,
        tokenHash: hashToken(value),
        hint: value.slice(0, 8),
        expiresAt: expiry,
        parentId: await parentOf(tx, actor, userId, replaced),
      });
      return { ...row, token: value };
    },
  };

  async function parentOf(
    tx: Tx,
    actor: Actor,
    userId: number,
    replaced: { id: number; parentId: number | null }[],
  ): Promise<number | null> {
    if (actor.credential?.kind !== "token" || actor.userId !== userId) return null;
    const { id } = actor.credential;
    const self = replaced.find((one) => one.id === id);
    const parent = self ? self.parentId : id;
    // Replacing a token ends what it made, which may be what the caller showed.
    return parent !== null && (await store.exists(tx, parent)) ? parent : null;
  }
}
export type TokenMint = ReturnType<typeof createTokenMint>;
