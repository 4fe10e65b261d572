import { bucketCount } from "../usage/histogram.ts";
import type { Amounts, Dimension, Sum } from "../usage/sums-store.ts";

/** Tokens of all kinds. */
export const tokensOf = (sum: Amounts): number => sum.promptTokens + sum.responseTokens + sum.cacheWriteTokens + sum.cacheReadTokens;

const noCounts = Array.from({ length: bucketCount }, () => 0);
export const emptySum: Sum = {
  requests: 0,
  errors: 0,
  promptTokens: 0,
  responseTokens: 0,
  cacheWriteTokens: 0,
  cacheReadTokens: 0,
  costNanoUsd: 0,
  durations: noCounts,
  firstBytes: noCounts,
};

const addCounts = (a: readonly number[], b: readonly number[]) => a.map((count, at) => count + (b[at] ?? 0));

export const sumOf = (sums: readonly Sum[]): Sum =>
  sums.reduce(
    (total, sum) => ({
      requests: total.requests + sum.requests,
      errors: total.errors + sum.errors,
      promptTokens: total.promptTokens + sum.promptTokens,
      responseTokens: total.responseTokens + sum.responseTokens,
      cacheWriteTokens: total.cacheWriteTokens + sum.cacheWriteTokens,
      cacheReadTokens: total.cacheReadTokens + sum.cacheReadTokens,
      costNanoUsd: total.costNanoUsd + sum.costNanoUsd,
      durations: addCounts(total.durations, sum.durations),
      firstBytes: addCounts(total.firstBytes, sum.firstBytes),
    }),
    emptySum,
  );

const nouns: Record<Dimension, string> = { llm: "LLM", app: "app", user: "user", edge: "edge", vendor: "vendor", model: "model" };

/** What stands for the name of something deleted, or of nothing. */
export const unnamed = (by: Dimension, key: number | string): string => (key ? `deleted ${nouns[by]} ${key}` : `no ${nouns[by]}`);
