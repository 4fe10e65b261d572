import { dollarsFromMicro, dollarsFromNano, notFound, periodStart } from "@portico/core";
import type { AppService } from "../apps/service.ts";
import type { Actor } from "../auth/actor.ts";
import { type ListQuery, type Page, pageOf } from "../db/paging.ts";
import type { Call, CallFilters, CallStore } from "../usage/calls-store.ts";
import { percentile } from "../usage/histogram.ts";
import type { SpendReader } from "../usage/spend-store.ts";
import type { Amounts, ReportRow, Steps, SumFilters, SumStore } from "../usage/sums-store.ts";
import { type AppBudget, type BudgetRow, type OverviewAttributes, type Range, ranges, type SimpleChart } from "./contract.ts";
import { type Days, dayMs, daysBetween, spanOf } from "./days.ts";
import type { AnalyticsStore } from "./store.ts";
import { sumOf, tokensOf, unnamed } from "./sums.ts";

const topCount = 20;
/** Bars of a chart that is not of days. */
const topLabels = 10;

export type Measure = "requests" | "users" | "tokens" | "cost";
export type ChartedBy = "day" | "user" | "app" | "model";
export type Curves = { labels: string[]; datasets: { label: string; data: number[]; yAxisID: string }[] };

export type AnalyticsService = {
  overview(range: Range): Promise<OverviewAttributes>;
  calls(query: ListQuery, filters: CallFilters): Promise<Page<Call>>;
  /** @throws AppError not_found when no such request was recorded, or its record was deleted with age. */
  call(requestId: string): Promise<Call>;
  /** Tokens and cost of each day, both days included. */
  usage(of: SumFilters & Days): Promise<Curves>;
  /**
   * A chart of finished requests between two days, both included: of each day, or of the ten largest of what they are summed by.
   * `withCost` adds what each label costs.
   */
  chart(by: ChartedBy, measure: Measure, of: SumFilters & Days & { withCost?: boolean }): Promise<SimpleChart>;
  /** Spend of LLMs, then apps, in their current budget periods, beside their use between two days (default: this month). */
  budgets(of: { startDate?: Date | undefined; endDate?: Date | undefined; llm_id?: number | undefined }): Promise<BudgetRow[]>;
  /** Administrators may ask for any app, others for their own. */
  appBudget(actor: Actor, appId: number): Promise<AppBudget>;
};

/** How the curves of a range are read: a day's steps from minutes, longer ones from the sums by hour and day. */
const stepsOf = (stepMs: number): Steps =>
  stepMs < 3_600_000
    ? { unit: "minute", size: stepMs / 60_000 }
    : stepMs < dayMs
      ? { unit: "hour", size: stepMs / 3_600_000 }
      : { unit: "day", size: stepMs / dayMs, timeZone: "UTC" };

export function createAnalyticsService({
  store,
  calls,
  sums,
  spends,
  apps,
  now = () => new Date(),
}: {
  store: AnalyticsStore;
  calls: CallStore;
  sums: SumStore;
  spends: SpendReader;
  apps: Pick<AppService, "get" | "getOwn">;
  now?: () => Date;
}): AnalyticsService {
  /** The most used ones, with their names; what is deleted is still counted. */
  async function top(rows: ReportRow[], by: "llm" | "app") {
    const most = rows
      .filter((row) => row.by === by)
      .map((row) => ({ ...row, id: Number(row.key) }))
      .toSorted((a, b) => b.requests - a.requests || a.id - b.id)
      .slice(0, topCount);
    const names = await store.names(
      `${by}s`,
      most.map(({ id }) => id),
    );
    return most.map((row) => ({
      id: row.id,
      name: names.get(row.id) ?? unnamed(by, row.id),
      requests: row.requests,
      tokens: tokensOf(row),
      cost: dollarsFromNano(row.costNanoUsd),
    }));
  }

  return {
    async overview(range) {
      const { stepMs, steps } = ranges[range];
      const asOf = now();
      // Steps lie on the clock, so that a curve does not change its shape with every look; the last one is still filling.
      const from = new Date(Math.floor(asOf.getTime() / stepMs) * stepMs - (steps - 1) * stepMs);
      const span = { from, to: new Date(from.getTime() + steps * stepMs) };
      const [rows, unpricedModels] = await Promise.all([sums.report(span, stepsOf(stepMs), ["llm", "app"]), calls.unpricedModels(from)]);
      const byStep = new Map(rows.flatMap((row) => (row.step === null ? [] : [[row.step, row] as const])));
      const [byLlm, byApp] = await Promise.all([top(rows, "llm"), top(rows, "app")]);
      const total = sumOf([...byStep.values()]);
      return {
        totals: {
          requests: total.requests,
          errors: total.errors,
          prompt_tokens: total.promptTokens,
          response_tokens: total.responseTokens,
          cost: dollarsFromNano(total.costNanoUsd),
          latency_p50_ms: percentile(total.durations, 0.5),
          latency_p95_ms: percentile(total.durations, 0.95),
          unpriced: unpricedModels.reduce((sum, { requests }) => sum + requests, 0),
        },
        unpriced_models: unpricedModels.slice(0, topCount),
        series: Array.from({ length: steps }, (_, step) => {
          const sum = byStep.get(step);
          return {
            at: new Date(from.getTime() + step * stepMs).toISOString(),
            requests: sum?.requests ?? 0,
            errors: sum?.errors ?? 0,
            tokens: sum ? tokensOf(sum) : 0,
            cost: dollarsFromNano(sum?.costNanoUsd ?? 0),
            latency_p50_ms: sum ? percentile(sum.durations, 0.5) : null,
          };
        }),
        by_llm: byLlm.map(({ id, ...rest }) => ({ llm_id: id, ...rest })),
        by_app: byApp.map(({ id, ...rest }) => ({ app_id: id, ...rest })),
        as_of: asOf.toISOString(),
      };
    },

    async calls(query, filters) {
      const { items, total } = await calls.list(query, filters);
      return pageOf(query, items.map(withNames), total);
    },

    async call(requestId) {
      const call = await calls.find(requestId);
      if (!call) throw notFound("Call");
      return withNames(call);
    },

    async usage({ startDate, endDate, ...filters }) {
      const rows = await sums.days(spanOf({ startDate, endDate }), filters);
      const days = new Map(rows.map((row) => [row.day, row]));
      const labels = daysBetween(startDate, endDate);
      const curve = (label: string, yAxisID: string, of: (day: Amounts) => number) => ({
        label,
        data: labels.map((day) => {
          const row = days.get(day);
          return row ? of(row) : 0;
        }),
        yAxisID,
      });
      return {
        labels,
        datasets: [
          curve("Total Tokens", "y", tokensOf),
          curve("Cost", "y1", (day) => dollarsFromNano(day.costNanoUsd)),
          curve("Prompt Tokens", "y", (day) => day.promptTokens),
          curve("Response Tokens", "y", (day) => day.responseTokens),
          curve("Cache Write Tokens", "y", (day) => day.cacheWriteTokens),
          curve("Cache Read Tokens", "y", (day) => day.cacheReadTokens),
        ],
      };
    },

    async chart(by, measure, { startDate, endDate, withCost = false, ...filters }) {
      const span = spanOf({ startDate, endDate });
      const found: (Amounts & { label: string; users?: number })[] =
        by === "day"
          ? (await sums.days(span, filters)).map((row) => ({ ...row, label: row.day }))
          : (await sums.totals(span, by, filters)).map((row) => ({ ...row, label: labelOf[by](row.key) })).toSorted(orders[by]);
      const labels = by === "day" ? daysBetween(startDate, endDate) : found.slice(0, topLabels).map(({ label }) => label);
      const byLabel = new Map(found.map((row) => [row.label, row]));
      const values = (of: (row: Amounts & { users?: number }) => number) =>
        labels.map((label) => {
          const row = byLabel.get(label);
          return row ? of(row) : 0;
        });
      return { labels, data: values(measures[measure]), ...(withCost ? { cost: values(measures.cost) } : {}) };
    },

    async budgets({ startDate, endDate, llm_id }) {
      const at = now();
      const span = spanOf({ startDate: startDate ?? periodStart(at), endDate: endDate ?? at });
      const [ofLlms, ofApps] = await Promise.all([sums.totals(span, "llm", {}), sums.totals(span, "app", {})]);
      const used = { llm: new Map(ofLlms.map((row) => [Number(row.key), row])), app: new Map(ofApps.map((row) => [Number(row.key), row])) };
      const rows = await store.budgeted({ llmIds: [...used.llm.keys()], appIds: [...used.app.keys()], llm_id });
      const periods = rows.map((row) => ({ kind: row.kind, id: row.id, periodStart: periodStart(at, row.budgetStartAt) }));
      const spent = await spends.spent(periods);
      return rows.map((row, index) => {
        const use = used[row.kind].get(row.id);
        const budget = row.budgetMicroUsd === null ? null : dollarsFromMicro(row.budgetMicroUsd);
        return {
          name: row.name,
          entity_type: row.kind === "llm" ? ("LLM" as const) : ("App" as const),
          entity_id: row.id,
          budget,
          spent: dollarsFromNano(spent[index] ?? 0),
          usage: percentOf(dollarsFromNano(spent[index] ?? 0), budget),
          budgetStartDate: periods[index]?.periodStart.toISOString() ?? "",
          totalCost: dollarsFromNano(use?.costNanoUsd ?? 0),
          total_tokens: use ? tokensOf(use) : 0,
          user_id: row.userId,
          user_email: row.userEmail ?? "",
        };
      });
    },

    async appBudget(actor, appId) {
      const app = actor.isAdmin ? await apps.get(appId) : await apps.getOwn(actor, appId);
      const budget = app.monthlyBudget;
      return {
        current_usage: app.currentSpend,
        monthly_budget: budget,
        percentage: budget === null ? null : percentOf(app.currentSpend, budget),
        start_date: periodStart(now(), app.budgetStartAt).toISOString(),
      };
    },
  };
}

const withNames = (call: Call): Call => ({
  ...call,
  appName: call.appName || unnamed("app", call.appId),
  llmName: call.llmName || unnamed("llm", call.llmId),
});

type Labelled = Amounts & { label: string };
const labelOf = { user: (key: string) => `User ${key}`, app: (key: string) => `App ${key}`, model: (key: string) => key || "Unknown" };
const byTokens = (a: Labelled, b: Labelled) =>
  b.promptTokens + b.responseTokens - a.promptTokens - a.responseTokens || a.label.localeCompare(b.label);
const orders = {
  user: byTokens,
  app: byTokens,
  model: (a: Labelled, b: Labelled) => b.requests - a.requests || a.label.localeCompare(b.label),
};

const measures = {
  requests: (row: Amounts) => row.requests,
  users: (row: { users?: number }) => row.users ?? 0,
  tokens: tokensOf,
  cost: (row: Amounts) => dollarsFromNano(row.costNanoUsd),
};

const percentOf = (spent: number, budget: number | null): number => (budget ? Math.round((spent / budget) * 10_000) / 100 : 0);
