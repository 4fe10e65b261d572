import { AppError, conflict, invalid, notFound } from "@portico/core";
import type { AppService } from "../apps/service.ts";
import type { Actor } from "../auth/actor.ts";
import { faultOfPassword } from "../auth/password-rules.ts";
import type { Passwords } from "../auth/passwords.ts";
import type { TokenMint } from "../auth/token-mint.ts";
import type { Db } from "../db/client.ts";
import { fromFreshRead, StaleRead } from "../db/fresh.ts";
import { record, recordAll } from "../db/journal.ts";
import type { ListQuery } from "../db/paging.ts";
import type { ObjectHooks } from "../plugins/hooks/types.ts";
import { type UserDraft, type UserPatch, UserProfile } from "./contract.ts";
import { hookableUser } from "./hookable.ts";
import { apiKeyName, type User, type UserFilters, type UserStore } from "./store.ts";
import { toProfile } from "./wire.ts";

/** The first administrator: whatever else is done, somebody can still get in. */
const superAdminId = 1;

export function createUserService({
  db,
  store,
  apps,
  hooks,
  passwords,
  mint,
}: {
  db: Db;
  store: UserStore;
  apps: Pick<AppService, "orphan">;
  hooks: ObjectHooks;
  passwords: Pick<Passwords, "hash">;
  mint: TokenMint;
}) {
  const judge = hooks.judge(hookableUser({ store }));

  async function get(id: number): Promise<User> {
    const user = await store.find(id);
    if (!user) throw notFound("User");
    return user;
  }

  async function hashOf(password: string | undefined, profile: UserProfile): Promise<string | undefined> {
    if (!password) return undefined;
    const fault = faultOfPassword(password, profile);
    if (fault) throw invalid("password", fault);
    return passwords.hash(password);
  }

  async function update(actor: Actor, id: number, { password, skip_quick_start, ...changes }: UserPatch): Promise<Updated> {
    const current = await get(id);
    if (password || (changes.email !== undefined && changes.email !== current.email)) guardOwner(actor, id);
    // Rights that only administrators have go with the administration, unless the caller names them.
    const demoted = changes.is_admin === false ? { notifications_enabled: false, access_to_sso_config: false } : {};
    const draft = UserProfile.parse({ ...toProfile(current), ...demoted, ...changes });
    const accepted = await judge.update(actor, current, draft);
    const profile = accepted.draft;
    const passwordHash = await hashOf(password, profile);
    return db.transaction(async (tx) => {
      const locked = await store.lockWithAdmins(tx, id);
      if (!locked) throw notFound("User");
      if (locked.updatedAt.getTime() !== current.updatedAt.getTime()) throw new StaleRead();
      if (locked.isAdmin && !(profile.is_admin && profile.email_verified))
        keepAnAdmin(id, locked.otherAdmins, "lose their administrator role");
      const user = await store.update(tx, id, profile, {
        passwordHash,
        skipQuickStart: skip_quick_start,
        metadata: { ...current.metadata, ...accepted.metadata },
      });
      const isOtherRole = locked.isAdmin !== profile.is_admin;
      const sessions = passwordHash || !profile.email_verified || isOtherRole ? await store.endSessions(tx, id) : 0;
      const tokens = passwordHash ? await store.endTokens(tx, id) : 0;
      await record(tx, accepted.updated(user, { ...changes, skip_quick_start, ...(passwordHash ? { password: "changed" } : {}) }));
      return { user, ended: { sessions, tokens } };
    });
  }

  return {
    list: (query: ListQuery, filters: UserFilters) => store.list(query, filters),
    get,

    async create(actor: Actor, { password, ...draft }: UserDraft): Promise<User> {
      const accepted = await judge.create(actor, draft);
      const profile = accepted.draft;
      const passwordHash = await hashOf(password, profile);
      return db.transaction(async (tx) => {
        const user = await store.insert(tx, profile, { passwordHash, metadata: accepted.metadata });
        await record(tx, accepted.created(user));
        return user;
      });
    },

    /**
     * A new password ends that person's sessions and API tokens. Another role, or an address no longer verified, ends the sessions;
     * tokens have the rights that their owner has at each call.
     */
    update: (actor: Actor, id: number, patch: UserPatch): Promise<Updated> => fromFreshRead(() => update(actor, id, patch)),

    /** Apps stay without an owner and their credentials stop working; sessions, tokens and group places go. */
    async delete(actor: Actor, id: number): Promise<void> {
      const user = await get(id);
      if (id === superAdminId && user.isAdmin) keepAnAdmin(id, 1, "be deleted");
      const accepted = await judge.remove(actor, user);
      await db.transaction(async (tx) => {
        const locked = await store.lockWithAdmins(tx, id);
        if (!locked) throw notFound("User");
        if (locked.isAdmin) keepAnAdmin(id, locked.otherAdmins, "be deleted");
        await apps.orphan(tx, actor, id);
        await store.delete(tx, id);
        await record(tx, accepted.deleted({ email: user.email, name: user.name }));
      });
    },

    /** A new API key in place of the former one, if any. It is in this answer only. */
    async rollApiKey(actor: Actor, id: number): Promise<{ user: User; apiKey: string }> {
      const user = await get(id);
      guardOwner(actor, id);
      const apiKey = await db.transaction(async (tx) => {
        const token = await mint.mint(tx, actor, { userId: id, name: apiKeyName, expiresAt: null, replaces: apiKeyName });
        await recordAll(tx, [
          { kind: "api_token", action: "created", id: token.id, actor, changes: { user_id: id, email: user.email } },
          judge.unjudged(actor, user, { ...user, hasApiKey: true }, { api_key: "rolled" }),
        ]);
        return token.token;
      });
      return { user, apiKey };
    },

    async skipQuickStart(actor: Actor, id: number): Promise<void> {
      await db.transaction(async (tx) => {
        const { count } = await store.skipQuickStart(tx, id);
        if (count === 0) throw notFound("User");
        await record(tx, { kind: "user", action: "updated", id, actor, changes: { skip_quick_start: true } });
      });
    },

    async dependents(id: number) {
      await get(id);
      return store.dependents(id);
    },
  };
}
export type UserService = ReturnType<typeof createUserService>;

/** The account as it is now, and what its change ended. */
export type Updated = { user: User; ended: { sessions: number; tokens: number } };

/** What one signs in with as the super administrator is nobody else's to set, whatever their rights. */
function guardOwner(actor: Actor, id: number): void {
  if (id !== superAdminId || actor.userId === superAdminId) return;
  throw new AppError({
    code: "forbidden",
    message: `Only the super administrator (user ${superAdminId}) may set this account's e-mail address, password or API key.`,
  });
}

function keepAnAdmin(id: number, otherAdmins: number, fate: string): void {
  if (id === superAdminId) throw conflict(`The super administrator (user ${superAdminId}) cannot ${fate}.`);
  if (otherAdmins === 0) throw conflict(`The last administrator cannot ${fate}: make another user an administrator first.`);
}
