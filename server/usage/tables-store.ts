/** The tables of usage that grow with it, by the column with the time that rows are deleted by. Each has an index that begins with it. */
export const usageTables = {
  usage_records: { key: "id", time: "at" },
  usage_minutes: { key: "ctid", time: "minute" },
  usage_hours: { key: "ctid", time: "hour" },
  usage_days: { key: "ctid", time: "day" },
  usage_marginals: { key: "ctid", time: "start_at" },
  budget_usage: { key: "ctid", time: "period_start" },
} as const;
