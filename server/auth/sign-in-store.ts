import type { Db } from "../db/client.ts";

/** How one key is limited: so many attempts at once, and another after each pause. */
export type Bucket = { key: string; atOnce: number; pauseSeconds: number };

const knownForDays = 90;
const maxAddresses = 20;

/**
 * Attempts to sign in, shared by all replicas (a generic cell rate algorithm). `clears_at` is when a key's count is back to zero: an
 * attempt moves it by the bucket's pause, and is refused when that would put it more than `atOnce` pauses ahead.
 */
export function createSignInStore(db: Db) {
  const columns = (buckets: Bucket[]) => [
    buckets.map(({ key }) => key),
    buckets.map(({ pauseSeconds }) => pauseSeconds),
    buckets.map(({ atOnce, pauseSeconds }) => atOnce * pauseSeconds),
  ];
  return {
    /** Counts an attempt in every bucket that has room. Rows are locked in the order of their keys. @returns keys without room. */
    async take(buckets: Bucket[]): Promise<string[]> {
      const { rows } = await db.sql.query<{ key: string }>(
        `INSERT INTO sign_in_attempts AS kept (key, clears_at)
         SELECT key, now() + pause * interval '1 second' FROM unnest($1::text[], $2::float8[]) AS asked(key, pause) ORDER BY key
         ON CONFLICT (key) DO UPDATE SET clears_at = greatest(kept.clears_at, now()) + (EXCLUDED.clears_at - now())
         WHERE greatest(kept.clears_at, now()) + (EXCLUDED.clears_at - now())
           <= now() + (SELECT span FROM unnest($1::text[], $3::float8[]) AS most(key, span) WHERE most.key = kept.key) * interval '1 second'
         RETURNING key`,
        columns(buckets),
      );
      const taken = new Set(rows.map(({ key }) => key));
      return buckets.filter(({ key }) => !taken.has(key)).map(({ key }) => key);
    },

    /** Takes back one attempt in each bucket, and deletes rows whose count is back to zero. */
    async giveBack(buckets: Bucket[]): Promise<void> {
      if (buckets.length === 0) return;
      const [keys, pauses] = columns(buckets);
      await db.sql.query(
        `WITH asked AS (SELECT * FROM unnest($1::text[], $2::float8[]) AS asked(key, pause)),
              locked AS (SELECT key, clears_at FROM sign_in_attempts WHERE key = ANY($1) ORDER BY key FOR UPDATE),
              earlier AS (SELECT key, clears_at - pause * interval '1 second' AS clears_at FROM locked JOIN asked USING (key)),
              gone AS (DELETE FROM sign_in_attempts AS kept USING earlier WHERE kept.key = earlier.key AND earlier.clears_at <= now())
         UPDATE sign_in_attempts AS kept SET clears_at = earlier.clears_at
         FROM earlier WHERE kept.key = earlier.key AND earlier.clears_at > now()`,
        [keys, pauses],
      );
    },

    /** Seconds until all of these buckets have room for one more; 0 or less when they have. */
    async waitFor(buckets: Bucket[]): Promise<number> {
      const { rows } = await db.sql.query<{ wait: number | null }>(
        `SELECT max(extract(epoch FROM clears_at - now()) + pause - span)::float8 AS wait
         FROM sign_in_attempts JOIN unnest($1::text[], $2::float8[], $3::float8[]) AS asked(key, pause, span) USING (key)`,
        columns(buckets),
      );
      return rows[0]?.wait ?? 0;
    },

    forget: (key: string) => db.prisma.signInAttempt.deleteMany({ where: { key } }),

    /** Asked by e-mail, existing or not, so that the answer takes as long for either. */
    async isKnownAddress(email: string, address: string): Promise<boolean> {
      const { rowCount } = await db.sql.query(
        `SELECT FROM sign_in_addresses JOIN users ON users.id = user_id
         WHERE users.email = $1 AND address = $2 AND last_at > now() - $3 * interval '1 day'`,
        [email, address, knownForDays],
      );
      return (rowCount ?? 0) > 0;
    },

    async rememberAddress(userId: number, address: string): Promise<void> {
      await db.sql.query(
        `INSERT INTO sign_in_addresses (user_id, address, last_at) VALUES ($1, $2, now())
         ON CONFLICT (user_id, address) DO UPDATE SET last_at = now()`,
        [userId, address],
      );
      await db.sql.query(
        `DELETE FROM sign_in_addresses WHERE user_id = $1 AND address IN
           (SELECT address FROM sign_in_addresses WHERE user_id = $1 ORDER BY last_at DESC OFFSET $2)`,
        [userId, maxAddresses],
      );
    },

    async trim(): Promise<void> {
      await db.sql.query("DELETE FROM sign_in_attempts WHERE clears_at < now()");
      await db.sql.query("DELETE FROM sign_in_addresses WHERE last_at < now() - $1 * interval '1 day'", [knownForDays]);
    },
  };
}
export type SignInStore = ReturnType<typeof createSignInStore>;
