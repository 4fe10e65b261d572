import { notFound, type Price } from "@portico/core";
import type { Actor } from "../auth/actor.ts";
import { type Db, isMissing } from "../db/client.ts";
import { record } from "../db/journal.ts";
import type { ListQuery } from "../db/paging.ts";
import type { ModelPriceDraft, ModelPricePatch, Recalculated } from "./contract.ts";
import type { ModelPrice, PriceFilters, PriceStore } from "./store.ts";
import { toAttributes } from "./wire.ts";

/** Records looked at in one transaction: some tens of milliseconds. */
const stepIds = 5_000;
/** After so long the caller is told to come again, before its connection is given up by somebody on the way. */
const recalculateMs = 10_000;

/** What a token of each model costs. A change counts from now on; what was recorded keeps its cost until it is recalculated. */
export function createPriceService({ db, store }: { db: Db; store: PriceStore }) {
  async function get(id: number): Promise<ModelPrice> {
    const price = await store.find({ id });
    if (!price) throw notFound("Model price");
    return price;
  }

  const update = (actor: Actor, id: number, patch: ModelPricePatch): Promise<ModelPrice> =>
    db.transaction(async (tx) => {
      const price = await store.update(tx, id, patch).catch((error: unknown) => {
        throw isMissing(error) ? notFound("Model price") : error;
      });
      const object = { id, ...toAttributes(price) };
      await record(tx, { kind: "model_price", action: "updated", id, actor, object, changes: patch });
      return price;
    });

  const noteRecalculated = (actor: Actor, price: ModelPrice, records: number) =>
    db.transaction((tx) => {
      const object = { id: price.id, ...toAttributes(price) };
      return record(tx, { kind: "model_price", action: "updated", id: price.id, actor, object, changes: { recalculated: records } });
    });

  return {
    list: (query: ListQuery, filters: PriceFilters) => store.list(query, filters),
    get,

    async getByName(modelName: string, vendor?: string): Promise<ModelPrice> {
      const price = await store.find({ modelName, vendor });
      if (!price) throw notFound("Model price");
      return price;
    },

    create: (actor: Actor, draft: ModelPriceDraft): Promise<ModelPrice> =>
      db.transaction(async (tx) => {
        const price = await store.insert(tx, draft);
        const object = { id: price.id, ...toAttributes(price) };
        await record(tx, { kind: "model_price", action: "created", id: price.id, actor, object, changes: draft });
        return price;
      }),

    update,

    /**
     * Books what was used of the model at the price of now, in steps that each leave every sum right. Doing it again changes nothing, so
     * one that was interrupted is simply repeated.
     */
    async recalculate(
      actor: Actor,
      id: number,
      patch: ModelPricePatch,
      { after, signal, stepIds: step = stepIds, forMs = recalculateMs }: RecalculateOptions,
    ): Promise<{ price: ModelPrice } & Recalculated> {
      const price = Object.keys(patch).length > 0 ? await update(actor, id, patch) : await get(id);
      const [last, until] = [await store.lastId(), performance.now() + forMs];
      let at = after;
      let records = 0;
      while (at < last && !signal?.aborted && (at === after || performance.now() < until)) {
        records += await store.reprice(price, numbersOf(price), at, at + step);
        at += step;
      }
      if (records > 0) await noteRecalculated(actor, price, records);
      return { price, records, after: at < last ? at : null };
    },

    async delete(actor: Actor, id: number): Promise<void> {
      const { modelName, vendor } = await get(id);
      await db.transaction(async (tx) => {
        const { count } = await store.delete(tx, id);
        if (count === 0) throw notFound("Model price");
        await record(tx, { kind: "model_price", action: "deleted", id, actor, changes: { model_name: modelName, vendor } });
      });
    },
  };
}
type RecalculateOptions = { after: number; signal?: AbortSignal; stepIds?: number; forMs?: number };

const numbersOf = (price: ModelPrice): Price => ({
  inputMicroUsdPerMillion: Number(price.inputMicroUsdPerMillion),
  outputMicroUsdPerMillion: Number(price.outputMicroUsdPerMillion),
  cacheWriteMicroUsdPerMillion: Number(price.cacheWriteMicroUsdPerMillion),
  cacheReadMicroUsdPerMillion: Number(price.cacheReadMicroUsdPerMillion),
  cacheWriteHourMicroUsdPerMillion:
    price.cacheWriteHourMicroUsdPerMillion === null ? undefined : Number(price.cacheWriteHourMicroUsdPerMillion),
});

export type PriceService = ReturnType<typeof createPriceService>;
