import type { Db, Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Prisma } from "../db/generated/client.ts";
import { createListing, inNaturalOrder, loadPage } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";

/** A credential without its secret, which nobody can read again. */
export type Credential = {
  id: number;
  appId: number;
  appName: string;
  keyId: string;
  hint: string;
  active: boolean;
  createdAt: Date;
  updatedAt: Date;
};

const sorts = {
  id: "t.id",
  active: "t.active",
  app_name: inNaturalOrder("a.name"),
  created_at: "t.created_at",
  updated_at: "t.updated_at",
};
export const credentialSorts = Object.keys(sorts);

export type CredentialFilters = { active?: boolean | undefined; app_id?: number | undefined };

/** The control plane's own credential is not seen through here. */
const visible = { app: { isSystem: false } } satisfies Prisma.CredentialWhereInput;

export function createCredentialStore(db: Db, counts: Counts) {
  const listing = createListing<{ id: number }, CredentialFilters>(
    { db, counts },
    {
      kinds: ["credential", "app"],
      from: "credentials t JOIN apps a ON a.id = t.app_id",
      where: "NOT a.is_system",
      sorts,
      search: ["a.name", "t.hint"],
      filters: { active: "t.active = ?", app_id: "t.app_id = ?" },
    },
  );
  const find = async (where: Prisma.CredentialWhereInput): Promise<Credential | undefined> => {
    const row = await db.prisma.credential.findFirst({ where: { AND: [visible, where] }, select: columns });
    return row ? toCredential(row) : undefined;
  };
  return {
    list: async (query: ListQuery, filters: CredentialFilters): Promise<Page<Credential>> =>
      loadPage(await listing.page(query, filters), async (ids) =>
        (await db.prisma.credential.findMany({ where: { id: { in: ids } }, select: columns })).map(toCredential),
      ),
    find: (id: number) => find({ id }),
    findByKeyId: (keyId: string) => find({ keyId }),

    async insert(tx: Tx, row: { appId: number; keyId: string; secretHash: string; hint: string; active: boolean }): Promise<Credential> {
      return toCredential(await tx.credential.create({ data: row, select: columns }));
    },

    /** Credentials of an app or of all apps of a user, locked for the transaction, oldest first. */
    async lockAll(tx: Tx, of: { appId: number } | { userId: number }): Promise<Credential[]> {
      const app = "appId" in of ? { id: of.appId } : { userId: of.userId };
      if ("appId" in of) await tx.$queryRaw`SELECT id FROM credentials WHERE app_id = ${of.appId} ORDER BY id FOR UPDATE`;
      else
        await tx.$queryRaw`SELECT c.id FROM credentials c JOIN apps a ON a.id = c.app_id WHERE a.user_id = ${of.userId} ORDER BY c.id FOR UPDATE OF c`;
      const rows = await tx.credential.findMany({ where: { app: { ...app, isSystem: false } }, select: columns, orderBy: { id: "asc" } });
      return rows.map(toCredential);
    },

    setActive: (tx: Tx, ids: number[], active: boolean) =>
      tx.credential.updateMany({ where: { id: { in: ids }, ...visible, active: !active }, data: { active } }),

    delete: (tx: Tx, id: number) => tx.credential.deleteMany({ where: { id, ...visible } }),
  };
}
export type CredentialStore = ReturnType<typeof createCredentialStore>;

const columns = {
  id: true,
  appId: true,
  keyId: true,
  hint: true,
  active: true,
  createdAt: true,
  updatedAt: true,
  app: { select: { name: true } },
} satisfies Prisma.CredentialSelect;

const toCredential = ({ app, ...row }: Prisma.CredentialGetPayload<{ select: typeof columns }>): Credential => ({
  ...row,
  appName: app.name,
});
