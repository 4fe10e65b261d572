import { createHash, hkdfSync, randomBytes } from "node:crypto";
import { open, seal } from "@portico/protocol/sealing";
import type { Tx } from "../db/client.ts";

/**
 * Seals secrets for the database: `v1.<key id>.<base64url of nonce, ciphertext and tag>` (AES-256-GCM). The key id names the
 * installation key, so that keys can be exchanged while both are known.
 */
export type Vault = {
  /** Of the key that seals. */
  keyId: string;
  /** Of all keys that open. */
  keyIds: readonly string[];
  seal(plain: string): string;
  /** @throws Error naming the key that is missing, or saying that the value was altered. */
  open(sealed: string): string;
};

export function createVault(secretKey: string, formerKeys: string[] = []): Vault {
  const keys = new Map(
    [secretKey, ...formerKeys].map((text) => [createHash("sha256").update(`key id ${text}`).digest("hex").slice(0, 8), derive(text)]),
  );
  const [currentId, currentKey] = [...keys][0] as [string, Buffer];
  return {
    keyId: currentId,
    keyIds: [...keys.keys()],
    seal: (plain) => `v1.${currentId}.${seal(currentKey, Buffer.from(plain, "utf8")).toString("base64url")}`,
    open(sealed) {
      const [version, keyId = "", body = ""] = sealed.split(".");
      const key = keys.get(keyId);
      if (version !== "v1" || !key) throw new Error(`this value was encrypted with another PORTICO_SECRET_KEY (key ${keyId})`);
      return open(key, Buffer.from(body, "base64url")).toString("utf8");
    },
  };
}

const derive = (text: string) => Buffer.from(hkdfSync("sha256", text, "portico", "installation key", 32));

/** A secret the installation makes for itself, once, whichever replica asks first. */
export async function systemSecret(
  tx: Tx,
  vault: Vault,
  name: string,
  make: () => string = () => randomBytes(32).toString("base64url"),
): Promise<string> {
  await tx.systemSecret.createMany({ data: [{ name, sealed: vault.seal(make()) }], skipDuplicates: true });
  const row = await tx.systemSecret.findUniqueOrThrow({ where: { name }, select: { sealed: true } });
  return vault.open(row.sealed);
}
