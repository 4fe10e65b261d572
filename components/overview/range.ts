import { q } from "../api/query.ts";

/** How far back the overview looks. */
export const ranges = ["1h", "24h", "7d", "30d"] as const;
export type Range = (typeof ranges)[number];

export const rangeOf = (value: string | null): Range => ranges.find((range) => range === value) ?? "24h";

export const overviewKey = (range: Range) => q("analytics", `/api/v1/analytics/overview?range=${range}`);
