import { z } from "zod";
import type { AppService } from "../apps/service.ts";
import type { Actor } from "../auth/actor.ts";
import { Id } from "../fields/contract.ts";
import { IdParam } from "../http/contract.ts";
import { type Endpoint, endpoint } from "../http/endpoint.ts";
import { Chart, CostChart, SimpleChart } from "./contract.ts";
import { days, interaction, notTooLong, tooLong } from "./days.ts";
import type { AnalyticsService } from "./service.ts";

const Between = z
  .object({ ...days, interaction_type: interaction, llm_id: Id.optional(), app_id: Id.optional() })
  .refine(notTooLong, tooLong);

type Between = z.output<typeof Between>;
const between = ({ start_date, end_date, interaction_type, llm_id, app_id }: Between) => ({
  startDate: start_date,
  endDate: end_date,
  interaction: interaction_type,
  llm_id,
  app_id,
});

/** Charts of finished requests, in the shapes that the reference's pages draw. */
export function chartEndpoints({ analytics, apps }: { analytics: AnalyticsService; apps: Pick<AppService, "get" | "getOwn"> }): Endpoint[] {
  type Measure = Parameters<AnalyticsService["chart"]>[1];
  const chart = (name: string, summary: string, by: Parameters<AnalyticsService["chart"]>[0], measure: Measure) =>
    endpoint({
      method: "GET",
      path: `/api/v1/analytics/${name}`,
      summary,
      permission: "analytics.read",
      query: Between,
      result: SimpleChart,
      handle: async ({ query }) => ({ json: await analytics.chart(by, measure, between(query)) }),
    });

  /** Administrators may ask for any app, others for their own. */
  const seeApp = (actor: Actor, id: number) => (actor.isAdmin ? apps.get(id) : apps.getOwn(actor, id));
  const OfApp = z.object({ ...days, app_id: Id, interaction_type: interaction }).refine(notTooLong, tooLong);

  async function tokensAndCost(
    appId: number,
    { start_date, end_date, interaction_type }: Pick<Between, "start_date" | "end_date" | "interaction_type">,
  ) {
    const of = { startDate: start_date, endDate: end_date, interaction: interaction_type, app_id: appId, withCost: true };
    const { labels, data, cost = [] } = await analytics.chart("day", "tokens", of);
    return {
      labels,
      datasets: [
        { label: "Token Usage", data, yAxisID: "y" },
        { label: "Cost", data: cost, yAxisID: "y1" },
      ],
    };
  }

  return [
    chart("chat-records-per-day", "Finished requests of each day", "day", "requests"),
    chart("chat-records-per-user", "Finished requests of the ten people with the most tokens", "user", "requests"),
    chart("unique-users-per-day", "How many people made requests on each day", "day", "users"),
    chart("most-used-llm-models", "The ten models with the most requests", "model", "requests"),
    chart("token-usage-per-user", "Tokens of the ten people with the most", "user", "tokens"),
    chart("token-usage-per-app", "Tokens of the ten apps with the most", "app", "tokens"),
    endpoint({
      method: "GET",
      path: "/api/v1/analytics/cost-analysis",
      summary: "Cost of each day, by currency",
      permission: "analytics.read",
      query: Between,
      result: CostChart,
      handle: async ({ query }) => ({ json: { USD: await analytics.chart("day", "cost", between(query)) } }),
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/analytics/model-usage",
      summary: "Tokens and cost of a model on each day",
      permission: "analytics.read",
      query: z
        .object({ ...days, interaction_type: interaction, model_name: z.string("is required").trim().min(1, "is required").max(200) })
        .refine(notTooLong, tooLong),
      result: SimpleChart,
      async handle({ query: { start_date, end_date, interaction_type, model_name } }) {
        const of = { startDate: start_date, endDate: end_date, interaction: interaction_type, model: model_name, withCost: true };
        return { json: await analytics.chart("day", "tokens", of) };
      },
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/analytics/vendor-usage",
      summary: "Tokens and cost of a vendor's models on each day",
      permission: "analytics.read",
      query: z
        .object({
          ...days,
          interaction_type: interaction,
          vendor: z.string("is required").trim().toLowerCase().min(1, "is required").max(60),
          llm_id: Id.optional(),
        })
        .refine(notTooLong, tooLong),
      result: SimpleChart,
      async handle({ query: { start_date, end_date, interaction_type, vendor, llm_id } }) {
        const of = { startDate: start_date, endDate: end_date, interaction: interaction_type, vendor, llm_id, withCost: true };
        return { json: await analytics.chart("day", "tokens", of) };
      },
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/analytics/token-usage-for-app",
      summary: "Tokens and cost of an app on each day",
      permission: "analytics.read",
      query: OfApp,
      result: SimpleChart,
      async handle({ query: { app_id, start_date, end_date, interaction_type } }) {
        await apps.get(app_id);
        return {
          json: await analytics.chart("day", "tokens", {
            startDate: start_date,
            endDate: end_date,
            interaction: interaction_type,
            app_id,
            withCost: true,
          }),
        };
      },
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/analytics/app-interactions-over-time",
      summary: "Finished requests of an app on each day",
      permission: "analytics.read",
      query: OfApp,
      result: SimpleChart,
      async handle({ query: { app_id, start_date, end_date, interaction_type } }) {
        await apps.get(app_id);
        return {
          json: await analytics.chart("day", "requests", {
            startDate: start_date,
            endDate: end_date,
            interaction: interaction_type,
            app_id,
          }),
        };
      },
    }),
    ...["/api/v1/analytics/token-usage-and-cost-for-app", "/analytics/token-usage-and-cost-for-app"].map((path) =>
      endpoint({
        method: "GET",
        path,
        summary: "Tokens and cost of an app on each day, on two axes: any app for administrators, their own for others",
        permission: "user",
        query: OfApp,
        result: Chart,
        async handle({ actor, query }) {
          await seeApp(actor, query.app_id);
          return { json: await tokensAndCost(query.app_id, query) };
        },
      }),
    ),
    endpoint({
      method: "GET",
      path: "/common/apps/:id/analytics/usage",
      summary: "Tokens and cost of one of your apps on each day",
      permission: "user",
      params: IdParam,
      query: z.object({ ...days, interaction_type: interaction }).refine(notTooLong, tooLong),
      result: Chart,
      async handle({ actor, params, query: { start_date, end_date, interaction_type } }) {
        await apps.getOwn(actor, params.id);
        return {
          json: await analytics.usage({ startDate: start_date, endDate: end_date, interaction: interaction_type, app_id: params.id }),
        };
      },
    }),
    endpoint({
      method: "GET",
      path: "/common/apps/:id/analytics/interactions",
      summary: "Finished requests of one of your apps on each day",
      permission: "user",
      params: IdParam,
      query: z.object({ ...days, interaction_type: interaction }).refine(notTooLong, tooLong),
      result: SimpleChart,
      async handle({ actor, params, query: { start_date, end_date, interaction_type } }) {
        await apps.getOwn(actor, params.id);
        return {
          json: await analytics.chart("day", "requests", {
            startDate: start_date,
            endDate: end_date,
            interaction: interaction_type,
            app_id: params.id,
          }),
        };
      },
    }),
  ];
}
