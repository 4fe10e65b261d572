import { dollarsFromNano } from "@portico/core";
import { percentile } from "../usage/histogram.ts";
import type { ReportRow, Steps, Sum, SumFilters, SumStore } from "../usage/sums-store.ts";
import { type Breakdown, type Figures, type ReportAttributes, type ReportRange, reportRanges } from "./contract.ts";
import type { AnalyticsStore, NamedKind } from "./store.ts";
import { emptySum, sumOf, tokensOf, unnamed } from "./sums.ts";
import { startOfDay } from "./zones.ts";

const maxGroups = 200;
const hourMs = 3_600_000;
const named: Partial<Record<Breakdown, NamedKind>> = { llm: "llms", app: "apps", user: "users" };

export type ReportQuery = { range: ReportRange; by: Breakdown; timeZone: string; filters: SumFilters };
export type ReportService = {
  /** Usage of a range up to now by one dimension, beside that of the period before. */
  report(query: ReportQuery): Promise<ReportAttributes>;
};

export function createReportService({
  store,
  sums,
  now = () => new Date(),
}: {
  store: Pick<AnalyticsStore, "names">;
  sums: Pick<SumStore, "report">;
  now?: () => Date;
}): ReportService {
  async function namesOf(by: Breakdown, keys: string[]): Promise<(key: string) => string> {
    const kind = named[by];
    if (!kind) return (key) => key || unnamed(by, key);
    const names = await store.names(
      kind,
      keys.map(Number).filter((id) => id > 0),
    );
    return (key) => names.get(Number(key)) ?? unnamed(by, Number(key));
  }

  return {
    async report({ range, by, timeZone, filters }) {
      const asOf = now();
      const { starts, from, to, previousFrom, steps } = periodOf(range, timeZone, asOf);
      const [rows, before] = await Promise.all([
        sums.report({ from, to }, steps, [by], filters),
        sums.report({ from: previousFrom, to: from }, steps, [by], filters),
      ]);
      const byStep = new Map(rows.flatMap((row) => (row.step === null ? [] : [[row.step, row] as const])));
      const groups = groupsOf(rows).toSorted(
        (a, b) => b.costNanoUsd - a.costNanoUsd || b.requests - a.requests || a.key.localeCompare(b.key),
      );
      const shown = groups.slice(0, maxGroups);
      const earlier = new Map(groupsOf(before).map((row) => [row.key, row]));
      const nameOf = await namesOf(
        by,
        shown.map(({ key }) => key),
      );
      return {
        from: from.toISOString(),
        to: to.toISOString(),
        timezone: timeZone,
        totals: figuresOf(sumOf([...byStep.values()])),
        previous: figuresOf(sumOf(before.filter(({ step }) => step !== null))),
        series: starts.map((at, step) => ({ at: at.toISOString(), ...figuresOf(byStep.get(step) ?? emptySum) })),
        groups: shown.map((row) => ({
          key: row.key,
          name: nameOf(row.key),
          ...figuresOf(row),
          previous: figuresOf(earlier.get(row.key) ?? emptySum),
        })),
        more_groups: groups.length - shown.length,
        as_of: asOf.toISOString(),
      };
    },
  };
}

const groupsOf = (rows: ReportRow[]): (Sum & { key: string })[] => rows.flatMap((row) => (row.key === null ? [] : [row]));

/** The steps of a range, the last of which is still filling, and the period before. Days are those of the time zone's calendar. */
function periodOf(range: ReportRange, timeZone: string, asOf: Date) {
  const { unit, size, steps: count } = reportRanges[range];
  if (unit === "hour") {
    const stepMs = size * hourMs;
    const first = Math.floor(asOf.getTime() / stepMs) * stepMs - (count - 1) * stepMs;
    const starts = Array.from({ length: count }, (_, step) => new Date(first + step * stepMs));
    const steps: Steps = { unit, size };
    return { starts, from: new Date(first), to: new Date(first + count * stepMs), previousFrom: new Date(first - count * stepMs), steps };
  }
  // Weeks end with today, so that the last step is a whole one but for the rest of the day.
  const day = (daysFromToday: number) => startOfDay(asOf, timeZone, daysFromToday);
  const first = 1 - count * size;
  const starts = Array.from({ length: count }, (_, step) => day(first + step * size));
  const steps: Steps = { unit, size, timeZone };
  return { starts, from: day(first), to: day(1), previousFrom: day(first - count * size), steps };
}

const figuresOf = (sum: Sum): Figures => ({
  requests: sum.requests,
  errors: sum.errors,
  tokens: tokensOf(sum),
  prompt_tokens: sum.promptTokens,
  response_tokens: sum.responseTokens,
  cache_write_tokens: sum.cacheWriteTokens,
  cache_read_tokens: sum.cacheReadTokens,
  cost: dollarsFromNano(sum.costNanoUsd),
  latency_p50_ms: percentile(sum.durations, 0.5),
  latency_p95_ms: percentile(sum.durations, 0.95),
  latency_p99_ms: percentile(sum.durations, 0.99),
  first_token_p50_ms: percentile(sum.firstBytes, 0.5),
  first_token_p95_ms: percentile(sum.firstBytes, 0.95),
});
