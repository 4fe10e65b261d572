// The library that issues certificates needs it before it is loaded itself.
import "reflect-metadata";
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

/** Certificate and key, PEM. */
export type KeyPair = { cert: string; key: string };

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 86_400_000;
/** Clocks of hub and edges may differ. */
const skewMs = dayMs;
const authorityMs = 20 * 365 * dayMs;
export const serverCertificateMs = 90 * dayMs;
/** An edge is known by its key; the certificate is only how TLS carries it. */
const clientCertificateMs = 10 * 365 * dayMs;

/**
 * Every server certificate carries this name besides the addresses of the hub: edges that know the CA ask for it, at whatever address
 * they reach the hub.
 */
export const hubName = "hub.portico.internal";

/** Makes a CA, as the text that `openAuthority` takes. */
export async function makeAuthority(): Promise<string> {
  const keys = await makeKeys();
  const now = Date.now();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: ["Portico hub"] }],
    notBefore: new Date(now - skewMs),
    notAfter: new Date(now + authorityMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return JSON.stringify({ cert: ca.toString("pem"), key: await pemOf(keys.privateKey) } satisfies KeyPair);
}

export type Authority = Awaited<ReturnType<typeof openAuthority>>;

/** The control plane's own CA. It vouches for hubs and for the edges of this control plane, and for nobody else. */
export async function openAuthority(text: string) {
  const { cert, key } = JSON.parse(text) as KeyPair;
  const certificate = new x509.X509Certificate(cert);
  const pkcs8 = createPrivateKey(key).export({ type: "pkcs8", format: "der" });
  const signingKey = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);

  async function issue(publicKey: CryptoKey, name: string, lifeMs: number, more: x509.Extension[]): Promise<string> {
    const now = Date.now();
    const issued = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: [{ CN: [name] }],
      issuer: certificate.subject,
      notBefore: new Date(now - skewMs),
      notAfter: new Date(Math.min(now + lifeMs, certificate.notAfter.getTime())),
      signingAlgorithm: algorithm,
      publicKey,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.AuthorityKeyIdentifierExtension.create(certificate),
        ...more,
      ],
    });
    return issued.toString("pem");
  }

  return {
    /** PEM. */
    certificate: cert,
    /** SHA-256 of the certificate, lower-case hex: what an edge is given to know its hub by. */
    sha256: createHash("sha256").update(new X509Certificate(cert).raw).digest("hex"),
    expiresAt: certificate.notAfter,

    /** A key and the chain of its certificate, the CA included, so that an edge can compare the CA with its fingerprint. */
    async issueServer(names: readonly string[]): Promise<KeyPair> {
      const keys = await makeKeys();
      const alternatives = [...new Set([hubName, ...names])].map((value) => ({
        type: isIP(value) ? ("ip" as const) : ("dns" as const),
        value,
      }));
      const issued = await issue(keys.publicKey, hubName, serverCertificateMs, [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(alternatives),
      ]);
      return { cert: `${issued}\n${cert}\n`, key: await pemOf(keys.privateKey) };
    },

    /** A certificate (PEM) for an edge's own key. @param publicKey SPKI, DER. @throws Error when it is not a key that we take. */
    async issueClient(edgeId: string, publicKey: Uint8Array): Promise<string> {
      const spki = readClientKey(publicKey);
      const imported = await crypto.subtle.importKey("spki", spki, algorithm, true, ["verify"]);
      const usage = new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]);
      return issue(imported, edgeId, clientCertificateMs, [usage]);
    },
  };
}

/** @throws Error that says what is wrong with the key. */
function readClientKey(der: Uint8Array): Uint8Array<ArrayBuffer> {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" });
  } catch {
    throw new Error("is not a public key (SPKI, DER)");
  }
  if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    throw new Error("must be a key on the curve P-256");
  return new Uint8Array(key.export({ format: "der", type: "spki" }));
}

/** What a public key (SPKI, DER) is remembered by. */
export const keyHash = (spki: Uint8Array): string => createHash("sha256").update(spki).digest("hex");

const makeKeys = () => crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
async function pemOf(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", key));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({ type: "pkcs8", format: "pem" }).toString();
}
/** Positive, as certificates want it. */
const serialNumber = (): string => `01${randomBytes(15).toString("hex")}`;
