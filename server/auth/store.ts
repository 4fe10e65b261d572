import type { Db, Tx } from "../db/client.ts";
import type { Actor } from "./actor.ts";

/** Whoever holds a valid token, and until when it is valid. */
export type Bearer = { actor: Omit<Actor, "via" | "requestId" | "ip">; expiresAt: Date | null };

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
        select: { expiresAt: true, user: { select: userColumns } },
      });
      return row ? { actor: toActor(row.user), expiresAt: row.expiresAt } : undefined;
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
      return { actor: toActor(row.user), expiresAt: row.expiresAt };
    },
    findUserByEmail: (email: string) =>
      db.prisma.user.findUnique({ where: { email }, select: { ...userColumns, passwordHash: true, emailVerified: true } }),
    insertSession: (session: { userId: number; tokenHash: string; userAgent: string; expiresAt: Date }) =>
      db.prisma.userSession.create({ data: session, select: { id: true } }),
    deleteSession: (tokenHash: string) => db.prisma.userSession.deleteMany({ where: { tokenHash } }),
    deleteExpiredSessions: () => db.prisma.userSession.deleteMany({ where: { expiresAt: { lt: new Date() } } }),
    listApiTokens: (userId: number) =>
      db.prisma.apiToken.findMany({
        where: { userId },
        orderBy: { id: "asc" },
        select: { id: true, name: true, hint: true, createdAt: true, expiresAt: true, lastUsedAt: true },
      }),
    insertApiToken: (tx: Tx, token: { userId: number; name: string; tokenHash: string; hint: string; expiresAt: Date | null }) =>
      tx.apiToken.create({ data: token }),
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
    countUsers: () => db.prisma.user.count(),
  };
}
export type AuthStore = ReturnType<typeof createAuthStore>;
