import { breakdowns, reportRangeNames } from "../../server/analytics/contract/choices.ts";
import type { Breakdown, ReportRange } from "../../server/analytics/contract.ts";
import { q } from "../api/query.ts";

/** The address's parameter, and the API's, that narrows the report to one value of a breakdown. */
export const filterOf: Record<Breakdown, string> = {
  llm: "llm_id",
  app: "app_id",
  user: "user_id",
  edge: "edge_id",
  vendor: "vendor",
  model: "model",
};

export const breakdownLabels: Record<Breakdown, string> = {
  llm: "LLM",
  app: "App",
  user: "User",
  edge: "Edge",
  vendor: "Vendor",
  model: "Model",
};

export const rangeIn = (params: URLSearchParams): ReportRange => reportRangeNames.find((range) => range === params.get("range")) ?? "30d";
export const breakdownIn = (params: URLSearchParams): Breakdown => breakdowns.find((by) => by === params.get("by")) ?? "llm";

/** The report that a page's address asks for; the same on the server and in the browser. */
export function reportKey(params: URLSearchParams) {
  const wanted = new URLSearchParams({ range: rangeIn(params), by: breakdownIn(params) });
  for (const name of Object.values(filterOf)) {
    const value = params.get(name);
    if (value) wanted.set(name, value);
  }
  return q("analytics", `/api/v1/analytics/report?${wanted}`);
}
