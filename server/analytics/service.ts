import { dollarsFromMicro, dollarsFromNano, notFound, periodStart } from "@portico/core";
import type { AppService } from "../apps/service.ts";
import type { Actor } from "../auth/actor.ts";
import { type ListQuery, type Page, pageOf } from "../db/paging.ts";
import { percentile } from "../usage/histogram.ts";
import { type Range, ranges, type SimpleChart } from "./contract.ts";
import type { AnalyticsStore, Call, CallFilters, GroupedBy, GroupFilters, UsageFilters, UsageGroup, UsageSum } from "./store.ts";

const topCount = 20;
/** Bars of a chart that is not of days. */
const topLabels = 10;
const dayLimit = 500;
const dayMs = 86_400_000;

export function createAnalyticsService({
  store,
  apps,
  now = () => new Date(),
}: {
  store: AnalyticsStore;
  apps: Pick<AppService, "get" | "getOwn">;
  now?: () => Date;
}) {
  /** The most used ones, with their names; what is deleted is still counted. */
  async function top(sums: UsageSum[], kind: "llms" | "apps") {
    const idOf = (sum: UsageSum) => (kind === "llms" ? sum.llmId : sum.appId) ?? 0;
    const most = sums.toSorted((a, b) => b.requests - a.requests || idOf(a) - idOf(b)).slice(0, topCount);
    const names = await store.names(kind, most.map(idOf));
    return most.map((sum) => ({
      id: idOf(sum),
      name: names.get(idOf(sum)) ?? unnamed(kind, idOf(sum)),
      requests: sum.requests,
      tokens: sum.tokens,
      cost: dollarsFromNano(sum.costNanoUsd),
    }));
  }

  return {
    async overview(range: Range) {
      const { stepMs, steps } = ranges[range];
      const asOf = now();
      // Steps lie on the clock, so that a curve does not change its shape with every look; the last one is still filling.
      const from = new Date(Math.floor(asOf.getTime() / stepMs) * stepMs - (steps - 1) * stepMs);
      const [sums, unpricedModels] = await Promise.all([store.sums({ from, stepMs }), store.unpricedModels(from)]);
      const byStep = new Map(sums.flatMap((sum) => (sum.step === null ? [] : [[sum.step, sum] as const])));
      const [byLlm, byApp] = await Promise.all([
        top(
          sums.filter((sum) => sum.llmId !== null),
          "llms",
        ),
        top(
          sums.filter((sum) => sum.appId !== null),
          "apps",
        ),
      ]);
      const all = [...byStep.values()];
      const total = (of: (sum: UsageSum) => number) => all.reduce((result, sum) => result + of(sum), 0);
      const durations = (all[0]?.durations ?? []).map((_, at) => total((sum) => sum.durations[at] ?? 0));
      return {
        totals: {
          requests: total((sum) => sum.requests),
          errors: total((sum) => sum.errors),
          prompt_tokens: total((sum) => sum.promptTokens),
          response_tokens: total((sum) => sum.responseTokens),
          cost: dollarsFromNano(total((sum) => sum.costNanoUsd)),
          latency_p50_ms: percentile(durations, 0.5),
          latency_p95_ms: percentile(durations, 0.95),
          unpriced: unpricedModels.reduce((sum, { requests }) => sum + requests, 0),
        },
        unpriced_models: unpricedModels.slice(0, topCount),
        series: Array.from({ length: steps }, (_, step) => {
          const sum = byStep.get(step);
          return {
            at: new Date(from.getTime() + step * stepMs).toISOString(),
            requests: sum?.requests ?? 0,
            errors: sum?.errors ?? 0,
            tokens: sum?.tokens ?? 0,
            cost: dollarsFromNano(sum?.costNanoUsd ?? 0),
            latency_p50_ms: sum ? percentile(sum.durations, 0.5) : null,
          };
        }),
        by_llm: byLlm.map(({ id, ...rest }) => ({ llm_id: id, ...rest })),
        by_app: byApp.map(({ id, ...rest }) => ({ app_id: id, ...rest })),
        as_of: asOf.toISOString(),
      };
    },

    async calls(query: ListQuery, filters: CallFilters): Promise<Page<Call>> {
      const { items, total } = await store.calls(query, filters);
      return pageOf(query, items.map(withNames), total);
    },

    /** @throws AppError not_found when no such request was recorded, or its record was deleted with age. */
    async call(requestId: string): Promise<Call> {
      const call = await store.call(requestId);
      if (!call) throw notFound("Call");
      return withNames(call);
    },

    /** Tokens and cost of each day, both days included. */
    async usage({ startDate, endDate, ...filters }: UsageFilters & { startDate: Date; endDate: Date }) {
      const rows = await store.days({ from: startDate, to: new Date(endDate.getTime() + dayMs), ...filters });
      const days = new Map(rows.map((row) => [row.day, row]));
      const labels = daysBetween(startDate, endDate);
      const curve = (label: string, yAxisID: string, of: (day: (typeof rows)[number]) => number) => ({
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
          curve("Total Tokens", "y", (day) => day.prompt + day.response + day.cacheWrite + day.cacheRead),
          curve("Cost", "y1", (day) => dollarsFromNano(day.costNanoUsd)),
          curve("Prompt Tokens", "y", (day) => day.prompt),
          curve("Response Tokens", "y", (day) => day.response),
          curve("Cache Write Tokens", "y", (day) => day.cacheWrite),
          curve("Cache Read Tokens", "y", (day) => day.cacheRead),
        ],
      };
    },

    /**
     * A chart of finished requests between two days, both included: of each day, or of the ten largest of what they are summed by.
     * @param withCost adds what each label costs.
     */
    async chart(
      by: GroupedBy,
      measure: "requests" | "users" | "tokens" | "cost",
      { startDate, endDate, withCost = false, ...filters }: Omit<GroupFilters, "from" | "to" | "limit"> & Days & { withCost?: boolean },
    ): Promise<SimpleChart> {
      const limit = by === "day" ? dayLimit : topLabels;
      const found = await store.grouped(by, { from: startDate, to: new Date(endDate.getTime() + dayMs), limit, ...filters });
      const byLabel = new Map(found.map((group) => [group.label, group]));
      const labels = by === "day" ? daysBetween(startDate, endDate) : found.map(({ label }) => label);
      const values = (of: (group: UsageGroup) => number) =>
        labels.map((label) => {
          const group = byLabel.get(label);
          return group ? of(group) : 0;
        });
      return { labels, data: values(measures[measure]), ...(withCost ? { cost: values(measures.cost) } : {}) };
    },

    /** Spend of LLMs, then apps, in their current budget periods, beside their use between two days (default: this month). */
    async budgets({
      startDate,
      endDate,
      llm_id,
    }: {
      startDate?: Date | undefined;
      endDate?: Date | undefined;
      llm_id?: number | undefined;
    }) {
      const at = now();
      const from = startDate ?? periodStart(at);
      const to = new Date((endDate ?? at).getTime() + dayMs);
      const rows = await store.budgeted({ from, to, llm_id });
      const periods = rows.map((row) => ({ kind: row.kind, id: row.id, periodStart: periodStart(at, row.budgetStartAt) }));
      const spent = await store.spent(periods);
      return rows.map((row, index) => ({
        name: row.name,
        entity_type: row.kind === "llm" ? ("LLM" as const) : ("App" as const),
        entity_id: row.id,
        budget: row.budgetMicroUsd === null ? null : dollarsFromMicro(row.budgetMicroUsd),
        spent: dollarsFromNano(spent[index] ?? 0),
        usage: percentOf(dollarsFromNano(spent[index] ?? 0), row.budgetMicroUsd === null ? null : dollarsFromMicro(row.budgetMicroUsd)),
        budgetStartDate: periods[index]?.periodStart.toISOString() ?? "",
        totalCost: dollarsFromNano(row.costNanoUsd),
        total_tokens: row.tokens,
        user_id: row.userId,
        user_email: row.userEmail ?? "",
      }));
    },

    /** Administrators may ask for any app, others for their own. */
    async appBudget(actor: Actor, appId: number) {
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
export type AnalyticsService = ReturnType<typeof createAnalyticsService>;

const withNames = (call: Call): Call => ({
  ...call,
  appName: call.appName || unnamed("apps", call.appId),
  llmName: call.llmName || unnamed("llms", call.llmId),
});

const unnamed = (kind: "llms" | "apps", id: number): string => {
  const what = kind === "llms" ? "LLM" : "app";
  return id ? `deleted ${what} ${id}` : `no ${what}`;
};

type Days = { startDate: Date; endDate: Date };

function daysBetween(startDate: Date, endDate: Date): string[] {
  const days: string[] = [];
  for (let at = startDate.getTime(); at <= endDate.getTime(); at += dayMs) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

const measures = {
  requests: (group: UsageGroup) => group.requests,
  users: (group: UsageGroup) => group.users,
  tokens: (group: UsageGroup) => group.prompt + group.response + group.cacheWrite + group.cacheRead,
  cost: (group: UsageGroup) => dollarsFromNano(group.costNanoUsd),
};

const percentOf = (spent: number, budget: number | null): number => (budget ? Math.round((spent / budget) * 10_000) / 100 : 0);
