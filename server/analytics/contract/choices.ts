/*
 * What reports can be asked for. Without imports, so that pages load nothing else.
 */

export const breakdowns = ["llm", "app", "user", "edge", "vendor", "model"] as const;
export const reportRangeNames = ["24h", "7d", "30d", "90d", "1y"] as const;
