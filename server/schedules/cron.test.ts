import { expect, test } from "vitest";
import { faultOfCron, faultOfTimezone, nextRun } from "./cron.ts";

const next = (cron: string, timezone: string, after: string, runs = 1): (string | undefined)[] => {
  let at = new Date(after);
  return Array.from({ length: runs }, () => {
    const found = nextRun({ cron, timezone }, at);
    if (found) at = found;
    return found?.toISOString();
  });
};

test("five fields, six with seconds, descriptors and intervals say when a schedule runs next", () => {
  expect(next("*/15 * * * *", "UTC", "2026-01-01T00:07:30Z")).toEqual(["2026-01-01T00:15:00.000Z"]);
  expect(next("*/20 * * * * *", "UTC", "2026-01-01T00:00:05Z", 2)).toEqual(["2026-01-01T00:00:20.000Z", "2026-01-01T00:00:40.000Z"]);
  expect(next("0 9 * * MON-FRI", "America/New_York", "2026-01-02T15:00:00Z")).toEqual(["2026-01-05T14:00:00.000Z"]);
  expect(next("@daily", "Europe/Berlin", "2026-01-01T12:00:00Z")).toEqual(["2026-01-01T23:00:00.000Z"]);
  expect(next("@every 1h30m", "UTC", "2026-01-01T00:00:00Z", 2)).toEqual(["2026-01-01T01:30:00.000Z", "2026-01-01T03:00:00.000Z"]);
  // A day of the month or a day of the week, as cron has it.
  expect(next("0 0 13 * FRI", "UTC", "2026-12-01T00:00:00Z", 3)).toEqual([
    "2026-12-04T00:00:00.000Z",
    "2026-12-11T00:00:00.000Z",
    "2026-12-13T00:00:00.000Z",
  ]);
});

test("a time that daylight saving skips is made up for at once, and one that comes twice counts once", () => {
  expect(next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2)).toEqual(["2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"]);
  expect(next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2)).toEqual(["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"]);
});

test("what cannot be a schedule is refused with what would be right", () => {
  for (const cron of ["* * * * *", "0 0 29 2 *", "@hourly", "@every 10s", "0 0 L * *"]) expect(faultOfCron(cron), cron).toBe("");
  for (const cron of ["nonsense", "* * * *", "* * * * * * 2027", "2026-12-01T00:00:00", "@reboot"])
    expect(faultOfCron(cron), cron).toMatch(/must be a cron expression of 5 fields/);
  expect(faultOfCron("61 * * * *")).toContain("minute: 61");
  expect(faultOfCron("0 0 30 2 *")).toBe("never comes: there is no such day");
  for (const cron of ["@every", "@every soon", "@every 0s", "@every 5"]) expect(faultOfCron(cron), cron).toContain("@every 1h30m");
  expect(faultOfTimezone("Europe/Berlin")).toBe("");
  expect(faultOfTimezone("Mars/X")).toContain("IANA time zone");
});
