import { z } from "zod";
import { resourceOf } from "../http/contract.ts";

/** What usage is broken down by. */
export const breakdowns = ["llm", "app", "user", "edge", "vendor", "model"] as const;
export const Breakdown = z.enum(breakdowns, `must be one of ${breakdowns.join(", ")}`);
export type Breakdown = z.infer<typeof Breakdown>;

/** How far reports look back, and how wide the steps of their curves are. */
export const reportRanges = {
  "24h": { unit: "hour", size: 1, steps: 24 },
  "7d": { unit: "hour", size: 6, steps: 28 },
  "30d": { unit: "day", size: 1, steps: 30 },
  "90d": { unit: "day", size: 1, steps: 90 },
  "1y": { unit: "day", size: 7, steps: 52 },
} as const;
export const reportRangeNames = ["24h", "7d", "30d", "90d", "1y"] as const;
export const ReportRange = z.enum(reportRangeNames, `must be one of ${reportRangeNames.join(", ")}`);
export type ReportRange = z.infer<typeof ReportRange>;

const Milliseconds = z.number().nullable();

/** Cost in dollars; latencies of completed calls and, to the first token, of completed streams: null where there were none. */
const Figures = z.object({
  requests: z.number(),
  errors: z.number(),
  tokens: z.number(),
  prompt_tokens: z.number(),
  response_tokens: z.number(),
  cache_write_tokens: z.number(),
  cache_read_tokens: z.number(),
  cost: z.number(),
  latency_p50_ms: Milliseconds,
  latency_p95_ms: Milliseconds,
  latency_p99_ms: Milliseconds,
  first_token_p50_ms: Milliseconds,
  first_token_p95_ms: Milliseconds,
});
export type Figures = z.infer<typeof Figures>;

export const ReportAttributes = z.object({
  /** The period reported on: from its start up to, not including, its end. */
  from: z.string(),
  to: z.string(),
  timezone: z.string(),
  totals: Figures,
  /** The same of the period of equal length before. */
  previous: Figures,
  /** One entry for each step, also where nothing happened; `at` is its start. */
  series: z.array(Figures.extend({ at: z.string() })),
  /** What the usage is broken down by, the largest cost first. */
  groups: z.array(
    Figures.extend({
      /** An id, or the name of a vendor, model or edge; "0" or "" for usage that belongs to none. */
      key: z.string(),
      name: z.string(),
      previous: Figures,
    }),
  ),
  /** How many more groups there are than `groups` has. */
  more_groups: z.number(),
  as_of: z.string(),
});
export type ReportAttributes = z.infer<typeof ReportAttributes>;

export const ReportResource = resourceOf("analytics-reports", ReportAttributes);
