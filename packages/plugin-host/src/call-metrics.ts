import type { RpcMetrics } from "./types.ts";

/** Upper bounds of the latency buckets; one more bucket holds everything slower. */
export const latencyBoundsMs: readonly number[] = [0.5, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000];

/** Counters of one rpc. Their size does not depend on how many calls there were. */
export type RpcCounters = {
  calls: number;
  errors: number;
  timeouts: number;
  refused: number;
  latencySumMs: number;
  readonly latencyCounts: number[];
};

export type CallMetrics = {
  of(rpc: string): RpcCounters;
  read(): Record<string, RpcMetrics>;
};

export function addLatency(counters: RpcCounters, ms: number): void {
  let bucket = 0;
  while (ms > (latencyBoundsMs[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
  counters.latencyCounts[bucket] = (counters.latencyCounts[bucket] ?? 0) + 1;
  counters.latencySumMs += ms;
}

/** The figures of one plugin, kept across its processes. */
export function createCallMetrics(): CallMetrics {
  const rpcs = new Map<string, RpcCounters>();
  return {
    of(rpc) {
      let counters = rpcs.get(rpc);
      if (!counters) {
        const latencyCounts = new Array<number>(latencyBoundsMs.length + 1).fill(0);
        counters = { calls: 0, errors: 0, timeouts: 0, refused: 0, latencySumMs: 0, latencyCounts };
        rpcs.set(rpc, counters);
      }
      return counters;
    },
    read: () =>
      Object.fromEntries(
        [...rpcs].map(([rpc, { calls, errors, timeouts, refused, latencySumMs, latencyCounts }]) => [
          rpc,
          { calls, errors, timeouts, refused, latencyMs: { bounds: [...latencyBoundsMs], counts: [...latencyCounts], sum: latencySumMs } },
        ]),
      ),
  };
}
