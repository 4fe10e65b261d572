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

const stepMs = { minute: 60_000, hour: 3_600_000 };

/** The table that a curve is read from, and the position of a row's step. */
function sourceOf(steps: Steps, bind: (value: unknown) => string): { table: string; time: string; step: string } {
  if (steps.unit !== "day") {
    const time = steps.unit;
    const table = time === "minute" ? minutes : "usage_hours";
    return {
      table,
      time,
      step: `floor(extract(epoch FROM ${time} - $1::timestamptz) * 1000 / ${bind(steps.size * stepMs[time])}::float8)::int`,
    };
  }
  const isUtc = steps.timeZone === "UTC";
  const [table, time] = isUtc ? (["usage_days", "day"] as const) : (["usage_hours", "hour"] as const);
  const zone = bind(steps.timeZone);
  const day = (at: string) => `(${at} AT TIME ZONE ${zone})::date`;
  return { table, time, step: `(${day(time)} - ${day("$1::timestamptz")}) / ${bind(steps.size)}::int` };
}

/** Reads the sums of usage, never single records: what is asked of them costs by hours and days, however many requests these had. */
export function createSumStore(db: Db): SumStore {
  const query = async <T extends object>(text: string, values: unknown[]): Promise<T[]> => (await db.sql.query<T>(text, values)).rows;
  return {
    report(span, steps, by, filters = {}) {
      const time = steps.unit === "day" && steps.timeZone !== "UTC" ? "hour" : steps.unit;
      const { where, values } = conditionOf(time, span, filters);
      const { table, step } = sourceOf(steps, (value) => `$${values.push(value)}`);
      const keys = by.map((dimension) => `by_${dimension}`);
      return query(
        `SELECT step, CASE ${keys.map((key, at) => `WHEN grouping(${key}) = 0 THEN '${by[at]}'`).join(" ")} END AS by,
           coalesce(${keys.join(", ")}) AS key, ${amounts}, ${histograms}
         FROM (SELECT *, ${step} AS step, ${by.map((dimension) => `${keyOf[dimension]} AS by_${dimension}`).join(", ")}
               FROM ${table} AS source WHERE ${where}) AS t
         GROUP BY GROUPING SETS ((step), ${keys.map((key) => `(${key})`).join(", ")})`,
        values,
      );
    },

    totals(span, by, filters) {
      const { where, values } = conditionOf("day", span, filters);
      return query(`SELECT ${keyOf[by]} AS key, ${amounts} FROM usage_days WHERE ${where} GROUP BY 1`, values);
    },

    days(span, filters) {
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
