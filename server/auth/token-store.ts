import type { Tx } from "../db/client.ts";
import type { Credential } from "./actor.ts";

export const tokenStore = {
  /** Changes of the account wait until this transaction ends. @returns false when there is no such person. */
  async lockUser(tx: Tx, userId: number): Promise<boolean> {
    const rows = await tx.$queryRaw<unknown[]>`SELECT id FROM users WHERE id = ${userId} FOR UPDATE`;
    return rows.length > 0;
  },
  /** @returns whether it still stands; then it cannot end before this transaction does. */
  async lockCredential(tx: Tx, { kind, id }: Credential): Promise<boolean> {
    const rows =
      kind === "session"
        ? await tx.$queryRaw<unknown[]>`SELECT id FROM user_sessions WHERE id = ${id} AND expires_at > now() FOR KEY SHARE`
        : await tx.$queryRaw<
            unknown[]
          >`SELECT id FROM api_tokens WHERE id = ${id} AND (expires_at IS NULL OR expires_at > now()) FOR KEY SHARE`;
    return rows.length > 0;
  },
  count: (tx: Tx, userId: number) => tx.apiToken.count({ where: { userId, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] } }),
  named: (tx: Tx, userId: number, name: string) => tx.apiToken.findMany({ where: { userId, name }, select: { id: true, parentId: true } }),
  exists: async (tx: Tx, id: number) => (await tx.apiToken.count({ where: { id } })) > 0,
  remove: (tx: Tx, ids: number[]) => tx.apiToken.deleteMany({ where: { id: { in: ids } } }),
  insert: (
    tx: Tx,
    token: { userId: number; name: string; tokenHash: string; hint: string; expiresAt: Date | null; parentId: number | null },
  ) => tx.apiToken.create({ data: token }),
};
export type TokenStore = typeof tokenStore;
