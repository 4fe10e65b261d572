import { conflict, invalid } from "@portico/core";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import type { Prisma } from "../db/generated/client.ts";
import { type ListQuery, type Page, pageOf } from "../db/paging.ts";
import { contains } from "../db/search.ts";
import { defaultGroup } from "../users/store.ts";

export type Group = { id: number; name: string; userCount: number; isDefault: boolean; createdAt: Date; updatedAt: Date };

const order = {
  id: (to) => ({ id: to }),
  name: (to) => ({ name: to }),
  user_count: (to) => ({ users: { _count: to } }),
  created_at: (to) => ({ createdAt: to }),
  updated_at: (to) => ({ updatedAt: to }),
} satisfies Record<string, (to: Prisma.SortOrder) => Prisma.GroupOrderByWithRelationInput>;
export const groupSorts = Object.keys(order);

export function createGroupStore(db: Db) {
  return {
    async list(query: ListQuery): Promise<Page<Group>> {
      const { q, sort, size, offset } = query;
      const where: Prisma.GroupWhereInput = q ? { name: contains(q) } : {};
      const by = order[sort.column as keyof typeof order](sort.descending ? "desc" : "asc");
      const [rows, total] = await Promise.all([
        db.prisma.group.findMany({ where, select: columns, orderBy: [by, { id: "asc" }], take: size, skip: offset }),
        db.prisma.group.count({ where }),
      ]);
      return pageOf(query, rows.map(toGroup), total);
    },

    async find(id: number): Promise<Group | undefined> {
      const row = await db.prisma.group.findUnique({ where: { id }, select: columns });
      return row ? toGroup(row) : undefined;
    },

    insert: (tx: Tx, name: string): Promise<{ id: number }> =>
      tx.group.create({ data: { name }, select: { id: true } }).catch(onNameTaken(name)),

    /** Locks the group for the transaction. @returns false when it is gone. */
    lock: async (tx: Tx, id: number): Promise<boolean> =>
      (await tx.$queryRaw<unknown[]>`SELECT id FROM groups WHERE id = ${id} FOR UPDATE`).length > 0,

    rename: (tx: Tx, id: number, name: string) =>
      tx.group.update({ where: { id }, data: { name }, select: { id: true } }).catch(onNameTaken(name)),

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

    async dependents(id: number) {
      const [users, pages] = await Promise.all([
        db.prisma.user.findMany({
          where: { groups: { some: { groupId: id } } },
          select: { id: true, name: true },
          orderBy: { name: "asc" },
          take: 100,
        }),
        db.prisma.$queryRaw<{ id: number; name: string }[]>`
          SELECT DISTINCT p.id, p.name FROM plugins p JOIN plugin_ui_routes r ON r.plugin_id = p.id JOIN groups g ON g.name = ANY (r.allowed_groups)
          WHERE g.id = ${id} ORDER BY p.name LIMIT 100`,
      ]);
      return { users, plugins: pages };
    },
  };
}
export type GroupStore = ReturnType<typeof createGroupStore>;

const onNameTaken = (name: string) => onUnique(() => conflict(`A group named "${name}" already exists.`, "name"));

const columns = {
  id: true,
  name: true,
  createdAt: true,
  updatedAt: true,
  _count: { select: { users: true } },
} satisfies Prisma.GroupSelect;

const toGroup = ({ _count, ...row }: Prisma.GroupGetPayload<{ select: typeof columns }>): Group => ({
  ...row,
  userCount: _count.users,
  isDefault: row.name === defaultGroup,
});
