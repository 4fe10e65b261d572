import { status } from "@grpc/grpc-js";
import { GrpcError } from "@portico/protocol/grpc-error";

/** Calls that a plugin may make: so many a minute, all at once if it has been quiet. */
export type RateLimit = {
  /** @throws GrpcError RESOURCE_EXHAUSTED saying when to try again. */
  take(pluginId: number, cost: number): void;
};

/** One bucket a plugin; a restart of its process does not refill it. */
export function createRateLimit(callsPerMinute: number, now: () => number = () => performance.now()): RateLimit {
  const buckets = new Map<number, { left: number; atMs: number }>();
  const perMs = callsPerMinute / 60_000;
  return {
    take(pluginId, cost) {
      const atMs = now();
      const bucket = buckets.get(pluginId) ?? { left: callsPerMinute, atMs };
      bucket.left = Math.min(callsPerMinute, bucket.left + Math.max(0, atMs - bucket.atMs) * perMs);
      bucket.atMs = atMs;
      buckets.set(pluginId, bucket);
      if (bucket.left < cost) {
        const waitSeconds = Math.ceil((cost - bucket.left) / perMs / 1000);
        throw new GrpcError(status.RESOURCE_EXHAUSTED, `rate limit of ${callsPerMinute} calls a minute; try again in ${waitSeconds} s`);
      }
      bucket.left -= cost;
    },
  };
}
