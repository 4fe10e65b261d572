import type { FilterRun } from "@portico/filters";
import type { FilterAttributes, FilterResource, FilterTestResult } from "./contract.ts";
import type { Filter } from "./store.ts";

const encode = (script: string): string => Buffer.from(script, "utf8").toString("base64");
export const decodeScript = (script: string): string => Buffer.from(script, "base64").toString("utf8");

export const toAttributes = (filter: Filter): FilterAttributes => ({
  name: filter.name,
  description: filter.description,
  script: encode(filter.script),
  response_filter: filter.responseFilter,
  active: filter.active,
  namespace: filter.namespace,
  llms: filter.llms,
  created_at: filter.createdAt.toISOString(),
  updated_at: filter.updatedAt.toISOString(),
});

export const toResource = (filter: Filter): FilterResource => ({ type: "filter", id: String(filter.id), attributes: toAttributes(filter) });

export function toTestResult(run: FilterRun): FilterTestResult {
  const rest = { console: run.console, duration_ms: Math.round(run.durationMs * 100) / 100 };
  if ("output" in run) return { success: true, output: run.output, ...rest };
  const { kind, message, line } = run.failure;
  return { success: false, error: message, error_kind: kind, ...(line === undefined ? {} : { error_line: line }), ...rest };
}
