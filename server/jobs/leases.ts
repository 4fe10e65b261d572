import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { LeaseStore } from "./store.ts";

/** How soon a job of a process that ended runs again. A job waits at most `leaseMs` + `beatMs` + the queue's poll interval. */
export type LeaseTimings = {
  beatMs: number;
  /** After so long without a beat a worker pool counts as gone. */
  leaseMs: number;
};
const defaultTimings: LeaseTimings = { beatMs: 4_000, leaseMs: 20_000 };

export type Leases = {
  /** A worker pool took its place at the queue; the one before it counts as gone. */
  join(poolId: string): void;
  started(jobId: string): void;
  ended(jobId: string): void;
  close(): Promise<void>;
};

/**
 * Leases on jobs: a worker pool says regularly that it lives, and jobs locked by pools that do not, or by this pool without being run
 * here, are unlocked. graphile-worker alone keeps such locks for four hours.
 */
export function createLeases({
  store,
  logger,
  timings: { beatMs, leaseMs } = defaultTimings,
}: {
  store: LeaseStore;
  logger: Logger;
  timings?: LeaseTimings | undefined;
}): Leases {
  let poolId = "";
  const running = new Set<string>();
  // What has ended may not be written down yet.
  let justEnded: string[] = [];
  let lastBeatMs: number | undefined;
  let judgeFromMs = 0;
  let turn: Promise<void> | undefined;
  let isFailing = false;

  async function beat(): Promise<void> {
    const own = poolId;
    if (own === "") return;
    const settling = justEnded;
    await store.beat(own);
    const nowMs = performance.now();
    // While nobody could reach the database, nobody could be seen either: give the others time to be.
    if (lastBeatMs !== undefined && nowMs - lastBeatMs > leaseMs / 2) judgeFromMs = nowMs + leaseMs;
    lastBeatMs = nowMs;
    if (nowMs >= judgeFromMs) {
      const unlocked = await store.unlockAbandoned({ poolId: own, jobIds: [...running, ...justEnded] }, leaseMs);
      if (unlocked > 0) logger.warn("jobs of a lost worker released", { jobs: unlocked });
    }
    justEnded = justEnded.slice(settling.length);
  }

  function look(): void {
    turn ??= beat()
      .then(
        () => {
          isFailing = false;
        },
        (error: unknown) => {
          if (!isFailing) logger.warn("job lease could not be renewed", { error: messageOf(error) });
          isFailing = true;
        },
      )
      .finally(() => {
        turn = undefined;
      });
  }
  const timer = setInterval(look, beatMs);

  return {
    join(id) {
      poolId = id;
      running.clear();
      look();
    },
    started: (jobId) => void running.add(jobId),
    ended(jobId) {
      running.delete(jobId);
      justEnded.push(jobId);
    },
    async close() {
      clearInterval(timer);
      await turn;
      if (poolId !== "") await store.leave(poolId).catch(() => {});
    },
  };
}
