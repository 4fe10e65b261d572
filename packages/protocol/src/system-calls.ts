import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from "node:crypto";

/**
 * Tokens with which the control plane calls a gateway in a user's name: `psc1.<base64url of the claims as JSON>.<base64url of an Ed25519
 * signature over what stands before it>`. Each is good for one request. Gateways know the public key from their snapshot.
 */
export type SystemCall = {
  method: string;
  /** Path and query as they stand in the request line. */
  path: string;
  /** The acting user. */
  user: number;
};

type Claims = SystemCall & { /** Unix milliseconds. */ expiresAtMs: number; id: string };

const prefix = "psc1.";
/** Long enough for clocks that differ a little and a connection that is slow to open. */
const lifetimeMs = 45_000;
/** Most a gateway accepts, whatever the token says: for this long it remembers what it has seen. */
const longestLifeMs = 90_000;

/** True for anything that claims to be such a token: it is judged here or refused, and never passed on. */
export const isSystemCallToken = (token: string): boolean => token.startsWith(prefix);

/** A new private key as text, to be kept secret. */
export const newSystemCallKey = (): string =>
  generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "der" }).toString("base64url");

const privateKeyOf = (text: string): KeyObject => createPrivateKey({ key: Buffer.from(text, "base64url"), type: "pkcs8", format: "der" });

/** The public half of a private key, as snapshots carry it. */
export const publicSystemCallKey = (privateKey: string): Buffer =>
  createPublicKey(privateKeyOf(privateKey)).export({ type: "spki", format: "der" });

/** @throws Error when the bytes are no Ed25519 public key. */
export function readPublicKey(spki: Uint8Array): KeyObject {
  const key = createPublicKey({ key: Buffer.from(spki), type: "spki", format: "der" });
  if (key.asymmetricKeyType !== "ed25519") throw new Error("not an Ed25519 key");
  return key;
}

/** Makes tokens; one key, prepared once. */
export function createSystemCallSigner(privateKey: string, { now = Date.now }: { now?: () => number } = {}) {
  const key = privateKeyOf(privateKey);
  return (call: SystemCall): string => {
    const claims: Claims = { ...call, expiresAtMs: now() + lifetimeMs, id: randomUUID() };
    const signed = prefix + Buffer.from(JSON.stringify(claims)).toString("base64url");
    return `${signed}.${sign(null, Buffer.from(signed), key).toString("base64url")}`;
  };
}

/** Judges tokens, and remembers them for as long as they could be used again. */
export function createSystemCallVerifier({ now = Date.now, most = 10_000 }: { now?: () => number; most?: number } = {}) {
  const used = new Map<string, number>();

  function isFirstUse({ id, expiresAtMs }: Claims): boolean {
    if (used.has(id)) return false;
    if (used.size >= most) {
      for (const [known, until] of used) if (until <= now()) used.delete(known);
      // Full of tokens that are still good: refusing is safer than forgetting one.
      if (used.size >= most) return false;
    }
    used.set(id, expiresAtMs);
    return true;
  }

  /** @returns the acting user, or undefined for a token that is not good for this request. */
  return (token: string, { method, path, key }: { method: string; path: string; key: KeyObject }): number | undefined => {
    const end = token.lastIndexOf(".");
    const signed = token.slice(0, end);
    if (!isSystemCallToken(signed) || !verify(null, Buffer.from(signed), key, Buffer.from(token.slice(end + 1), "base64url")))
      return undefined;
    const claims = claimsOf(signed.slice(prefix.length));
    if (!claims || claims.method !== method || claims.path !== path) return undefined;
    const leftMs = claims.expiresAtMs - now();
    if (!(leftMs > 0 && leftMs <= longestLifeMs) || !isFirstUse(claims)) return undefined;
    return claims.user;
  };
}

function claimsOf(text: string): Claims | undefined {
  try {
    const claims = JSON.parse(Buffer.from(text, "base64url").toString("utf8")) as Partial<Claims>;
    const { method, path, user, expiresAtMs, id } = claims;
    const isWhole = typeof method === "string" && typeof path === "string" && typeof id === "string" && Number.isSafeInteger(expiresAtMs);
    return isWhole && Number.isInteger(user) && (user as number) > 0 && (user as number) <= 0x7fff_ffff ? (claims as Claims) : undefined;
  } catch {
    return undefined;
  }
}
