import { expect, test } from "vitest";
import { timeTicks, valueTicks } from "./ticks.ts";

test("a value axis has evenly spaced round values from zero to at least the highest", () => {
  expect(valueTicks(2600)).toEqual([0, 1000, 2000, 3000]);
  expect(valueTicks(0.00285)).toEqual([0, 0.001, 0.002, 0.003]);
  expect(valueTicks(0.3)).toEqual([0, 0.1, 0.2, 0.3]);
  expect(valueTicks(40)).toEqual([0, 10, 20, 30, 40]);
  for (const most of [0.00001, 0.95, 1, 7, 13, 99, 650, 1_234_567]) {
    const ticks = valueTicks(most);
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(most);
    expect(ticks.length).toBeLessThanOrEqual(5);
  }
});

test("what is counted has whole values, and nothing at all still has an axis", () => {
  expect(valueTicks(1, { whole: true })).toEqual([0, 1]);
  expect(valueTicks(3, { whole: true })).toEqual([0, 1, 2, 3]);
  expect(valueTicks(9, { whole: true }).every(Number.isInteger)).toBe(true);
  expect(valueTicks(0, { whole: true })).toEqual([0, 1]);
  expect(valueTicks(0)).toEqual([0]);
});

const starts = (stepMs: number, steps: number) => {
  const end = Math.floor(Date.parse("2026-11-27T15:37:20Z") / stepMs) * stepMs;
  return Array.from({ length: steps }, (_, step) => new Date(end - (steps - 1 - step) * stepMs).toISOString());
};

test("a time axis has its labels at round times and at even distances", () => {
  for (const [stepMs, steps, most] of [
    [60_000, 60, 4],
    [900_000, 96, 6],
    [10_800_000, 56, 7],
    [86_400_000, 30, 6],
  ] as const) {
    const times = timeTicks(starts(stepMs, steps)).map((at) => Date.parse(at));
    expect(times.length).toBeGreaterThanOrEqual(3);
    expect(times.length).toBeLessThanOrEqual(most);
    const gaps = new Set(times.slice(1).map((time, index) => time - (times[index] ?? 0)));
    expect(gaps.size).toBe(1);
  }
  expect(timeTicks(starts(900_000, 96)).every((at) => new Date(at).getMinutes() === 0)).toBe(true);
});
