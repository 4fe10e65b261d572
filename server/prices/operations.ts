import { invalid } from "@portico/core";
import type { ModelPriceInfo } from "@portico/protocol/studio-management";
import { allPages } from "../db/paging.ts";
import { parseInput } from "../fields/input-error.ts";
import { operation } from "../grpc/operation.ts";
import { changesOf, idOf, listQueryOf, unlessEmpty } from "../grpc/requests.ts";
import { ModelPriceDraft, ModelPricePatch } from "./contract.ts";
import type { PriceService } from "./service.ts";
import type { ModelPrice } from "./store.ts";
import { toAttributes } from "./wire.ts";

function toInfo(price: ModelPrice): ModelPriceInfo {
  const { cpt, cpit, cache_write_pt, cache_read_pt } = toAttributes(price);
  const { id, modelName, vendor, currency, createdAt, updatedAt } = price;
  return { id, modelName, vendor, cpt, cpit, cacheWritePt: cache_write_pt, cacheReadPt: cache_read_pt, currency, createdAt, updatedAt };
}

const priceId = (id: number) => idOf(id, "model_price_id", "Model price");

type Fields = Pick<ModelPriceInfo, "modelName" | "vendor" | "cpt" | "cpit" | "cacheWritePt" | "cacheReadPt" | "currency">;
const fieldsOf = ({ cpt, cpit, cacheWritePt, cacheReadPt, currency, ...names }: Fields) => ({
  model_name: names.modelName,
  vendor: names.vendor,
  cpt,
  cpit,
  cache_write_pt: cacheWritePt,
  cache_read_pt: cacheReadPt,
  currency: unlessEmpty(currency),
});

/** Model prices for plugins. */
export const priceOperations = ({ prices }: { prices: PriceService }) => [
  operation({
    rpc: "listModelPrices",
    scope: "pricing.read",
    async handle(_call, { vendor, ...paging }) {
      const { items, total } = await prices.list(listQueryOf(paging), { vendor: unlessEmpty(vendor) });
      return { modelPrices: items.map(toInfo), totalCount: total };
    },
  }),
  operation({
    rpc: "getModelPrice",
    scope: "pricing.read",
    handle: async (_call, request) => ({ modelPrice: toInfo(await prices.get(priceId(request.modelPriceId))) }),
  }),
  operation({
    rpc: "getModelPricesByVendor",
    scope: "pricing.read",
    async handle(_call, { vendor }) {
      if (vendor === "") throw invalid("vendor", "is required");
      return { modelPrices: (await allPages((list) => prices.list(list, { vendor }))).map(toInfo) };
    },
  }),
  operation({
    rpc: "createModelPrice",
    scope: "pricing.write",
    audit: true,
    handle: async ({ actor }, request) => ({
      modelPrice: toInfo(await prices.create(actor, parseInput(ModelPriceDraft, fieldsOf(request)))),
    }),
  }),
  operation({
    rpc: "updateModelPrice",
    scope: "pricing.write",
    audit: true,
    async handle({ actor }, request) {
      const id = priceId(request.modelPriceId);
      const patch = parseInput(ModelPricePatch, changesOf(fieldsOf(request)));
      return { modelPrice: toInfo(await prices.update(actor, id, patch)) };
    },
  }),
  operation({
    rpc: "deleteModelPrice",
    scope: "pricing.write",
    audit: true,
    async handle({ actor }, request) {
      await prices.delete(actor, priceId(request.modelPriceId));
      return { success: true, message: "Model price deleted" };
    },
  }),
];
