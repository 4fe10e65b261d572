import type { Db, Tx } from "../db/client.ts";
import type { Actor, Credential } from "./actor.ts";

/** Somebody who showed a valid session or token. */
export type Bearer = { actor: Omit<Actor, "via" | "requestId" | "ip"> & { credential: Credential } };

const userColumns = { id: true, name: true, email: true, isAdmin: true } as const;

export function createAuthStore(db: Db) {
  const toActor = (user: { id: number; name: string; email: string; isAdmin: boolean }) => ({
    userId: user.id,
    name: user.name,
    email: user.email,
    isAdmin: user.isAdmin,
  });
  return {
    async findSession(tokenHash: string): Promise<Bearer | undefined> {
      const row = await db.prisma.userSession.findFirst({
        where: { tokenHash, expiresAt: { gt: new Date() } },
        select: { id: true, expiresAt: true, user: { select: userColumns } },
      });
      return row ? { actor: { ...toActor(row.user), credential: { kind: "session", id: row.id, expiresAt: row.expiresAt } } } : undefined;
    },
    async findApiToken(tokenHash: string): Promise<Bearer | undefined> {
      const row = await db.prisma.apiToken.findFirst({
        where: { tokenHash, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }], user: { emailVerified: true } },
        select: { id: true, expiresAt: true, user: { select: userColumns } },
      });
      if (!row) return undefined;
      void db.prisma.apiToken
        .updateMany({
          where: { id: row.id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: new Date(Date.now() - 60_000) } }] },
          data: { lastUsedAt: new Date() },
        })
        .catch(() => {});
      return { actor: { ...toActor(row.user), credential: { kind: "token", id: row.id, expiresAt: row.expiresAt } } };
    },
    findUserByEmail: (email: string) =>
      db.prisma.user.findUnique({ where: { email }, select: { ...userColumns, passwordHash: true, emailVerified: true } }),
    /** @returns false when the password or the account is no longer what was verified. */
    async insertSession(session: {
      user: { id: number; passwordHash: string | null };
      tokenHash: string;
      userAgent: string;
      expiresAt: Date;
    }): Promise<boolean> {
      const { user, tokenHash, userAgent, expiresAt } = session;
      const { rowCount } = await db.sql.query(
        `WITH same AS (SELECT id FROM users WHERE id = $1 AND password_hash = $2 AND email_verified FOR SHARE)
         INSERT INTO user_sessions (user_id, token_hash, user_agent, expires_at) SELECT id, $3, $4, $5 FROM same`,
        [user.id, user.passwordHash, tokenHash, userAgent, expiresAt],
      );
      return rowCount === 1;
    },
    /** Every replica hears of it, like of a committed event; there is no row to look up. */
    async deleteSession(tokenHash: string): Promise<void> {
      await db.sql.query(
        `WITH gone AS (DELETE FROM user_sessions WHERE token_hash = $1 RETURNING user_id)
         SELECT pg_notify('portico_outbox', '0 system.session.ended ' || user_id) FROM gone`,
        [tokenHash],
      );
    },
    async deleteExpired(): Promise<void> {
      const expired = { expiresAt: { lt: new Date() } };
      await db.prisma.userSession.deleteMany({ where: expired });
      await db.prisma.apiToken.deleteMany({ where: expired });
    },
    listApiTokens: (userId: number) =>
      db.prisma.apiToken.findMany({
        where: { userId },
        orderBy: { id: "asc" },
        select: { id: true, name: true, hint: true, createdAt: true, expiresAt: true, lastUsedAt: true },
      }),
    deleteApiToken: (tx: Tx, userId: number, id: number) => tx.apiToken.deleteMany({ where: { id, userId } }),
    findMe: (userId: number) =>
      db.prisma.user.findUnique({
        where: { id: userId },
        select: {
          ...userColumns,
          showChat: true,
          showPortal: true,
          accessToSsoConfig: true,
          skipQuickStart: true,
          groups: { select: { group: { select: { id: true, name: true } } } },
        },
      }),
  };
}
export type AuthStore = ReturnType<typeof createAuthStore>;
