import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { AppError } from "@portico/core";

const cost = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
/** Stands for the hash of an account that has none: verifying against it takes as long and never succeeds. */
const noHash = format(randomBytes(16), randomBytes(32));

export type Passwords = {
  /** `scrypt$N$r$p$salt$key`, base64url. */
  hash(password: string): Promise<string>;
  /** Takes as long for an absent account (hash null) as for a wrong password, so that neither can be told from the other. */
  verify(password: string, hash: string | null): Promise<boolean>;
};

/**
 * Every derivation takes 32 MiB and a thread of the pool that files and DNS need too. So only a few run at once, a bounded number wait,
 * and the next is refused.
 */
export function createPasswords({ concurrency = 2, maxWaiting = 32 }: { concurrency?: number; maxWaiting?: number } = {}): Passwords {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running < concurrency) running += 1;
    else if (waiting.length < maxWaiting) await new Promise<void>((resolve) => waiting.push(resolve));
    else
      throw new AppError({
        code: "unavailable",
        message: "Too many passwords are being checked right now. Try again in a few seconds.",
        retryAfterSeconds: 3,
      });
    try {
      return await work();
    } finally {
      // The place is handed on, or given up when nobody waits.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  }

  return {
    async hash(password) {
      const salt = randomBytes(16);
      return format(salt, await inTurn(() => derive(password, salt, cost)));
    },
    async verify(password, hash) {
      const [scheme, N, r, p, salt = "", key = ""] = (hash ?? noHash).split("$");
      if (scheme !== "scrypt") return false;
      const expected = Buffer.from(key, "base64url");
      const actual = await inTurn(() => derive(password, Buffer.from(salt, "base64url"), { N: Number(N), r: Number(r), p: Number(p) }));
      return expected.length === actual.length && timingSafeEqual(expected, actual) && hash !== null;
    },
  };
}

function derive(password: string, salt: Buffer, { N, r, p }: { N: number; r: number; p: number }): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(password.normalize("NFKC"), salt, 32, { N, r, p, maxmem: cost.maxmem }, (error, key) => (error ? reject(error) : resolve(key))),
  );
}

function format(salt: Buffer, key: Buffer): string {
  return ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64url"), key.toString("base64url")].join("$");
}
