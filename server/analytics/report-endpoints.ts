import { z } from "zod";
import { Id } from "../fields/contract.ts";
import { documentOf } from "../http/contract.ts";
import { type Endpoint, endpoint } from "../http/endpoint.ts";
import { one } from "../http/envelope.ts";
import { Breakdown, ReportRange, ReportResource } from "./contract.ts";
import type { ReportService } from "./report.ts";
import { isTimeZone } from "./zones.ts";

export const reportEndpoints = ({ reports }: { reports: ReportService }): Endpoint[] => [
  endpoint({
    method: "GET",
    path: "/api/v1/analytics/report",
    summary: "Get spend, tokens, latency and errors by LLM, app, user, edge, vendor or model, beside the period before",
    permission: "analytics.read",
    query: z.object({
      range: ReportRange.default("30d"),
      by: Breakdown.default("llm"),
      timezone: z.string().max(64).refine(isTimeZone, "must be the name of a time zone, such as Europe/Berlin").default("UTC"),
      llm_id: Id.optional(),
      app_id: Id.optional(),
      user_id: Id.optional(),
      edge_id: z.string().max(64).optional(),
      vendor: z.string().max(64).optional(),
      model: z.string().max(256).optional(),
    }),
    result: documentOf(ReportResource),
    async handle({ query: { range, by, timezone, ...filters } }) {
      const attributes = await reports.report({ range, by, timeZone: timezone, filters });
      return one({ type: "analytics-reports" as const, id: `${range}-${by}`, attributes });
    },
  }),
];
