const count = new Intl.NumberFormat("en-US");
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export const formatCount = (value: number | null | undefined): string => (value == null ? "–" : count.format(value));
export const formatCompact = (value: number | null | undefined): string => (value == null ? "–" : compact.format(value));

/** Dollars with as many decimals as the amount needs to differ from zero. */
export function formatMoney(dollars: number | null | undefined): string {
  if (dollars == null) return "–";
  const size = Math.abs(dollars);
  const digits = size === 0 || size >= 1 ? 2 : size >= 0.01 ? 4 : 6;
  return new Intl.NumberFormat("en-US", {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  }).format(dollars);
}

export function formatDuration(ms: number | null | undefined): string {
  if (ms == null) return "–";
  if (ms < 1) return "<1 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** "12.3 kB", in powers of a thousand. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes == null) return "–";
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export const formatPercent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%`;

/** Whether a wire time says anything; the API writes year 1 for "never". */
export const isTime = (value: string | null | undefined): value is string => Boolean(value) && !value?.startsWith("0001-");

export const formatExact = (value: string): string => exact.format(new Date(value));

const steps: [limitSeconds: number, divisor: number, unit: string][] = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86_400, 3600, "h"],
  [86_400 * 45, 86_400, "d"],
];

/** "12 s ago"; a date once it is more than 45 days. `now` in milliseconds since 1970. */
export function formatAgo(value: string, now: number): string {
  const seconds = (now - new Date(value).getTime()) / 1000;
  const size = Math.abs(seconds);
  // Two machines' clocks differ by a little; what just happened is not in the future.
  if (size < 2 || (seconds < 0 && size < 60)) return "just now";
  for (const [limit, divisor, unit] of steps) {
    if (size < limit) {
      const text = `${Math.floor(size / divisor)} ${unit}`;
      return seconds >= 0 ? `${text} ago` : `in ${text}`;
    }
  }
  return new Date(value).toISOString().slice(0, 10);
}

/** "1 app", "3 apps". */
export const plural = (n: number, one: string, many = `${one}s`): string => `${formatCount(n)} ${n === 1 ? one : many}`;
