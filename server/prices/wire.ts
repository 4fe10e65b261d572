import { perTokenFromPerMillion } from "@portico/core";
import type { ModelPriceAttributes, ModelPriceResource } from "./contract.ts";
import type { ModelPrice } from "./store.ts";

export const toAttributes = (price: ModelPrice): ModelPriceAttributes => ({
  model_name: price.modelName,
  vendor: price.vendor,
  cpt: perTokenFromPerMillion(Number(price.outputMicroUsdPerMillion)),
  cpit: perTokenFromPerMillion(Number(price.inputMicroUsdPerMillion)),
  cache_write_pt: perTokenFromPerMillion(Number(price.cacheWriteMicroUsdPerMillion)),
  cache_read_pt: perTokenFromPerMillion(Number(price.cacheReadMicroUsdPerMillion)),
  cache_write_1h_pt:
    price.cacheWriteHourMicroUsdPerMillion === null ? null : perTokenFromPerMillion(Number(price.cacheWriteHourMicroUsdPerMillion)),
  currency: "USD",
  created_at: price.createdAt.toISOString(),
  updated_at: price.updatedAt.toISOString(),
});

export const toResource = (price: ModelPrice): ModelPriceResource => ({
  type: "model-prices",
  id: String(price.id),
  attributes: toAttributes(price),
});
