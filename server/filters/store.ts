import { defined } from "@portico/core";
import type { Db, Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import { createListing, selectAs } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";

export type Filter = {
  id: number;
  name: string;
  description: string;
  /** Its text. */
  script: string;
  responseFilter: boolean;
  active: boolean;
  namespace: string;
  /** That run it. */
  llms: { id: number; name: string }[];
  createdAt: Date;
  updatedAt: Date;
};

export type FilterRow = Pick<Filter, "name" | "description" | "script" | "responseFilter" | "active" | "namespace">;

export type FilterFilters = {
  active?: boolean | undefined;
  response_filter?: boolean | undefined;
  namespace?: string | undefined;
};

export type FilterStore = {
  list(query: ListQuery, filters: FilterFilters): Promise<Page<Filter>>;
  find(id: number): Promise<Filter | undefined>;
  /** Locks the row for the transaction. */
  lock(tx: Tx, id: number): Promise<Filter | undefined>;
  insert(tx: Tx, row: FilterRow): Promise<Filter>;
  /** Writes what is named. */
  update(tx: Tx, id: number, row: Partial<FilterRow>): Promise<Filter>;
  /** @returns how many there were. */
  delete(tx: Tx, id: number): Promise<number>;
  /** The first LLMs that run it, and how many do. */
  dependents(id: number): Promise<{ llms: { id: number; name: string }[]; total: number }>;
};

const sorts = { id: "t.id", name: "t.name", active: "t.active", created_at: "t.created_at", updated_at: "t.updated_at" };
export const filterSorts = Object.keys(sorts);

const columns = selectAs<Filter>({
  id: "t.id",
  name: "t.name",
  description: "t.description",
  script: "t.script",
  responseFilter: "t.response_filter",
  active: "t.active",
  namespace: "t.namespace",
  llms: `(SELECT coalesce(json_agg(json_build_object('id', l.id, 'name', l.name) ORDER BY l.name), '[]')
    FROM llm_filters a JOIN llms l ON l.id = a.llm_id WHERE a.filter_id = t.id)`,
  createdAt: "t.created_at",
  updatedAt: "t.updated_at",
});

const withLlms = { llms: { select: { llm: { select: { id: true, name: true } } }, orderBy: { llm: { name: "asc" } } } } as const;

export function createFilterStore(db: Db, counts: Counts): FilterStore {
  const listing = createListing<Filter, FilterFilters>(
    { db, counts },
    {
      kinds: ["filter"],
      from: "filters t",
      select: columns,
      sorts,
      search: ["t.name", "t.description"],
      filters: { active: "t.active = ?", response_filter: "t.response_filter = ?", namespace: "t.namespace = ?" },
    },
  );

  return {
    list: listing.page,
    async find(id) {
      const { rows } = await db.sql.query<Filter>(`SELECT ${columns} FROM filters t WHERE t.id = $1`, [id]);
      return rows[0];
    },
    async lock(tx, id) {
      await tx.$queryRaw`SELECT 1 FROM filters WHERE id = ${id} FOR UPDATE`;
      const row = await tx.filter.findUnique({ where: { id }, include: withLlms });
      return row ? toFilter(row) : undefined;
    },
    insert: async (tx, data) => ({ ...(await tx.filter.create({ data })), llms: [] }),
    update: async (tx, id, row) => toFilter(await tx.filter.update({ where: { id }, data: defined(row), include: withLlms })),
    delete: async (tx, id) => (await tx.filter.deleteMany({ where: { id } })).count,
    async dependents(id) {
      const where = { filters: { some: { filterId: id } } };
      const [llms, total] = await Promise.all([
        db.prisma.llm.findMany({ where, select: { id: true, name: true }, orderBy: { name: "asc" }, take: 100 }),
        db.prisma.llm.count({ where }),
      ]);
      return { llms, total };
    },
  };
}

const toFilter = <R extends { llms: { llm: { id: number; name: string } }[] }>({ llms, ...row }: R) => ({
  ...row,
  llms: llms.map(({ llm }) => llm),
});
