import { conflict, perMillionFromPerToken } from "@portico/core";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import type { Prisma } from "../db/generated/client.ts";
import { type ListQuery, type Page, pageOf } from "../db/paging.ts";
import { contains } from "../db/search.ts";
import { createBookedStore } from "./booked-store.ts";
import type { ModelPricePatch } from "./contract.ts";

export type ModelPrice = Prisma.ModelPriceGetPayload<{ select: typeof columns }>;

const order = {
  id: (to) => ({ id: to }),
  model_name: (to) => ({ modelName: to }),
  vendor: (to) => ({ vendor: to }),
  cpt: (to) => ({ outputMicroUsdPerMillion: to }),
  cpit: (to) => ({ inputMicroUsdPerMillion: to }),
  created_at: (to) => ({ createdAt: to }),
  updated_at: (to) => ({ updatedAt: to }),
} satisfies Record<string, (to: Prisma.SortOrder) => Prisma.ModelPriceOrderByWithRelationInput>;
export const priceSorts = Object.keys(order);

export type PriceFilters = { vendor?: string };

export function createPriceStore(db: Db) {
  return {
    ...createBookedStore(db),

    async list(query: ListQuery, { vendor }: PriceFilters): Promise<Page<ModelPrice>> {
      const { q, sort, size, offset } = query;
      const where: Prisma.ModelPriceWhereInput = { vendor, ...(q ? { OR: [{ modelName: contains(q) }, { vendor: contains(q) }] } : {}) };
      const by = order[sort.column as keyof typeof order](sort.descending ? "desc" : "asc");
      const [rows, total] = await Promise.all([
        db.prisma.modelPrice.findMany({ where, select: columns, orderBy: [by, { id: "asc" }], take: size, skip: offset }),
        db.prisma.modelPrice.count({ where }),
      ]);
      return pageOf(query, rows, total);
    },

    async find(where: { id: number } | { modelName: string; vendor?: string }): Promise<ModelPrice | undefined> {
      return (await db.prisma.modelPrice.findFirst({ where, select: columns, orderBy: { id: "asc" } })) ?? undefined;
    },

    insert: (tx: Tx, price: ModelPricePatch & { model_name: string; vendor: string }): Promise<ModelPrice> =>
      tx.modelPrice
        .create({ data: { ...toColumns(price), modelName: price.model_name, vendor: price.vendor }, select: columns })
        .catch(onTaken),

    /** Writes what is named. */
    update: (tx: Tx, id: number, price: ModelPricePatch): Promise<ModelPrice> =>
      tx.modelPrice.update({ where: { id }, data: toColumns(price), select: columns }).catch(onTaken),

    delete: (tx: Tx, id: number) => tx.modelPrice.deleteMany({ where: { id } }),
  };
}
export type PriceStore = ReturnType<typeof createPriceStore>;

const onTaken = onUnique(() => conflict("This model of this vendor has a price already: change that one.", "model_name"));

const columns = {
  id: true,
  vendor: true,
  modelName: true,
  inputMicroUsdPerMillion: true,
  outputMicroUsdPerMillion: true,
  cacheWriteMicroUsdPerMillion: true,
  cacheReadMicroUsdPerMillion: true,
  currency: true,
  createdAt: true,
  updatedAt: true,
} satisfies Prisma.ModelPriceSelect;

const stored = (perToken: number | undefined) => (perToken === undefined ? undefined : BigInt(perMillionFromPerToken(perToken)));

const toColumns = (price: ModelPricePatch) => ({
  vendor: price.vendor,
  modelName: price.model_name,
  outputMicroUsdPerMillion: stored(price.cpt),
  inputMicroUsdPerMillion: stored(price.cpit),
  cacheWriteMicroUsdPerMillion: stored(price.cache_write_pt),
  cacheReadMicroUsdPerMillion: stored(price.cache_read_pt),
  currency: price.currency,
});
