import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** A new bearer token: a prefix that tells what it is (and lets scanners find leaks), then 32 random bytes, base64url. */
export const newToken = (prefix: string): string => `${prefix}_${randomBytes(32).toString("base64url")}`;

/** How tokens are stored and compared: lower-case hex SHA-256. Safe without salt because a token has 256 random bits. */
export const hashToken = (token: string): string => createHash("sha256").update(token).digest("hex");

export function sameToken(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}
