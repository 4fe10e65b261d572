/**
 * Upper bounds of the duration buckets, in milliseconds, each about 1.7 times the one before; a last bucket takes what is slower.
 * Stored counters (`usage_minutes.durations`) are positions in this list: a changed bound needs a migration of what is stored.
 */
export const durationBoundsMs = [
  1, 2, 3, 5, 8, 13, 20, 35, 60, 100, 170, 280, 450, 700, 1_100, 1_700, 2_800, 4_500, 7_500, 12_000, 20_000, 35_000, 60_000, 120_000,
] as const;

/** Counters a stored histogram has: one for each bound and one for all that is slower. */
export const bucketCount = durationBoundsMs.length + 1;

/** Position of the bucket that a duration counts in: the first whose bound is not below it. */
export function bucketOf(ms: number): number {
  const at = durationBoundsMs.findIndex((bound) => ms <= bound);
  return at < 0 ? durationBoundsMs.length : at;
}

/**
 * The duration in milliseconds below which the share `p` (0 to 1) of the counted requests lies, interpolated inside its bucket and never
 * more wrong than the bucket is wide. What is slower than the last bound counts as that bound.
 * @returns null when nothing was counted.
 */
export function percentile(counts: readonly number[], p: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = Math.min(1, Math.max(0, p)) * total;
  let below = 0;
  for (const [at, count] of counts.entries()) {
    const last = durationBoundsMs[at];
    if (last === undefined) break;
    if (count > 0 && below + count >= rank) {
      const first = durationBoundsMs[at - 1] ?? 0;
      return Math.round((first + ((rank - below) / count) * (last - first)) * 10) / 10;
    }
    below += count;
  }
  return durationBoundsMs.at(-1) ?? null;
}
