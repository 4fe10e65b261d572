import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The key that this edge proves itself with where the hub asks for client certificates, and the certificate of it. */
export type ClientIdentity = {
  /** SPKI, DER. The key is made on first use and never leaves the data folder. */
  publicKey(): Buffer;
  /** What TLS presents; {} while the hub has issued nothing for the key. */
  certificate(): { key?: string; cert?: string };
  /** Keeps a certificate (PEM) that the hub has issued. @throws Error when it is not one for the key. */
  keep(certificate: string): void;
};

export function createClientIdentity(dataDir: string): ClientIdentity {
  const keyFile = join(dataDir, "hub-client-key.pem");
  const certificateFile = join(dataDir, "hub-client.pem");
  let key = readIfThere(keyFile);
  let certificate = readIfThere(certificateFile);

  function privateKey(): string {
    if (!key) {
      key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
      replace(dataDir, keyFile, key);
    }
    return key;
  }

  return {
    publicKey: () => createPublicKey(privateKey()).export({ type: "spki", format: "der" }),
    certificate: () => (key && certificate ? { key, cert: certificate } : {}),
    keep(issued) {
      if (!new X509Certificate(issued).checkPrivateKey(createPrivateKey(privateKey())))
        throw new Error("the hub issued a client certificate for another key");
      replace(dataDir, certificateFile, issued);
      certificate = issued;
    },
  };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function replace(dataDir: string, file: string, text: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
