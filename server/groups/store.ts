import { conflict, defined, invalid, notFound } from "@portico/core";
import { type CatalogueKind, catalogueKinds, fieldOf, inSentence, nounOf } from "../catalogues/kinds.ts";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Prisma } from "../db/generated/client.ts";
import { createListing, inNaturalOrder, loadPage } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import { defaultGroup } from "../users/store.ts";
import type { GroupCatalogues } from "./contract.ts";

export type Group = {
  id: number;
  name: string;
  selfService: boolean;
  userCount: number;
  isDefault: boolean;
  catalogues: { id: number; kind: CatalogueKind; name: string }[];
  createdAt: Date;
  updatedAt: Date;
};

const sorts = {
  id: "t.id",
  name: inNaturalOrder("t.name"),
  user_count: "(SELECT count(*) FROM user_groups g WHERE g.group_id = t.id)",
  created_at: "t.created_at",
  updated_at: "t.updated_at",
};
export const groupSorts = Object.keys(sorts);

export function createGroupStore(db: Db, counts: Counts) {
  const listing = createListing({ db, counts }, { kinds: ["group"], from: "groups t", sorts, search: ["t.name"], filters: {} });

  return {
    list: async (query: ListQuery): Promise<Page<Group>> =>
      loadPage(await listing.page(query, {}), async (ids) =>
        (await db.prisma.group.findMany({ where: { id: { in: ids } }, select: columns })).map(toGroup),
      ),

    async find(id: number): Promise<Group | undefined> {
      const row = await db.prisma.group.findUnique({ where: { id }, select: columns });
      return row ? toGroup(row) : undefined;
    },

    insert: (tx: Tx, { name, self_service }: { name: string; self_service: boolean }): Promise<{ id: number }> =>
      tx.group.create({ data: { name, selfService: self_service }, select: { id: true } }).catch(onNameTaken(name)),

    /** Locks the group for the transaction. @returns false when it is gone. */
    lock: async (tx: Tx, id: number): Promise<boolean> =>
      (await tx.$queryRaw<unknown[]>`SELECT id FROM groups WHERE id = ${id} FOR UPDATE`).length > 0,

    update: (tx: Tx, id: number, { name, self_service }: { name?: string | undefined; self_service?: boolean | undefined }) =>
      tx.group.update({ where: { id }, data: defined({ name, selfService: self_service }), select: { id: true } }).catch(onNameTaken(name)),

    delete: (tx: Tx, id: number) => tx.group.deleteMany({ where: { id } }),

    /** @throws AppError validation_failed for an id without a user. */
    async addMembers(tx: Tx, groupId: number, userIds: number[], field: string): Promise<void> {
      const found = await tx.user.findMany({ where: { id: { in: userIds } }, select: { id: true } });
      const absent = userIds.find((id) => !found.some((user) => user.id === id));
      if (absent !== undefined) throw invalid(field, `there is no user ${absent}`);
      await tx.userGroup.createMany({ data: found.map(({ id }) => ({ groupId, userId: id })), skipDuplicates: true });
    },

    removeMember: (tx: Tx, groupId: number, userId: number) => tx.userGroup.deleteMany({ where: { groupId, userId } }),
    removeMembersBut: (tx: Tx, groupId: number, userIds: number[]) =>
      tx.userGroup.deleteMany({ where: { groupId, userId: { notIn: userIds } } }),

    /** Of each kind that is named, exactly these. @throws AppError validation_failed for an id without a catalogue of the kind. */
    async replaceCatalogues(tx: Tx, groupId: number, wanted: GroupCatalogues): Promise<void> {
      for (const kind of catalogueKinds) {
        const ids = wanted[fieldOf[kind]];
        if (!ids) continue;
        await tx.groupCatalogue.deleteMany({ where: { groupId, catalogue: { kind }, catalogueId: { notIn: ids } } });
        await addCatalogues(tx, { groupId, kind, ids, field: fieldOf[kind] });
      }
    },

    addCatalogue: (tx: Tx, groupId: number, kind: CatalogueKind, id: number) =>
      addCatalogues(tx, { groupId, kind, ids: [id], field: "id" }),

    async removeCatalogue(tx: Tx, groupId: number, kind: CatalogueKind, catalogueId: number): Promise<void> {
      const { count } = await tx.groupCatalogue.deleteMany({ where: { groupId, catalogueId, catalogue: { kind } } });
      if (count === 0) throw notFound(nounOf[kind]);
    },

    async dependents(id: number) {
      const [users, members, pages] = await Promise.all([
        db.prisma.user.findMany({
          where: { groups: { some: { groupId: id } } },
          select: { id: true, name: true },
          orderBy: { name: "asc" },
          take: 100,
        }),
        db.prisma.userGroup.count({ where: { groupId: id } }),
        db.prisma.$queryRaw<{ id: number; name: string }[]>`
          SELECT DISTINCT p.id, p.name FROM plugins p JOIN plugin_ui_routes r ON r.plugin_id = p.id JOIN groups g ON g.name = ANY (r.allowed_groups)
          WHERE g.id = ${id} ORDER BY p.name LIMIT 100`,
      ]);
      return { users, plugins: pages, total: members + pages.length };
    },
  };
}
export type GroupStore = ReturnType<typeof createGroupStore>;

async function addCatalogues(
  tx: Tx,
  { groupId, kind, ids, field }: { groupId: number; kind: CatalogueKind; ids: number[]; field: string },
): Promise<void> {
  const found = await tx.catalogue.findMany({ where: { id: { in: ids }, kind }, select: { id: true } });
  const absent = ids.find((id) => !found.some((catalogue) => catalogue.id === id));
  if (absent !== undefined) throw invalid(field, `there is no ${inSentence(nounOf[kind])} ${absent}`);
  await tx.groupCatalogue.createMany({ data: ids.map((catalogueId) => ({ groupId, catalogueId })), skipDuplicates: true });
}

const onNameTaken = (name = "") => onUnique(() => conflict(`A group named "${name}" already exists.`, "name"));

const columns = {
  id: true,
  name: true,
  selfService: true,
  createdAt: true,
  updatedAt: true,
  _count: { select: { users: true } },
  catalogues: {
    select: { catalogue: { select: { id: true, kind: true, name: true } } },
    orderBy: [{ catalogue: { name: "asc" } }, { catalogueId: "asc" }],
  },
} satisfies Prisma.GroupSelect;

const toGroup = ({ _count, catalogues, ...row }: Prisma.GroupGetPayload<{ select: typeof columns }>): Group => ({
  ...row,
  userCount: _count.users,
  catalogues: catalogues.map(({ catalogue }) => ({ ...catalogue, kind: catalogue.kind as CatalogueKind })),
  isDefault: row.name === defaultGroup,
});
