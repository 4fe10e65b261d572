import { z } from "zod";
import { Day, Id } from "../fields/contract.ts";
import { listOf } from "../http/contract.ts";
import { type Endpoint, endpoint } from "../http/endpoint.ts";
import { many } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import type { Call } from "../usage/calls-store.ts";
import { ModelCost, ProxyLogResource } from "./contract.ts";
import type { CostService } from "./costs.ts";
import { days, interaction, notTooLong, spanOf, tooLong } from "./days.ts";
import type { AnalyticsService } from "./service.ts";

const toLog = (call: Call): z.infer<typeof ProxyLogResource> => ({
  type: "proxy_log",
  id: String(call.id),
  attributes: {
    app_id: call.appId,
    user_id: call.userId ?? 0,
    time_stamp: call.at.toISOString(),
    vendor: call.vendor,
    request_body: "",
    response_body: "",
    response_code: call.statusCode,
  },
});

/** Costs by model and the finished requests of an app or LLM, as the reference's pages read them. */
export function logEndpoints({ analytics, costs }: { analytics: AnalyticsService; costs: CostService }): Endpoint[] {
  const logs = (name: "app" | "llm") =>
    endpoint({
      method: "GET",
      path: `/api/v1/analytics/proxy-logs-for-${name}`,
      summary: `List the finished requests of an ${name === "app" ? "app" : "LLM"}, newest first, without bodies, which are not recorded`,
      permission: "analytics.read",
      query: listQuery({
        sortable: ["at"],
        defaultSort: "-at",
        filters: { start_date: Day, end_date: Day, ...(name === "app" ? { app_id: Id } : { llm_id: Id }) },
      }),
      result: listOf(ProxyLogResource),
      async handle({ query: { list, filters } }) {
        const { start_date, end_date, ...of } = filters as { start_date: Date; end_date: Date; app_id?: number; llm_id?: number };
        return many(await analytics.calls(list, { ...spanOf({ startDate: start_date, endDate: end_date }), ...of }), toLog);
      },
    });

  return [
    logs("app"),
    logs("llm"),
    endpoint({
      method: "GET",
      path: "/api/v1/analytics/total-cost-per-vendor-and-model",
      summary: "List what each model cost between two days, the dearest first, split by kind of token at today's prices",
      permission: "analytics.read",
      query: z.object({ ...days, interaction_type: interaction, llm_id: Id.optional() }).refine(notTooLong, tooLong),
      result: z.array(ModelCost),
      handle: async ({ query: { start_date, end_date, interaction_type, llm_id } }) => ({
        json: await costs.byModel({ startDate: start_date, endDate: end_date, interaction: interaction_type, llm_id }),
      }),
    }),
  ];
}
