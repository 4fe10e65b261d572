import type pg from "pg";

/** What a worker pool is running, so that its other locks are known to be left over. */
export type Running = { poolId: string; jobIds: readonly string[] };

export type LeaseStore = {
  beat(poolId: string): Promise<void>;
  /** Unlocks jobs of pools that were not seen for `leaseMs`, and those of this pool that it does not run. @returns how many. */
  unlockAbandoned(running: Running, leaseMs: number): Promise<number>;
  leave(poolId: string): Promise<void>;
};

/** All times are the database's: the clocks of replicas do not matter. */
export function createLeaseStore(pool: pg.Pool): LeaseStore {
  return {
    async beat(poolId) {
      await pool.query(
        `WITH gone AS (DELETE FROM job_workers WHERE seen_at < now() - interval '1 day' AND pool_id <> $1)
         INSERT INTO job_workers (pool_id) VALUES ($1) ON CONFLICT (pool_id) DO UPDATE SET seen_at = now()`,
        [poolId],
      );
    },

    async unlockAbandoned({ poolId, jobIds }, leaseMs) {
      // graphile-worker's force_unlock_workers() takes whole pools only, which does not help a pool that lost one of its jobs.
      const { rowCount } = await pool.query(
        `WITH lease AS (SELECT now() - $3 * interval '1 millisecond' AS start),
         abandoned AS (
           UPDATE graphile_worker._private_jobs j SET locked_at = NULL, locked_by = NULL, run_at = greatest(j.run_at, now()),
             last_error = coalesce(j.last_error, 'the process that ran this job ended, or lost its connection to the database')
           FROM lease WHERE j.locked_at < lease.start AND CASE WHEN j.locked_by = $1 THEN j.id <> ALL($2::bigint[])
             ELSE NOT EXISTS (SELECT FROM job_workers w WHERE w.pool_id = j.locked_by AND w.seen_at >= lease.start) END
           RETURNING j.id, j.job_queue_id),
         queues AS (
           UPDATE graphile_worker._private_job_queues q SET locked_at = NULL, locked_by = NULL
           FROM abandoned WHERE q.id = abandoned.job_queue_id)
         SELECT id FROM abandoned`,
        [poolId, jobIds, leaseMs],
      );
      return rowCount ?? 0;
    },

    async leave(poolId) {
      await pool.query("DELETE FROM job_workers WHERE pool_id = $1", [poolId]);
    },
  };
}
