import { dollarsFromNano } from "@portico/core";
import type { ModelSum, SumFilters, SumStore } from "../usage/sums-store.ts";
import type { ModelCost } from "./contract.ts";
import { type Days, spanOf } from "./days.ts";
import type { AnalyticsStore, ModelPriceRow } from "./store.ts";
import { tokensOf } from "./sums.ts";

export type CostService = {
  /** What each model of each vendor cost between two days, the dearest first. */
  byModel(of: SumFilters & Days): Promise<ModelCost[]>;
};

export function createCostService({ store, sums }: { store: Pick<AnalyticsStore, "prices">; sums: Pick<SumStore, "models"> }): CostService {
  return {
    async byModel({ startDate, endDate, ...filters }) {
      const rows = await sums.models(spanOf({ startDate, endDate }), filters);
      const prices = await store.prices([...new Set(rows.map(({ model }) => model))]);
      const priceOf = new Map(prices.map((price) => [`${price.vendor} ${price.model.toLowerCase()}`, price]));
      return rows
        .map((row) => ({ row, price: priceOf.get(`${row.vendor} ${row.model.toLowerCase()}`) }))
        .toSorted((a, b) => b.row.costNanoUsd - a.row.costNanoUsd || a.row.model.localeCompare(b.row.model))
        .map(({ row, price }) => ({
          model: row.model || "Unknown",
          modelPriceId: price?.id ?? null,
          totalCost: dollarsFromNano(row.costNanoUsd),
          ...partsOf(row, price),
          totalTokens: tokensOf(row),
          promptTokens: row.promptTokens,
          responseTokens: row.responseTokens,
          cacheWriteTokens: row.cacheWriteTokens,
          cacheReadTokens: row.cacheReadTokens,
        }));
    },
  };
}

/**
 * What was charged, split in the proportions of today's price: single calls do not say what each kind of token cost, and the price may have
 * been another. The parts add up to what was charged.
 */
function partsOf(row: ModelSum, price: ModelPriceRow | undefined) {
  const weights = {
    promptCost: row.promptTokens * (price?.input ?? 1),
    responseCost: row.responseTokens * (price?.output ?? 1),
    cacheWriteCost: row.cacheWriteTokens * (price?.cacheWrite ?? 1),
    cacheReadCost: row.cacheReadTokens * (price?.cacheRead ?? 1),
  };
  const whole = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  const part = (weight: number) => (whole === 0 ? 0 : dollarsFromNano(Math.round((row.costNanoUsd * weight) / whole)));
  return {
    promptCost: part(weights.promptCost),
    responseCost: part(weights.responseCost),
    cacheWriteCost: part(weights.cacheWriteCost),
    cacheReadCost: part(weights.cacheReadCost),
  };
}
