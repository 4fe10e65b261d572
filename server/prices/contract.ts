import { z } from "zod";
import { must, text } from "../fields/contract.ts";

/** Dollars for one token; kept to a trillionth of a dollar. */
const Price = z
  .number({ error: must("a number of dollars for one token") })
  .min(0, "must not be negative")
  .max(1000, "is too large");

const fields = {
  model_name: text(200).min(1, "is required"),
  vendor: text(60).toLowerCase().min(1, "is required"),
  /** Response tokens. */
  cpt: Price,
  /** Prompt tokens. */
  cpit: Price,
  cache_write_pt: Price,
  cache_read_pt: Price,
  currency: z.literal("USD", "must be USD, the only currency that usage is counted in"),
};

export const ModelPriceDraft = z.strictObject({
  model_name: fields.model_name,
  vendor: fields.vendor,
  cpt: fields.cpt.default(0),
  cpit: fields.cpit.default(0),
  cache_write_pt: fields.cache_write_pt.default(0),
  cache_read_pt: fields.cache_read_pt.default(0),
  currency: fields.currency.default("USD"),
});
export type ModelPriceDraft = z.infer<typeof ModelPriceDraft>;

/** A change names only what it changes. */
export const ModelPricePatch = z.strictObject(fields).partial();
export type ModelPricePatch = z.infer<typeof ModelPricePatch>;

/** What the API shows of a price. */
export const ModelPriceAttributes = z.object({
  model_name: z.string(),
  vendor: z.string(),
  cpt: z.number(),
  cpit: z.number(),
  cache_write_pt: z.number(),
  cache_read_pt: z.number(),
  currency: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
});

/** How far booking anew has come: `after` is what to send to go on, null once every record was looked at. */
export const Recalculated = z.object({ records: z.number(), after: z.number().nullable() });
export type Recalculated = z.infer<typeof Recalculated>;
