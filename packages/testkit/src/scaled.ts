import { availableParallelism, loadavg } from "node:os";

/**
 * A time that a test allows, in milliseconds, for the machine as busy as it is: more work than cores makes everything take as many times
 * longer. On an idle machine it is the time itself.
 */
export const scaled = (ms: number): number => ms * Math.max(1, (2 * (loadavg()[0] ?? 0)) / availableParallelism());
