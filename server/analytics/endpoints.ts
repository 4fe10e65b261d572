import { dollarsFromNano } from "@portico/core";
import { z } from "zod";
import { Day, Id, Instant, queryFlag } from "../fields/contract.ts";
import { documentOf, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import type { Call } from "../usage/calls-store.ts";
import { AppBudget, BudgetRow, CallResource, Chart, OverviewResource, outcomes, Range } from "./contract.ts";
import { interaction, notTooLong, tooLong } from "./days.ts";
import type { AnalyticsService } from "./service.ts";

export const analyticsEndpoints = ({ analytics }: { analytics: AnalyticsService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/analytics/overview",
    summary: "Get requests, tokens, cost and latency of the last hour, day, week or month",
    permission: "analytics.read",
    query: z.object({ range: Range.default("24h") }),
    result: documentOf(OverviewResource),
    handle: async ({ query }) =>
      one({ type: "analytics-overview" as const, id: query.range, attributes: await analytics.overview(query.range) }),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/analytics/calls",
    summary:
      "List finished requests, newest first; counts stop at 10,001, texts are searched in the newest 100,000. `before` continues after a request id, at any depth",
    permission: "analytics.read",
    query: listQuery({
      sortable: ["at"],
      defaultSort: "-at",
      filters: {
        app_id: Id.optional(),
        llm_id: Id.optional(),
        user_id: Id.optional(),
        outcome: z.enum(outcomes).optional(),
        edge_id: z.string().max(64).optional(),
        vendor: z.string().max(64).optional(),
        model: z.string().max(200).optional(),
        from: Instant.optional(),
        to: Instant.optional(),
        priced: queryFlag.optional(),
        before: z.string().max(200).optional(),
      },
    }),
    result: listOf(CallResource),
    handle: async ({ query }) => many(await analytics.calls(query.list, query.filters), toCall),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/analytics/calls/:request_id",
    summary: "Get a finished request by its request id",
    permission: "analytics.read",
    params: z.object({ request_id: z.string().max(200) }),
    result: documentOf(CallResource),
    handle: async ({ params }) => one(toCall(await analytics.call(params.request_id))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/analytics/usage",
    summary: "Get daily tokens and cost between two dates",
    permission: "analytics.read",
    query: z
      .object({
        start_date: Day,
        end_date: Day,
        vendor: z.string().max(60).optional(),
        llm_id: Id.optional(),
        app_id: Id.optional(),
        interaction_type: interaction,
      })
      .refine(notTooLong, tooLong),
    result: Chart,
    async handle({ query: { start_date, end_date, interaction_type, ...filters } }) {
      const usage = await analytics.usage({ startDate: start_date, endDate: end_date, interaction: interaction_type, ...filters });
      return { json: usage };
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/analytics/budget-usage",
    summary: "List the spend of LLMs and apps against their budgets",
    permission: "analytics.read",
    query: z.object({ start_date: Day.optional(), end_date: Day.optional(), llm_id: Id.optional() }).refine(notTooLong, tooLong),
    result: z.array(BudgetRow),
    handle: async ({ query }) => ({
      json: await analytics.budgets({ startDate: query.start_date, endDate: query.end_date, llm_id: query.llm_id }),
    }),
  }),
  ...["/api/v1/analytics/budget-usage-for-app", "/analytics/budget-usage-for-app"].map((path) =>
    endpoint({
      method: "GET",
      path,
      summary: "Get an app's spend against its budget; users without admin rights only see their own apps",
      permission: "user",
      query: z.object({ app_id: Id }),
      result: AppBudget,
      handle: async ({ actor, query }) => ({ json: await analytics.appBudget(actor, query.app_id) }),
    }),
  ),
];

const toHundredths = (value: number) => Math.round(value * 100) / 100;

const toCall = (call: Call): CallResource => ({
  type: "calls",
  id: String(call.id),
  attributes: {
    request_id: call.requestId,
    at: call.at.toISOString(),
    app_id: call.appId || null,
    app_name: call.appName,
    llm_id: call.llmId || null,
    llm_name: call.llmName,
    model: call.model,
    outcome: call.outcome,
    status_code: call.statusCode,
    reason: call.reason,
    prompt_tokens: call.promptTokens,
    response_tokens: call.responseTokens,
    cost: dollarsFromNano(call.costNanoUsd),
    duration_ms: toHundredths(call.durationMs),
    first_byte_ms: toHundredths(call.firstByteMs),
    plugin_ms: toHundredths(call.pluginMs),
    streamed: call.streamed,
    edge_id: call.edgeId,
    priced: call.priced,
    vendor: call.vendor,
    path: call.path,
    interaction: call.interaction,
    user_id: call.userId,
    user_name: call.userName,
    cache_write_tokens: call.cacheWriteTokens,
    cache_read_tokens: call.cacheReadTokens,
    request_bytes: call.requestBytes,
    response_bytes: call.responseBytes,
    usage_estimated: call.usageEstimated,
  },
});
