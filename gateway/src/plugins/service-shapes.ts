import { dollarsFromNano, type Price, perTokenFromPerMillion } from "@portico/core";
import type { AppInfo, GetBudgetStatusResponse, LLMInfo, ModelPriceInfo } from "@portico/protocol/gateway-management";
import type { BudgetPosition } from "../budget/ledger.ts";
import type { App, Budget, Llm, RoutingTable } from "../config/routing-table.ts";

const defaultLimit = 10;

/** One page of a list; page counts from 1, absent values take the defaults. */
export function pageOf<T>(items: readonly T[], page: number, limit: number): T[] {
  const size = limit > 0 ? limit : defaultLimit;
  const start = (Math.max(1, page) - 1) * size;
  return items.slice(start, start + size);
}

export const llmInfo = (llm: Llm): LLMInfo => ({
  id: llm.id,
  name: llm.name,
  vendor: llm.vendor.id,
  slug: llm.slug,
  endpoint: llm.endpoint,
  hasApiKey: llm.apiKey !== "",
  defaultModel: llm.defaultModel,
  allowedModels: [...llm.allowedModels.patterns],
  isActive: true,
  maxTokens: 0,
  timeoutSeconds: 0,
  retryCount: 0,
  monthlyBudget: llm.budget ? dollarsFromNano(llm.budget.limitNanoUsd) : undefined,
  rateLimitRpm: 0,
  createdAt: undefined,
  updatedAt: undefined,
  metadata: {},
});

export const appInfo = (app: App): AppInfo => ({
  id: app.id,
  name: app.name,
  description: app.description,
  ownerEmail: app.ownerEmail,
  isActive: app.active,
  monthlyBudget: app.budget ? dollarsFromNano(app.budget.limitNanoUsd) : 0,
  budgetResetDay: app.budget?.anchor?.getUTCDate() ?? 1,
  rateLimitRpm: 0,
  allowedIps: [],
  createdAt: undefined,
  updatedAt: undefined,
  metadata: app.metadataJson,
});

export function budgetStatus({
  appId,
  llmId,
  budget,
  position,
}: {
  appId: number;
  llmId: number | undefined;
  budget: Budget | null;
  position: BudgetPosition;
}): GetBudgetStatusResponse {
  const { spentNanoUsd, periodStartMs } = position;
  const start = new Date(periodStartMs);
  const end = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, start.getUTCDate());
  const limit = budget?.limitNanoUsd ?? 0;
  return {
    appId,
    llmId,
    monthlyBudget: dollarsFromNano(limit),
    currentUsage: dollarsFromNano(spentNanoUsd),
    remainingBudget: budget ? dollarsFromNano(Math.max(0, limit - spentNanoUsd)) : 0,
    tokensUsed: position.tokens,
    requestsCount: position.requests,
    periodStart: Math.floor(periodStartMs / 1000),
    periodEnd: Math.floor(end / 1000),
    isOverBudget: budget !== null && spentNanoUsd >= limit,
    percentageUsed: limit > 0 ? (spentNanoUsd / limit) * 100 : 0,
  };
}

export const priceInfo = (vendor: string, modelName: string, price: Price): ModelPriceInfo => ({
  id: 0,
  vendor,
  modelName,
  cpt: perTokenFromPerMillion(price.outputMicroUsdPerMillion),
  cpit: perTokenFromPerMillion(price.inputMicroUsdPerMillion),
  cacheWritePt: perTokenFromPerMillion(price.cacheWriteMicroUsdPerMillion),
  cacheReadPt: perTokenFromPerMillion(price.cacheReadMicroUsdPerMillion),
  currency: "USD",
  createdAt: undefined,
  updatedAt: undefined,
});

/** Prices of one vendor, or of all when none is named. */
export const pricesOf = (table: RoutingTable, vendor: string): ModelPriceInfo[] =>
  [...table.prices]
    .filter(([name]) => !vendor || name === vendor)
    .flatMap(([name, models]) => [...models].map(([model, price]) => priceInfo(name, model, price)));
