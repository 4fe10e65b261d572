import { Cron } from "croner";

/** Longest time between two runs of an `@every` schedule. */
const mostEveryMs = 366 * 86_400_000;
const leastEveryMs = 1_000;
const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** The interval of `@every 1h30m`; undefined for another expression, 0 for one that cannot be read. */
function intervalOf(expression: string): number | undefined {
  const [, duration] = /^@every\s+(\S+)$/.exec(expression) ?? [];
  if (duration === undefined) return expression.startsWith("@every") ? 0 : undefined;
  const parts = [...duration.matchAll(/(\d+)(h|m|s)/g)];
  if (parts.map(([part]) => part).join("") !== duration) return 0;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ""] ?? 0), 0);
}

const compiled = new Map<string, Cron>();
const mostCompiled = 1_000;

function compile(expression: string, timezone: string): Cron {
  const key = `${timezone} ${expression}`;
  let cron = compiled.get(key);
  if (!cron) {
    cron = new Cron(expression, { timezone, paused: true, mode: "5-or-6-parts" });
    if (compiled.size >= mostCompiled) compiled.clear();
    compiled.set(key, cron);
  }
  return cron;
}

/**
 * The first time after `after`. A time that daylight saving skips is the first that exists; one that comes twice counts once.
 * @returns undefined when there is none.
 * @throws Error when the expression or the time zone is not valid; see `faultOfSchedule`.
 */
export function nextRun({ cron, timezone }: { cron: string; timezone: string }, after: Date): Date | undefined {
  const everyMs = intervalOf(cron);
  return everyMs === undefined ? (compile(cron, timezone).nextRun(after) ?? undefined) : new Date(after.getTime() + everyMs);
}

export function faultOfTimezone(timezone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
    return "";
  } catch {
    return "must be an IANA time zone, e.g. Europe/Berlin or UTC";
  }
}

/** Why an expression cannot be a schedule; "" when it can. */
export function faultOfCron(expression: string): string {
  const everyMs = intervalOf(expression);
  if (everyMs !== undefined)
    return everyMs >= leastEveryMs && everyMs <= mostEveryMs ? "" : "must be @every and a time of 1s to 366 days, e.g. @every 1h30m";
  const rule = "must be a cron expression of 5 fields (or 6, seconds first), @hourly, @daily, @weekly, @monthly, @yearly or @every 5m";
  const isFields = /^\S+(\s+\S+){4,5}$/.test(expression);
  if (!isFields && !/^@(hourly|daily|midnight|weekly|monthly|yearly|annually)$/i.test(expression)) return rule;
  try {
    const next = compile(expression, "UTC").nextRun(new Date());
    return next ? "" : "never comes: there is no such day";
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Cron\w*: /, "") : "";
    return `${rule}${reason ? `: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}` : ""}`;
  }
}
