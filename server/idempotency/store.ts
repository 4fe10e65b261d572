import type { Db } from "../db/client.ts";

/** A key as its actor sent it, and the request that holds it. */
export type Claim = { userId: number; key: string; requestId: string };

/** What is known of a key: who carries it out, or what came of it. */
export type KnownKey = {
  fingerprint: string;
  /** Its request gave a sign of life lately, by the database's clock, which sets the lease. */
  isRunning: boolean;
  hasWritten: boolean;
  /** null until there is an answer. */
  status: number | null;
  headers: Record<string, string>;
  body: string;
  omitted: string[];
};

export type StoredAnswer = { status: number; headers: Record<string, string>; body: string; omitted: string[] };

export type IdempotencyStore = ReturnType<typeof createIdempotencyStore>;

const trimRows = 5_000;

export function createIdempotencyStore({ sql }: Pick<Db, "sql">) {
  return {
    /**
     * Takes a key that is new, has expired, or was given up by a request that ended without having written.
     * @returns false when the key is taken, or the actor has `maxKeys` keys.
     */
    async claim({ userId, key, requestId }: Claim, fingerprint: string, { leaseMs, keptMs, maxKeys }: Limits): Promise<boolean> {
      const { rowCount } = await sql.query(
        `INSERT INTO idempotency_keys AS k (user_id, key, fingerprint, request_id, lease_until, expires_at)
         SELECT $1::int, $2::text, $3::text, $4::text, now() + $5::bigint * interval '1 ms', now() + $6::bigint * interval '1 ms'
         WHERE (SELECT count(*) FROM idempotency_keys WHERE user_id = $1::int) < $7::int
         ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, request_id = excluded.request_id,
           lease_until = excluded.lease_until, expires_at = excluded.expires_at, created_at = now(),
           has_written = false, status = NULL, headers = '{}', body = '', omitted = '{}'
         WHERE k.expires_at < now() OR (k.status IS NULL AND NOT k.has_written AND k.lease_until < now())`,
        [userId, key, fingerprint, requestId, leaseMs, keptMs, maxKeys],
      );
      return rowCount === 1;
    },

    async find(userId: number, key: string): Promise<KnownKey | undefined> {
      const { rows } = await sql.query<KnownKey>(
        `SELECT fingerprint, lease_until > now() AS "isRunning", has_written AS "hasWritten", status, headers, body, omitted
         FROM idempotency_keys WHERE user_id = $1 AND key = $2`,
        [userId, key],
      );
      return rows[0];
    },

    async renew({ userId, key, requestId }: Claim, leaseMs: number): Promise<void> {
      await sql.query(
        `UPDATE idempotency_keys SET lease_until = now() + $4::bigint * interval '1 ms'
         WHERE user_id = $1 AND key = $2 AND request_id = $3 AND status IS NULL`,
        [userId, key, requestId, leaseMs],
      );
    },

    async finish({ userId, key, requestId }: Claim, { status, headers, body, omitted }: StoredAnswer): Promise<void> {
      await sql.query(
        `UPDATE idempotency_keys SET status = $4, headers = $5, body = $6, omitted = $7
         WHERE user_id = $1 AND key = $2 AND request_id = $3`,
        [userId, key, requestId, status, JSON.stringify(headers), body, omitted],
      );
    },

    /** Gives the key back for another try. @returns false when the request has written: then its answer is to be kept. */
    async release({ userId, key, requestId }: Claim): Promise<boolean> {
      const { rowCount } = await sql.query(
        "DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND request_id = $3 AND NOT has_written",
        [userId, key, requestId],
      );
      return rowCount === 1;
    },

    async trim(): Promise<void> {
      for (;;) {
        const { rowCount } = await sql.query(
          `DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(SELECT ctid FROM idempotency_keys WHERE expires_at < now() LIMIT ${trimRows}))`,
        );
        if ((rowCount ?? 0) < trimRows) return;
      }
    },
  };
}

type Limits = { leaseMs: number; keptMs: number; maxKeys: number };
