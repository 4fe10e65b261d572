import type { Db } from "../db/client.ts";
import { nanoOf } from "../db/money.ts";
import { bucketCount } from "./histogram.ts";

/** What usage can be broken down by. */
export const dimensions = ["llm", "app", "user", "edge", "vendor", "model"] as const;
export type Dimension = (typeof dimensions)[number];

export type SumFilters = {
  app_id?: number | undefined;
  llm_id?: number | undefined;
  user_id?: number | undefined;
  edge_id?: string | undefined;
  vendor?: string | undefined;
  model?: string | undefined;
  /** chat for calls of chat rooms, proxy for all others. */
  interaction?: "chat" | "proxy" | undefined;
};

export type Amounts = {
  requests: number;
  errors: number;
  promptTokens: number;
  responseTokens: number;
  cacheWriteTokens: number;
  cacheReadTokens: number;
  costNanoUsd: number;
};
export type Sum = Amounts & {
  /** Counters of completed requests by duration (histogram.ts). */
  durations: number[];
  /** The same of streamed ones by the time to their first byte. */
  firstBytes: number[];
};
/** Sum of one step of a curve, or of one value of a dimension. */
export type ReportRow = Sum & ({ step: number; by: null; key: null } | { step: null; by: Dimension; key: string });

/** The steps of a curve: so many minutes or hours each, or so many days of a time zone's calendar. */
export type Steps = { unit: "minute" | "hour"; size: number } | { unit: "day"; size: number; timeZone: string };

export type Span = { from: Date; to: Date };
export type DaySum = Amounts & { day: string; users: number };
export type GroupSum = Amounts & { key: string };
export type ModelSum = Amounts & { vendor: string; model: string };

export type SumStore = {
  /** Sums of every step between two moments that had usage, counted from 0, and of every value of each dimension, in one pass. */
  report(span: Span, steps: Steps, by: readonly Dimension[], filters?: SumFilters): Promise<ReportRow[]>;
  /** Sums by each value of a dimension, without latencies. */
  totals(span: Span, by: Dimension, filters: SumFilters): Promise<GroupSum[]>;
  /** Sums of each UTC day with usage, in order. */
  days(span: Span, filters: SumFilters): Promise<DaySum[]>;
  models(span: Span, filters: SumFilters): Promise<ModelSum[]>;
};

const keyOf: Record<Dimension, string> = {
  llm: "llm_id::text",
  app: "app_id::text",
  user: "user_id::text",
  edge: "edge_id",
  vendor: "vendor",
  model: "model",
};

// As floating point: sums of sums may exceed what an integer holds.
const amounts = `sum(requests)::float8 AS requests, sum(errors)::float8 AS errors, sum(prompt_tokens)::float8 AS "promptTokens",
  sum(response_tokens)::float8 AS "responseTokens", sum(cache_write_tokens)::float8 AS "cacheWriteTokens",
  sum(cache_read_tokens)::float8 AS "cacheReadTokens", sum(cost_nano_usd)::float8 AS "costNanoUsd"`;
const columnSums = ["requests", "errors", "prompt_tokens", "response_tokens", "cache_write_tokens", "cache_read_tokens", "cost_nano_usd"]
  .map((column) => `sum(${column}) AS ${column}`)
  .join(", ");
const histogram = (column: string) =>
  `ARRAY[${Array.from({ length: bucketCount }, (_, at) => `coalesce(sum(${column}[${at + 1}]), 0)`).join(", ")}]::float8[]`;
const histograms = `${histogram("durations")} AS durations, ${histogram("first_bytes")} AS "firstBytes"`;

/** Minutes know less than hours and days: neither model, user nor edge, and no first bytes. */
const minutes = `(SELECT minute, m.app_id, m.llm_id, coalesce(l.vendor, '') AS vendor, requests, errors, prompt_tokens, response_tokens, cache_write_tokens,
  cache_read_tokens, ${nanoOf("cost_micro_usd", "cost_rest_nano_usd")} AS cost_nano_usd, durations, NULL::int[] AS first_bytes
  FROM usage_minutes m LEFT JOIN llms l ON l.id = m.llm_id)`;

const equals = ["app_id", "llm_id", "user_id", "edge_id", "vendor", "model"] as const;

function conditionOf(time: string, { from, to }: Span, filters: SumFilters) {
  const values: unknown[] = [from.toISOString(), to.toISOString()];
  const where = [`${time} >= $1`, `${time} < $2`];
  for (const column of equals) {
    const value = filters[column];
    if (value !== undefined) where.push(`${column} = $${values.push(value)}`);
  }
  if (filters.interaction) where.push(`interaction ${filters.interaction === "chat" ? "=" : "<>"} 'chat'`);
  return { where: where.join(" AND "), values };
}

const dayMs = 86_400_000;
const stepMs = { minute: 60_000, hour: 3_600_000 };

/** The position of the step that a moment lies in; `$1` is the start of the span. */
function stepOf(steps: Steps, time: string, bind: (value: unknown) => string): string {
  if (steps.unit !== "day")
    return `floor(extract(epoch FROM ${time} - $1::timestamptz) * 1000 / ${bind(steps.size * stepMs[steps.unit])}::float8)::int`;
  const zone = bind(steps.timeZone);
  const day = (at: string) => `(${at} AT TIME ZONE ${zone})::date`;
  return `(${day(time)} - ${day("$1::timestamptz")}) / ${bind(steps.size)}::int`;
}

const isFiltered = (filters: SumFilters): boolean => Object.values(filters).some((value) => value !== undefined);

/**
 * Reads the sums of usage, never single records: what is asked of them costs by hours and days, however many requests these had. Without
 * filters the marginals are read, which are fewest.
 */
export function createSumStore(db: Db): SumStore {
  const query = async <T extends object>(text: string, values: unknown[]): Promise<T[]> => (await db.sql.query<T>(text, values)).rows;

  /** A row for each step, with latencies, and one for each value of a dimension, without them: minutes are too many to sum these twice. */
  async function ofMinutes(span: Span, steps: Steps, by: readonly Dimension[], filters: SumFilters): Promise<ReportRow[]> {
    const { where, values } = conditionOf("minute", span, filters);
    const keys = by.map((dimension) => keyOf[dimension]);
    const [ofSteps, ofKeys] = await Promise.all([
      (() => {
        const bound = [...values];
        const step = stepOf(steps, "minute", (value) => `$${bound.push(value)}`);
        return query<ReportRow>(
          `SELECT step, NULL AS by, NULL AS key, ${amounts}, ${histogram("durations")} AS durations, ARRAY[]::float8[] AS "firstBytes"
           FROM (SELECT *, ${step} AS step FROM ${minutes} AS source WHERE ${where}) AS t GROUP BY step`,
          bound,
        );
      })(),
      query<ReportRow>(
        `SELECT NULL AS step, CASE ${by.map((dimension, at) => `WHEN grouping(key${at}) = 0 THEN '${dimension}'`).join(" ")} END AS by,
           coalesce(${keys.map((_, at) => `key${at}`).join(", ")}) AS key, ${amounts}, ARRAY[]::float8[] AS durations, ARRAY[]::float8[] AS "firstBytes"
         FROM (SELECT *, ${keys.map((key, at) => `${key} AS key${at}`).join(", ")} FROM ${minutes} AS source WHERE ${where}) AS t
         GROUP BY GROUPING SETS (${keys.map((_, at) => `(key${at})`).join(", ")})`,
        values,
      ),
    ]);
    return [...ofSteps, ...ofKeys];
  }

  return {
    report(span, steps, by, filters = {}) {
      if (steps.unit === "minute") return ofMinutes(span, steps, by, filters);
      const grain = steps.unit === "day" && steps.timeZone === "UTC" ? "day" : "hour";
      if (!isFiltered(filters)) {
        const { values } = conditionOf("start_at", span, {});
        const bind = (value: unknown) => `$${values.push(value)}`;
        // What needs no steps is summed by whole days, and by hours only where a day is not all in the span.
        const day = (moment: Date, rounded: (days: number) => number) =>
          bind(new Date(rounded(moment.getTime() / dayMs) * dayMs).toISOString());
        const firstDay = day(span.from, Math.ceil);
        const endDay = day(span.to, Math.floor);
        return query(
          `SELECT ${stepOf(steps, "start_at", bind)} AS step, NULL AS by, NULL AS key, ${amounts}, ${histograms}
           FROM usage_marginals WHERE dimension = 'all' AND grain = '${grain}' AND start_at >= $1 AND start_at < $2 GROUP BY 1
           UNION ALL
           SELECT NULL, dimension, key, ${amounts}, ${histograms}
           FROM usage_marginals
           WHERE dimension = ANY (${bind(by)}::text[]) AND start_at >= $1 AND start_at < $2
             AND (grain = 'day' AND start_at >= ${firstDay} AND start_at < ${endDay}
               OR grain = 'hour' AND (start_at < ${firstDay} OR start_at >= ${endDay}))
           GROUP BY dimension, key`,
          values,
        );
      }
      const { where, values } = conditionOf(grain, span, filters);
      const step = stepOf(steps, grain, (value) => `$${values.push(value)}`);
      const keys = by.map((dimension) => `by_${dimension}`);
      // Summed in two levels, the first of which reads every row once.
      return query(
        `SELECT step, CASE ${keys.map((key, at) => `WHEN grouping(${key}) = 0 THEN '${by[at]}'`).join(" ")} END AS by,
           coalesce(${keys.join(", ")}) AS key, ${amounts}, ${histograms}
         FROM (SELECT ${step} AS step, ${by.map((dimension) => `${keyOf[dimension]} AS by_${dimension}`).join(", ")}, ${columnSums},
                 ${histogram("durations")} AS durations, ${histogram("first_bytes")} AS first_bytes
               FROM usage_${grain}s AS source WHERE ${where} GROUP BY step, ${keys.join(", ")}) AS t
         GROUP BY GROUPING SETS ((step), ${keys.map((key) => `(${key})`).join(", ")})`,
        values,
      );
    },

    totals(span, by, filters) {
      if (!isFiltered(filters))
        return query(
          `SELECT key, ${amounts} FROM usage_marginals
           WHERE dimension = $3 AND grain = 'day' AND start_at >= $1 AND start_at < $2 GROUP BY key`,
          [span.from.toISOString(), span.to.toISOString(), by],
        );
      const { where, values } = conditionOf("day", span, filters);
      return query(`SELECT ${keyOf[by]} AS key, ${amounts} FROM usage_days WHERE ${where} GROUP BY 1`, values);
    },

    days(span, filters) {
      if (!isFiltered(filters))
        return query(
          `SELECT to_char(start_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, ${amounts},
             (SELECT count(*) FROM usage_marginals u WHERE u.dimension = 'user' AND u.grain = 'day' AND u.start_at = m.start_at AND u.key <> '0') AS users
           FROM usage_marginals m WHERE dimension = 'all' AND grain = 'day' AND start_at >= $1 AND start_at < $2 GROUP BY start_at ORDER BY start_at`,
          [span.from.toISOString(), span.to.toISOString()],
        );
      const { where, values } = conditionOf("day", span, filters);
      return query(
        `SELECT to_char(day AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, count(DISTINCT nullif(user_id, 0)) AS users, ${amounts}
         FROM usage_days WHERE ${where} GROUP BY usage_days.day ORDER BY usage_days.day`,
        values,
      );
    },

    models(span, filters) {
      const { where, values } = conditionOf("day", span, filters);
      return query(`SELECT vendor, model, ${amounts} FROM usage_days WHERE ${where} GROUP BY vendor, model`, values);
    },
  };
}
