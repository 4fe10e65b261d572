import { expect, test } from "vitest";
import { bucketCount, bucketOf, durationBoundsMs, percentile } from "./histogram.ts";

test("every duration has exactly one bucket, and a bound belongs to the bucket that it closes", () => {
  for (const [at, bound] of durationBoundsMs.entries()) {
    expect(bucketOf(bound)).toBe(at);
    expect(bucketOf(bound + 0.001)).toBe(at + 1);
  }
  expect(bucketOf(0)).toBe(0);
  expect(bucketOf(1e9)).toBe(bucketCount - 1);
});

test("a percentile is never further from the truth than its bucket is wide", () => {
  const durations = Array.from({ length: 5_000 }, (_, i) => 0.5 + ((i * 7919) % 4_000));
  const counts = Array.from({ length: bucketCount }, () => 0);
  for (const ms of durations) counts[bucketOf(ms)] = (counts[bucketOf(ms)] ?? 0) + 1;
  const sorted = durations.toSorted((a, b) => a - b);
  for (const p of [0.01, 0.5, 0.9, 0.95, 0.99]) {
    const truth = sorted[Math.ceil(p * sorted.length) - 1] ?? 0;
    expect(bucketOf(percentile(counts, p) ?? -1)).toBe(bucketOf(truth));
  }
});

test("nothing counted has no percentile, and what is slower than the last bound counts as that bound", () => {
  expect(percentile([], 0.5)).toBeNull();
  expect(percentile([0, 0, 0], 0.5)).toBeNull();
  const slow = Array.from({ length: bucketCount }, () => 0);
  slow[bucketCount - 1] = 3;
  expect(percentile(slow, 0.5)).toBe(durationBoundsMs.at(-1));
});
