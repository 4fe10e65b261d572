/**
 * What time it is, by the hub's clock once that is known: budget periods and usage records are the hub's. In between it follows this
 * machine's monotonic clock, so that setting the wall clock changes nothing.
 */
export type Clock = {
  /** Unix milliseconds. */
  now(): number;
  /** The hub has just said what time it is there. @returns how far its clock is from this machine's wall clock. */
  set(hubMs: number): number;
};

/** Below this, the time that messages take to arrive cannot be told from a clock that is off. */
const toleratedMs = 1_000;

/** @param options.offsetMs how far the hub's clock was from the wall clock when it was last known. */
export function createClock({
  offsetMs = 0,
  wallMs = Date.now,
  monotonicMs = () => performance.now(),
}: {
  offsetMs?: number;
  wallMs?: () => number;
  monotonicMs?: () => number;
} = {}): Clock {
  let epochMs = wallMs() + offsetMs - monotonicMs();
  const now = () => Math.trunc(epochMs + monotonicMs());
  return {
    now,
    set(hubMs) {
      if (Math.abs(hubMs - now()) > toleratedMs) epochMs = hubMs - monotonicMs();
      const offset = now() - wallMs();
      return Math.abs(offset) > toleratedMs ? offset : 0;
    },
  };
}
