import { z } from "zod";
import { resourceOf } from "../http/contract.ts";
import { breakdowns, reportRangeNames } from "./contract/choices.ts";

/** What a dashboard may look back on, and how wide the steps of its curves are. */
export const ranges = {
  "1h": { stepMs: 60_000, steps: 60 },
  "24h": { stepMs: 15 * 60_000, steps: 96 },
  "7d": { stepMs: 3 * 3_600_000, steps: 56 },
  // One step a day: two would draw day and night as a saw.
  "30d": { stepMs: 24 * 3_600_000, steps: 30 },
} as const;
export const Range = z.enum(["1h", "24h", "7d", "30d"], "must be one of 1h, 24h, 7d, 30d");
export type Range = z.infer<typeof Range>;

export const outcomes = ["completed", "failed", "aborted", "blocked"] as const;

const Milliseconds = z.number().nullable();
const shared = { requests: z.number(), tokens: z.number(), cost: z.number() };

/** Cost in dollars; latencies of completed calls, null where there were none. */
export const OverviewAttributes = z.object({
  totals: z.object({
    requests: z.number(),
    errors: z.number(),
    prompt_tokens: z.number(),
    response_tokens: z.number(),
    cost: z.number(),
    latency_p50_ms: Milliseconds,
    latency_p95_ms: Milliseconds,
    /** Calls that used tokens of a model without a price, so that `cost` does not hold them; counted up to 10,001. */
    unpriced: z.number(),
  }),
  /** The models of those calls, the most called first, with the vendor under which a price would be looked for. */
  unpriced_models: z.array(z.object({ vendor: z.string(), model: z.string(), requests: z.number() })),
  /** One entry for each step of the range, also where nothing happened; `at` is its start. */
  series: z.array(z.object({ at: z.string(), errors: z.number(), latency_p50_ms: Milliseconds, ...shared })),
  by_llm: z.array(z.object({ llm_id: z.number(), name: z.string(), ...shared })),
  by_app: z.array(z.object({ app_id: z.number(), name: z.string(), ...shared })),
  as_of: z.string(),
});
export type OverviewAttributes = z.infer<typeof OverviewAttributes>;

export const OverviewResource = resourceOf("analytics-overview", OverviewAttributes);

/** One finished request at an edge. */
export const CallAttributes = z.object({
  request_id: z.string(),
  at: z.string(),
  app_id: z.number().nullable(),
  app_name: z.string(),
  llm_id: z.number().nullable(),
  llm_name: z.string(),
  model: z.string(),
  outcome: z.enum(outcomes),
  status_code: z.number(),
  /** Why it did not complete, one of `gatewayReasons`; "" when it did. Gateways of other releases may send others. */
  reason: z.string(),
  prompt_tokens: z.number(),
  response_tokens: z.number(),
  cost: z.number(),
  /** false: tokens were used and no price is known for the model, so that `cost` says nothing. */
  priced: z.boolean(),
  duration_ms: z.number(),
  first_byte_ms: z.number(),
  plugin_ms: z.number(),
  streamed: z.boolean(),
  edge_id: z.string(),
  vendor: z.string(),
  /** Path at the vendor, without query. */
  path: z.string(),
  /** proxy for a program's call, studio for one made from the dashboard. */
  interaction: z.string(),
  /** The user who called from the dashboard, otherwise the owner of the app; null when there is none or they were deleted. */
  user_id: z.number().nullable(),
  user_name: z.string(),
  cache_write_tokens: z.number(),
  cache_read_tokens: z.number(),
  request_bytes: z.number(),
  response_bytes: z.number(),
  /** The vendor reported no final count: the tokens are estimated. */
  usage_estimated: z.boolean(),
});
export type CallAttributes = z.infer<typeof CallAttributes>;

export const CallResource = resourceOf("calls", CallAttributes);
export type CallResource = z.infer<typeof CallResource>;

/** Curves over days, as the reference's charts read them. */
export const Chart = z.object({
  labels: z.array(z.string()),
  datasets: z.array(z.object({ label: z.string(), data: z.array(z.number()), yAxisID: z.string() })),
});

/** One curve or one bar for each label; `cost` in dollars where it is asked for. */
export const SimpleChart = z.object({ labels: z.array(z.string()), data: z.array(z.number()), cost: z.array(z.number()).optional() });
export type SimpleChart = z.infer<typeof SimpleChart>;

/** Cost of each day by currency; everything is counted in USD. */
export const CostChart = z.object({ USD: SimpleChart });

export const BudgetRow = z.object({
  name: z.string(),
  entity_type: z.enum(["LLM", "App"]),
  entity_id: z.number(),
  budget: z.number().nullable(),
  spent: z.number(),
  /** Percent of the budget; 0 without one. */
  usage: z.number(),
  budgetStartDate: z.string(),
  totalCost: z.number(),
  total_tokens: z.number(),
  user_id: z.number().nullable(),
  user_email: z.string(),
});

export type BudgetRow = z.infer<typeof BudgetRow>;

export const AppBudget = z.object({
  current_usage: z.number(),
  monthly_budget: z.number().nullable(),
  percentage: z.number().nullable(),
  start_date: z.string(),
});
export type AppBudget = z.infer<typeof AppBudget>;

/** Cost and tokens of one model; cost in dollars, `modelPriceId` null when it has no price. */
export const ModelCost = z.object({
  model: z.string(),
  modelPriceId: z.number().nullable(),
  totalCost: z.number(),
  promptCost: z.number(),
  responseCost: z.number(),
  cacheWriteCost: z.number(),
  cacheReadCost: z.number(),
  totalTokens: z.number(),
  promptTokens: z.number(),
  responseTokens: z.number(),
  cacheWriteTokens: z.number(),
  cacheReadTokens: z.number(),
});
export type ModelCost = z.infer<typeof ModelCost>;

/** A finished request as the reference lists it. Bodies are not recorded: both are "". */
export const ProxyLogResource = resourceOf(
  "proxy_log",
  z.object({
    app_id: z.number(),
    user_id: z.number(),
    time_stamp: z.string(),
    vendor: z.string(),
    request_body: z.literal(""),
    response_body: z.literal(""),
    response_code: z.number(),
  }),
);

/** What usage is broken down by. */
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
export const ReportRange = z.enum(reportRangeNames, `must be one of ${reportRangeNames.join(", ")}`);
export type ReportRange = z.infer<typeof ReportRange>;

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
