import { isDeepStrictEqual } from "node:util";
import { conflict, invalid } from "@portico/core";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import { createListing, selectAs } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import type { ModelRouterDraft, PoolDraft, PoolShown } from "./contract.ts";

export type ModelRouter = {
  id: number;
  name: string;
  slug: string;
  description: string;
  active: boolean;
  namespace: string;
  /** In the order in which they were written. */
  pools: PoolShown[];
  createdAt: Date;
  updatedAt: Date;
};

/** What is written of a router; its slug is settled. */
export type ModelRouterRow = Omit<ModelRouterDraft, "api_compat">;

export type ModelRouterFilters = { active?: boolean | undefined; namespace?: string | undefined };

export type LlmOfRouter = { id: number; name: string; vendor: string; active: boolean };

export type ModelRouterStore = {
  list(query: ListQuery, filters: ModelRouterFilters): Promise<Page<ModelRouter>>;
  find(id: number): Promise<ModelRouter | undefined>;
  /** Locks the row for the transaction. @returns false when there is none. */
  lock(tx: Tx, id: number): Promise<boolean>;
  read(tx: Tx, id: number): Promise<ModelRouter>;
  /** @throws AppError for a slug that is taken, and for LLMs that do not exist or that its gateways do not have. */
  insert(tx: Tx, row: ModelRouterRow): Promise<ModelRouter>;
  /** Pools that differ are made again, all of them. */
  update(tx: Tx, id: number, row: ModelRouterRow): Promise<ModelRouter>;
  /** @returns how many there were. */
  delete(tx: Tx, id: number): Promise<number>;
  llms(ids: number[]): Promise<LlmOfRouter[]>;
};

const sorts = {
  id: "t.id",
  name: "t.name",
  slug: "t.slug",
  active: "t.active",
  created_at: "t.created_at",
  updated_at: "t.updated_at",
};
export const modelRouterSorts = Object.keys(sorts);

const columns = selectAs<ModelRouter>({
  id: "t.id",
  name: "t.name",
  slug: "t.slug",
  description: "t.description",
  active: "t.active",
  namespace: "t.namespace",
  pools: `(SELECT coalesce(json_agg(json_build_object('id', p.id, 'name', p.name, 'model_pattern', p.model_pattern,
      'selection_algorithm', p.selection_algorithm, 'priority', p.priority, 'vendors',
      (SELECT coalesce(json_agg(json_build_object('id', v.id, 'llm_id', v.llm_id, 'weight', v.weight, 'active', v.active, 'mappings', v.mappings,
        'llm', json_build_object('id', l.id, 'name', l.name, 'vendor', l.vendor, 'active', l.active)) ORDER BY v.id), '[]')
        FROM model_pool_vendors v JOIN llms l ON l.id = v.llm_id WHERE v.pool_id = p.id)) ORDER BY p.id), '[]')
    FROM model_pools p WHERE p.router_id = t.id)`,
  createdAt: "t.created_at",
  updatedAt: "t.updated_at",
});

export function createModelRouterStore(db: Db, counts: Counts): ModelRouterStore {
  const listing = createListing<ModelRouter, ModelRouterFilters>(
    { db, counts },
    {
      kinds: ["model_router"],
      from: "model_routers t",
      select: columns,
      sorts,
      search: ["t.name", "t.slug", "t.description"],
      filters: { active: "t.active = ?", namespace: "t.namespace = ?" },
    },
  );

  async function read(tx: Tx, id: number): Promise<ModelRouter> {
    const [row] = await tx.$queryRawUnsafe<[ModelRouter]>(`SELECT ${columns} FROM model_routers t WHERE t.id = $1`, id);
    return row;
  }

  return {
    list: listing.page,
    async find(id) {
      const { rows } = await db.sql.query<ModelRouter>(`SELECT ${columns} FROM model_routers t WHERE t.id = $1`, [id]);
      return rows[0];
    },
    async lock(tx, id) {
      return (await tx.$queryRaw<object[]>`SELECT 1 FROM model_routers WHERE id = ${id} FOR UPDATE`).length > 0;
    },
    read,
    async insert(tx, row) {
      await checkLlms(tx, row);
      const data = { ...toColumns(row), pools: { create: row.pools.map(toPoolRow) } };
      const { id } = await tx.modelRouter.create({ data, select: { id: true } }).catch(onSlugTaken(row.slug));
      return read(tx, id);
    },
    async update(tx, id, row) {
      await checkLlms(tx, row);
      const isSame = isDeepStrictEqual(row.pools.map(toPoolRow), (await read(tx, id)).pools.map(toPoolRow));
      const data = { ...toColumns(row), ...(isSame ? {} : { pools: { deleteMany: {}, create: row.pools.map(toPoolRow) } }) };
      await tx.modelRouter.update({ where: { id }, data, select: { id: true } }).catch(onSlugTaken(row.slug));
      return read(tx, id);
    },
    delete: async (tx, id) => (await tx.modelRouter.deleteMany({ where: { id } })).count,
    llms: (ids) =>
      db.prisma.llm.findMany({
        where: { id: { in: ids } },
        select: { id: true, name: true, vendor: true, active: true },
        orderBy: { id: "asc" },
      }),
  };
}

const onSlugTaken = (slug: string) =>
  onUnique(() => conflict(`The slug ${slug} is used by another model router of this namespace.`, "slug"));

const toColumns = ({ name, slug, description, active, namespace }: ModelRouterRow) => ({ name, slug, description, active, namespace });

const toPoolRow = ({ name, model_pattern, selection_algorithm, priority, vendors }: PoolDraft) => ({
  name,
  modelPattern: model_pattern,
  selectionAlgorithm: selection_algorithm,
  priority,
  vendors: {
    create: vendors.map(({ llm_id, weight, active, mappings }) => ({
      llmId: llm_id,
      weight,
      active,
      mappings: mappings.map(({ source_model, target_model }, at) => ({ id: at + 1, source_model, target_model })),
    })),
  },
});

async function checkLlms(tx: Tx, { pools, namespace }: ModelRouterRow): Promise<void> {
  const ids = [...new Set(pools.flatMap(({ vendors }) => vendors.map(({ llm_id }) => llm_id)))];
  const found = await tx.llm.findMany({ where: { id: { in: ids } }, select: { id: true, name: true, namespace: true } });
  const known = new Map(found.map((llm) => [llm.id, llm]));
  for (const [p, { vendors }] of pools.entries())
    for (const [v, { llm_id }] of vendors.entries()) {
      const llm = known.get(llm_id);
      const field = `pools.${p}.vendors.${v}.llm_id`;
      if (!llm) throw invalid(field, `there is no LLM ${llm_id}`);
      if (llm.namespace !== "" && llm.namespace !== namespace)
        throw invalid(field, `${llm.name} is in the namespace ${llm.namespace}: a router takes LLMs of its own namespace and global ones`);
    }
}
