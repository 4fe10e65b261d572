import { dollarsFromNano, invalid } from "@portico/core";
import { z } from "zod";
import { parseInput } from "../fields/input-error.ts";
import { operation } from "../grpc/operation.ts";
import type { SumStore } from "../usage/sums-store.ts";
import { Breakdown, type Figures, ReportRange } from "./contract.ts";
import { type Days, days, notTooLong, spanOf, tooLong } from "./days.ts";
import type { ReportService } from "./report.ts";
import type { AnalyticsStore } from "./store.ts";
import { tokensOf, unnamed } from "./sums.ts";

const TimeRange = z.object({ time_range: ReportRange });
const GroupBy = z.object({ group_by: Breakdown });
const Between = z.object(days).refine(notTooLong, tooLong);

const rangeOf = (timeRange: string): ReportRange => parseInput(TimeRange, { time_range: timeRange || "24h" }).time_range;

function daysOf({ startDate, endDate }: { startDate: string; endDate: string }): Days {
  const { start_date, end_date } = parseInput(Between, { start_date: startDate, end_date: endDate });
  return { startDate: start_date, endDate: end_date };
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const USD = "USD";

/** Usage for plugins: sums only, never single calls. */
export const analyticsOperations = ({
  reports,
  sums,
  store,
}: {
  reports: ReportService;
  sums: Pick<SumStore, "days" | "models" | "totals">;
  store: Pick<AnalyticsStore, "names">;
}) => {
  const reportOf = (timeRange: string, by: Breakdown, appId?: number) =>
    reports.report({ range: rangeOf(timeRange), by, timeZone: "UTC", filters: { app_id: appId } });

  return [
    operation({
      rpc: "getAnalyticsSummary",
      scope: "analytics.read",
      async handle(_call, { timeRange, appId }) {
        const [byLlm, byModel] = await Promise.all([reportOf(timeRange, "llm", appId), reportOf(timeRange, "model", appId)]);
        const { requests, errors, cost, tokens } = byLlm.totals;
        return {
          totalRequests: requests,
          successfulRequests: requests - errors,
          failedRequests: errors,
          totalCost: cost,
          currency: USD,
          totalTokens: tokens,
          topEndpoints: byLlm.groups.slice(0, 10).map((group) => ({
            path: group.name,
            requestCount: group.requests,
            blockedCount: group.errors,
            successRate: share(group.requests - group.errors, group.requests),
          })),
          modelUsage: byModel.groups.map((group) => ({
            modelName: group.name,
            vendor: "",
            requestCount: group.requests,
            totalTokens: group.tokens,
            totalCost: group.cost,
          })),
        };
      },
    }),
    operation({
      rpc: "getUsageStatistics",
      scope: "analytics.read",
      async handle(_call, { timeRange, groupBy }) {
        const statistic = (key: string, label: string, figures: Figures, timestamp?: Date) => ({
          key,
          label,
          requestCount: figures.requests,
          tokenCount: figures.tokens,
          cost: figures.cost,
          timestamp,
        });
        // Without a dimension, the curve of the range.
        if (groupBy === "" || groupBy === "time") {
          const { series } = await reportOf(timeRange, "llm");
          return { statistics: series.map(({ at, ...figures }) => statistic(at, at, figures, new Date(at))) };
        }
        const { groups } = await reportOf(timeRange, parseInput(GroupBy, { group_by: groupBy }).group_by);
        return { statistics: groups.map(({ key, name, ...figures }) => statistic(key, name, figures)) };
      },
    }),
    operation({
      rpc: "getCostAnalysis",
      scope: "analytics.read",
      async handle(_call, { timeRange, appId }) {
        const byDimension = await Promise.all(
          (["vendor", "model"] as const).map(async (by) => ({ by, report: await reportOf(timeRange, by, appId) })),
        );
        return {
          totalCost: byDimension[0]?.report.totals.cost ?? 0,
          currency: USD,
          breakdown: byDimension.flatMap(({ by, report }) =>
            report.groups.map(({ name, cost }) => ({ category: by, name, cost, percentage: 100 * share(cost, report.totals.cost) })),
          ),
        };
      },
    }),
    operation({
      rpc: "getChatRecordsPerDay",
      scope: "analytics.detailed",
      async handle(_call, { appId, ...between }) {
        const rows = await sums.days(spanOf(daysOf(between)), { app_id: appId });
        return {
          records: rows.map((row) => ({
            date: row.day,
            count: row.requests,
            totalCost: dollarsFromNano(row.costNanoUsd),
            totalTokens: tokensOf(row),
          })),
        };
      },
    }),
    operation({
      rpc: "getModelUsage",
      scope: "analytics.detailed",
      async handle(_call, { llmId, ...between }) {
        const rows = await sums.models(spanOf(daysOf(between)), { llm_id: llmId });
        return {
          usage: rows
            .toSorted((a, b) => b.requests - a.requests)
            .map((row) => ({
              modelName: row.model,
              vendor: row.vendor,
              requestCount: row.requests,
              totalTokens: tokensOf(row),
              totalCost: dollarsFromNano(row.costNanoUsd),
              averageCost: dollarsFromNano(Math.round(share(row.costNanoUsd, row.requests))),
            })),
        };
      },
    }),
    operation({
      rpc: "getVendorUsage",
      scope: "analytics.detailed",
      async handle(_call, { llmId, vendor, ...between }) {
        if (vendor === "") throw invalid("vendor", "is required");
        const rows = await sums.days(spanOf(daysOf(between)), { vendor, llm_id: llmId });
        return {
          usage: rows.map((row) => ({
            date: row.day,
            requestCount: row.requests,
            totalTokens: tokensOf(row),
            totalCost: dollarsFromNano(row.costNanoUsd),
          })),
        };
      },
    }),
    operation({
      rpc: "getTokenUsagePerApp",
      scope: "analytics.reports",
      async handle(_call, between) {
        const rows = await sums.totals(spanOf(daysOf(between)), "app", {});
        const names = await store.names(
          "apps",
          rows.map(({ key }) => Number(key)),
        );
        return {
          usage: rows
            .map((row) => ({
              appId: Number(row.key),
              appName: names.get(Number(row.key)) ?? unnamed("app", Number(row.key)),
              totalTokens: tokensOf(row),
              totalCost: dollarsFromNano(row.costNanoUsd),
              requestCount: row.requests,
            }))
            .toSorted((a, b) => b.totalTokens - a.totalTokens),
        };
      },
    }),
  ];
};
