import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

// Sealed bytes: nonce (12) | ciphertext | tag (16), AES-256-GCM.
const nonceBytes = 12;
const tagBytes = 16;

/** Key of an edge for wrapping its namespace's data key, derived from the edge's token. */
export const edgeWrappingKey = (edgeToken: string): Buffer =>
  Buffer.from(hkdfSync("sha256", edgeToken, "portico.edge.v1", "wrap data key", 32));

/** Seals under a random nonce. */
export const seal = (key: Buffer, plain: Buffer): Buffer => sealWith(key, plain, randomBytes(nonceBytes));

/**
 * Seals so that equal input gives equal bytes (the nonce is an HMAC of the input): a snapshot's checksum must not change
 * while the configuration does not. Equality of two sealed values is thereby visible, and nothing else.
 */
export function sealStable(key: Buffer, plain: Buffer, context: string): Buffer {
  const nonce = createHmac("sha256", key).update(context).update("\0").update(plain).digest().subarray(0, nonceBytes);
  return sealWith(key, plain, nonce);
}

function sealWith(key: Buffer, plain: Buffer, nonce: Buffer): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws Error when the bytes were not sealed with this key or were altered. */
export function open(key: Buffer, sealed: Uint8Array): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < nonceBytes + tagBytes) throw new Error("sealed value is too short");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes)), decipher.final()]);
}
