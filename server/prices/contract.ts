import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { must, text } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";

/** Dollars for one token; kept to a trillionth of a dollar. */
const Price = z
  .number({ error: must("a number of dollars for one token") })
  .min(0, "must not be negative")
  .max(1000, "is too large");

export const ModelPriceFields = {
  model_name: text(200).min(1, "is required"),
  vendor: text(60).toLowerCase().min(1, "is required"),
  /** Response tokens. */
  cpt: Price,
  /** Prompt tokens. */
  cpit: Price,
  /** Tokens cached for five minutes. */
  cache_write_pt: Price,
  /** Tokens cached for an hour; null is 8/5 of `cache_write_pt`, the proportion in vendors' lists. */
  cache_write_1h_pt: Price.nullable(),
  cache_read_pt: Price,
  currency: z.literal("USD", "must be USD, the only supported currency"),
};

const defaults = { cpt: 0, cpit: 0, cache_write_pt: 0, cache_write_1h_pt: null, cache_read_pt: 0, currency: "USD" as const };

export const ModelPriceDraft = draftOf(ModelPriceFields, defaults);
export type ModelPriceDraft = z.infer<typeof ModelPriceDraft>;

export const ModelPriceAttributes = attributesOf(ModelPriceFields, timestamps);
export type ModelPriceAttributes = z.infer<typeof ModelPriceAttributes>;

export const ModelPricePatch = patchOf(ModelPriceFields, { shown: ModelPriceAttributes });
export type ModelPricePatch = z.infer<typeof ModelPricePatch>;

export const ModelPriceReplacement = replacementOf(ModelPriceFields, defaults, { shown: ModelPriceAttributes });

export const ModelPriceResource = resourceOf("model-prices", ModelPriceAttributes);
export type ModelPriceResource = z.infer<typeof ModelPriceResource>;

/** How far rebooking has come: `after` is what to send to go on, null once every record was looked at. */
export const Recalculated = z.object({ records: z.number(), after: z.number().nullable() });
export type Recalculated = z.infer<typeof Recalculated>;
