import { createHash } from "node:crypto";
import { AppError } from "@portico/core";
import ipaddr from "ipaddr.js";
import type { Bucket, SignInStore } from "./sign-in-store.ts";

/** One account from one address. */
const pairLimit = { atOnce: 10, pauseSeconds: 30 };
/** One account from everywhere its owner has not signed in from. */
const accountLimit = { atOnce: 20, pauseSeconds: 60 };
/** One address, all accounts together: stops trying one password on many accounts. An office may share an address. */
const addressLimit = { atOnce: 30, pauseSeconds: 10 };
/** The same for accounts that have signed in from there: strangers at a shared address cannot use it up for them. */
const knownAddressLimit = { ...addressLimit, atOnce: 150 };

/**
 * Counts an attempt before the password is verified, so that parallel guesses gain nothing over sequential ones, and takes it back
 * when the password was right. Too many attempts delay further ones; they never lock an account.
 */
export function createSignInLimits(store: SignInStore) {
  return {
    /** @throws AppError rate_limited, with the time to wait. */
    async take(email: string, ip: string) {
      const address = networkOf(ip);
      const account = createHash("sha256").update(email).digest("base64url");
      const isKnown = await store.isKnownAddress(email, address);
      const pair: Bucket = { key: `pair ${address} ${account}`, ...pairLimit };
      const shared: Bucket[] = [
        { key: `address ${address}`, ...(isKnown ? knownAddressLimit : addressLimit) },
        ...(isKnown ? [] : [{ key: `account ${account}`, ...accountLimit }]),
      ];
      const buckets = [pair, ...shared];
      // Refuse floods with a read: taking and giving back would briefly use up what others share with them.
      const wait = await store.waitFor(buckets);
      if (wait > 0) throw tooMany(wait);
      const refused = new Set(await store.take(buckets));
      if (refused.size > 0) {
        await store.giveBack(buckets.filter(({ key }) => !refused.has(key)));
        throw tooMany(await store.waitFor(buckets.filter(({ key }) => refused.has(key))));
      }
      return {
        /** For an attempt that could not be judged. */
        giveBack: () => store.giveBack(buckets),
        /** Shared counts lose only this attempt: otherwise an attacker could reset them with an account of their own. */
        async succeeded(userId: number): Promise<void> {
          await Promise.all([store.giveBack(shared), store.forget(pair.key), store.rememberAddress(userId, address)]);
        },
      };
    },
    trim: () => store.trim(),
  };
}
export type SignInLimits = ReturnType<typeof createSignInLimits>;

function tooMany(wait: number): AppError {
  // Attempts at once date the pause a moment apart; that moment is no second more.
  const seconds = Math.max(1, Math.ceil(wait - 0.2));
  return new AppError({
    code: "rate_limited",
    message: `Too many attempts to sign in. Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
    retryAfterSeconds: seconds,
  });
}

/** One IPv6 host can use all addresses of its /64. */
function networkOf(ip: string): string {
  if (!ipaddr.isValid(ip)) return ip;
  const address = ipaddr.process(ip);
  return address instanceof ipaddr.IPv6
    ? `${address.parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(":")}::/64`
    : address.toString();
}
