import { notFound } from "@portico/core";
import type { Actor } from "../auth/actor.ts";
import { type Db, isMissing } from "../db/client.ts";
import { record } from "../db/journal.ts";
import type { ListQuery } from "../http/paging.ts";
import type { ModelPriceDraft, ModelPricePatch } from "./contract.ts";
import type { ModelPrice, PriceFilters, PriceStore } from "./store.ts";
import { toAttributes } from "./wire.ts";

/** What a token of each model costs. A change counts from now on; what is booked stays booked. */
export function createPriceService({ db, store }: { db: Db; store: PriceStore }) {
  async function get(id: number): Promise<ModelPrice> {
    const price = await store.find({ id });
    if (!price) throw notFound("Model price");
    return price;
  }

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

    update: (actor: Actor, id: number, patch: ModelPricePatch): Promise<ModelPrice> =>
      db.transaction(async (tx) => {
        const price = await store.update(tx, id, patch).catch((error: unknown) => {
          throw isMissing(error) ? notFound("Model price") : error;
        });
        const object = { id, ...toAttributes(price) };
        await record(tx, { kind: "model_price", action: "updated", id, actor, object, changes: patch });
        return price;
      }),

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
export type PriceService = ReturnType<typeof createPriceService>;
