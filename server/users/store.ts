import { conflict, defined, invalid } from "@portico/core";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Prisma } from "../db/generated/client.ts";
import { createListing, inNaturalOrder, loadPage } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import type { UserProfile } from "./contract.ts";

/** An account without passwords and keys. */
export type User = Omit<Prisma.UserGetPayload<{ select: typeof columns }>, "groups" | "tokens" | "metadata"> & {
  groups: { id: number; name: string }[];
  hasApiKey: boolean;
  metadata: Record<string, unknown>;
};

/** Name of the API token that `roll-api-key` replaces. */
export const apiKeyName = "API key";
export const defaultGroup = "Default";

const sorts = {
  id: "t.id",
  name: inNaturalOrder("t.name"),
  email: inNaturalOrder("t.email"),
  is_admin: "t.is_admin",
  created_at: "t.created_at",
  updated_at: "t.updated_at",
};
export const userSorts = Object.keys(sorts);

export type UserFilters = { group_id?: number | undefined; exclude_group_id?: number | undefined; is_admin?: boolean | undefined };

export function createUserStore(db: Db, counts: Counts) {
  const listing = createListing<{ id: number }, UserFilters>(
    { db, counts },
    {
      kinds: ["user", "group"],
      from: "users t",
      sorts,
      search: ["t.name", "t.email"],
      filters: {
        group_id: "EXISTS (SELECT 1 FROM user_groups g WHERE g.user_id = t.id AND g.group_id = ?)",
        is_admin: "t.is_admin = ?",
        exclude_group_id: "NOT EXISTS (SELECT 1 FROM user_groups g WHERE g.user_id = t.id AND g.group_id = ?)",
      },
    },
  );
  return {
    list: async (query: ListQuery, filters: UserFilters): Promise<Page<User>> =>
      loadPage(await listing.page(query, filters), async (ids) =>
        (await db.prisma.user.findMany({ where: { id: { in: ids } }, select: columns })).map(toUser),
      ),

    async find(id: number): Promise<User | undefined> {
      const row = await db.prisma.user.findUnique({ where: { id }, select: columns });
      return row ? toUser(row) : undefined;
    },

    /**
     * Locks the person, and all administrators, so that two who demote or delete one another at once cannot both succeed.
     * @returns undefined when there is no such person.
     */
    async lockWithAdmins(tx: Tx, id: number): Promise<{ isAdmin: boolean; updatedAt: Date; otherAdmins: number } | undefined> {
      const rows = await tx.$queryRaw<{ id: number; isAdmin: boolean; updatedAt: Date }[]>`
        SELECT id, is_admin AS "isAdmin", updated_at AS "updatedAt" FROM users WHERE id = ${id} OR is_admin ORDER BY id FOR UPDATE`;
      const self = rows.find((row) => row.id === id);
      return self && { ...self, otherAdmins: rows.filter((row) => row.isAdmin && row.id !== id).length };
    },

    async insert(tx: Tx, profile: UserProfile, { passwordHash, metadata }: Extras): Promise<User> {
      const groupIds = await existingGroups(tx, profile.groups);
      const row = await tx.user
        .create({
          data: {
            ...toColumns(profile),
            ...defined({ passwordHash }),
            metadata: metadata as object,
            groups: { create: groupIds.map((groupId) => ({ groupId })) },
          },
          select: columns,
        })
        .catch(onEmailTaken(profile.email));
      return toUser(row);
    },

    async update(tx: Tx, id: number, profile: UserProfile, { passwordHash, skipQuickStart, metadata }: Changes): Promise<User> {
      const groupIds = await existingGroups(tx, profile.groups);
      const row = await tx.user
        .update({
          where: { id },
          data: {
            ...toColumns(profile),
            ...defined({ passwordHash, skipQuickStart }),
            metadata: metadata as object,
            groups: {
              deleteMany: { groupId: { notIn: groupIds } },
              createMany: { data: groupIds.map((groupId) => ({ groupId })), skipDuplicates: true },
            },
          },
          select: columns,
        })
        .catch(onEmailTaken(profile.email));
      return toUser(row);
    },

    /** Those of the ids that are groups, in the order of their ids. */
    groupsNamed: (ids: number[]): Promise<{ id: number; name: string }[]> =>
      db.prisma.group.findMany({ where: { id: { in: ids } }, select: { id: true, name: true }, orderBy: { id: "asc" } }),

    delete: (tx: Tx, id: number) => tx.user.deleteMany({ where: { id } }),
    endSessions: async (tx: Tx, userId: number) => (await tx.userSession.deleteMany({ where: { userId } })).count,
    /** With them goes what is known of where the person signs in: somebody else may have done so. */
    async endTokens(tx: Tx, userId: number): Promise<number> {
      await tx.signInAddress.deleteMany({ where: { userId } });
      return (await tx.apiToken.deleteMany({ where: { userId } })).count;
    },
    skipQuickStart: (tx: Tx, id: number) => tx.user.updateMany({ where: { id }, data: { skipQuickStart: true } }),

    async dependents(id: number) {
      const [apps, appCount, tokens, tokenCount] = await Promise.all([
        db.prisma.app.findMany({ where: { userId: id }, select: { id: true, name: true }, orderBy: { name: "asc" }, take: 100 }),
        db.prisma.app.count({ where: { userId: id } }),
        db.prisma.apiToken.findMany({ where: { userId: id }, select: { id: true, name: true }, orderBy: { name: "asc" }, take: 100 }),
        db.prisma.apiToken.count({ where: { userId: id } }),
      ]);
      return { apps, tokens, total: appCount + tokenCount };
    },
  };
}
export type UserStore = ReturnType<typeof createUserStore>;

/** `passwordHash` undefined keeps the stored one. */
type Extras = { passwordHash: string | undefined; metadata: Record<string, unknown> };
type Changes = Extras & { skipQuickStart: boolean | undefined };

/** The ids asked for and Default's. @throws AppError validation_failed for an id without a group. */
async function existingGroups(tx: Tx, ids: number[]): Promise<number[]> {
  const groups = await tx.group.findMany({ where: { OR: [{ id: { in: ids } }, { name: defaultGroup }] }, select: { id: true } });
  const found = groups.map((group) => group.id);
  const absent = ids.find((id) => !found.includes(id));
  if (absent !== undefined) throw invalid("groups", `there is no group ${absent}`);
  return found;
}

const onEmailTaken = (email: string) => onUnique(() => conflict(`A user with the e-mail address ${email} already exists.`, "email"));

const columns = {
  id: true,
  email: true,
  name: true,
  isAdmin: true,
  showPortal: true,
  showChat: true,
  emailVerified: true,
  notificationsEnabled: true,
  accessToSsoConfig: true,
  metadata: true,
  createdAt: true,
  updatedAt: true,
  groups: { select: { group: { select: { id: true, name: true } } }, orderBy: { groupId: "asc" } },
  tokens: { where: { name: apiKeyName }, select: { id: true }, take: 1 },
} satisfies Prisma.UserSelect;

const toUser = ({ groups, tokens, metadata, ...row }: Prisma.UserGetPayload<{ select: typeof columns }>): User => ({
  ...row,
  groups: groups.map(({ group }) => group),
  hasApiKey: tokens.length > 0,
  metadata: metadata as Record<string, unknown>,
});

const toColumns = (profile: UserProfile) =>
  defined({
    email: profile.email,
    name: profile.name,
    isAdmin: profile.is_admin,
    showPortal: profile.show_portal,
    showChat: profile.show_chat,
    emailVerified: profile.email_verified,
    notificationsEnabled: profile.notifications_enabled,
    accessToSsoConfig: profile.access_to_sso_config,
  });
