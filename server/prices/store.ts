import { conflict, defined, perMillionFromPerToken } from "@portico/core";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Prisma } from "../db/generated/client.ts";
import { createListing, inNaturalOrder, loadPage } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import { createBookedStore } from "../usage/reprice-store.ts";
import type { ModelPricePatch } from "./contract.ts";

export type ModelPrice = Prisma.ModelPriceGetPayload<{ select: typeof columns }>;

const sorts = {
  id: "t.id",
  model_name: inNaturalOrder("t.model_name"),
  vendor: "t.vendor",
  cpt: "t.output_micro_usd_per_million",
  cpit: "t.input_micro_usd_per_million",
  cache_write_pt: "t.cache_write_micro_usd_per_million",
  cache_read_pt: "t.cache_read_micro_usd_per_million",
  created_at: "t.created_at",
  updated_at: "t.updated_at",
};
export const priceSorts = Object.keys(sorts);

/** `missing`: without a price of input or of output. */
export type PriceFilters = { vendor?: string | undefined; missing?: boolean | undefined };

export function createPriceStore(db: Db, counts: Counts) {
  const listing = createListing<{ id: number }, PriceFilters>(
    { db, counts },
    {
      kinds: ["model_price"],
      from: "model_prices t",
      sorts,
      search: ["t.model_name", "t.vendor"],
      filters: {
        vendor: "t.vendor = ?",
        missing: "(t.input_micro_usd_per_million = 0 OR t.output_micro_usd_per_million = 0) = ?",
      },
    },
  );

  return {
    ...createBookedStore(db),

    list: async (query: ListQuery, filters: PriceFilters): Promise<Page<ModelPrice>> =>
      loadPage(await listing.page(query, filters), (ids) => db.prisma.modelPrice.findMany({ where: { id: { in: ids } }, select: columns })),

    async find(where: { id: number } | { modelName: string; vendor?: string | undefined }): Promise<ModelPrice | undefined> {
      return (await db.prisma.modelPrice.findFirst({ where: defined(where), select: columns, orderBy: { id: "asc" } })) ?? undefined;
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

const onTaken = onUnique(() => conflict("This vendor's model already has a price. Change that one.", "model_name"));

const columns = {
  id: true,
  vendor: true,
  modelName: true,
  inputMicroUsdPerMillion: true,
  outputMicroUsdPerMillion: true,
  cacheWriteMicroUsdPerMillion: true,
  cacheReadMicroUsdPerMillion: true,
  cacheWriteHourMicroUsdPerMillion: true,
  currency: true,
  createdAt: true,
  updatedAt: true,
} satisfies Prisma.ModelPriceSelect;

const stored = (perToken: number | undefined) => (perToken === undefined ? undefined : BigInt(perMillionFromPerToken(perToken)));

const toColumns = (price: ModelPricePatch) =>
  defined({
    vendor: price.vendor,
    modelName: price.model_name,
    outputMicroUsdPerMillion: stored(price.cpt),
    inputMicroUsdPerMillion: stored(price.cpit),
    cacheWriteMicroUsdPerMillion: stored(price.cache_write_pt),
    cacheReadMicroUsdPerMillion: stored(price.cache_read_pt),
    cacheWriteHourMicroUsdPerMillion: price.cache_write_1h_pt === null ? null : stored(price.cache_write_1h_pt),
    currency: price.currency,
  });
