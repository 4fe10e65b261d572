import { defined } from "@portico/core";
import type { Db, Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import { createListing, inNaturalOrder, selectAs } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import type { TagDraft, TagPatch } from "./contract.ts";

export type Tag = { id: number; name: string; createdAt: Date; updatedAt: Date };

/** `name_prefix`: the beginning of the name, whatever its case. */
export type TagFilters = { name_prefix?: string | undefined };

export type TagDependents = { catalogues: { id: number; kind: string; name: string }[]; total: number };

export type TagStore = {
  list(query: ListQuery, filters: TagFilters): Promise<Page<Tag>>;
  find(id: number): Promise<Tag | undefined>;
  insert(tx: Tx, draft: TagDraft): Promise<Tag>;
  /** Writes what is named. */
  update(tx: Tx, id: number, patch: TagPatch): Promise<Tag>;
  /** @returns how many there were. */
  delete(tx: Tx, id: number): Promise<number>;
  dependents(id: number): Promise<TagDependents>;
};

const sorts = { id: "t.id", name: inNaturalOrder("t.name"), created_at: "t.created_at", updated_at: "t.updated_at" };
export const tagSorts = Object.keys(sorts);

export function createTagStore(db: Db, counts: Counts): TagStore {
  const listing = createListing<Tag, TagFilters>(
    { db, counts },
    {
      kinds: ["tag"],
      from: "tags t",
      select: selectAs<Tag>({ id: "t.id", name: "t.name", createdAt: "t.created_at", updatedAt: "t.updated_at" }),
      sorts,
      search: ["t.name"],
      filters: { name_prefix: "starts_with(lower(t.name), lower(?))" },
    },
  );

  return {
    list: listing.page,
    find: async (id) => (await db.prisma.tag.findUnique({ where: { id } })) ?? undefined,
    insert: (tx, { name }) => tx.tag.create({ data: { name } }),
    update: (tx, id, { name }) => tx.tag.update({ where: { id }, data: defined({ name }) }),
    delete: async (tx, id) => (await tx.tag.deleteMany({ where: { id } })).count,

    async dependents(id) {
      const where = { tags: { some: { tagId: id } } };
      const [catalogues, total] = await Promise.all([
        db.prisma.catalogue.findMany({ where, select: { id: true, kind: true, name: true }, orderBy: { name: "asc" }, take: 100 }),
        db.prisma.catalogue.count({ where }),
      ]);
      return { catalogues, total };
    },
  };
}
