import { readFile } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import { createSecureContext, type SecureContext } from "node:tls";
import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { type Authority, hubName, serverCertificateMs } from "./authority.ts";

/** Files (PEM) of a certificate that the operator brings. */
export type OwnCertificate = { certFile: string; keyFile: string };

const lookMs = 3_600_000;
const renewAfterMs = serverCertificateMs / 2;
const yearMs = 365 * 86_400_000;

/**
 * What the hub shows in TLS. Edges that know the CA by its fingerprint ask for `hubName` and get a certificate of that CA, whatever else
 * is configured; others get the operator's certificate if there is one. Renewed and read again while the hub runs.
 */
export async function createCertificates({
  authority,
  names,
  own,
  logger,
  onChange,
}: {
  authority: Authority;
  /** Names and addresses at which edges reach the hub, besides those of this machine. */
  names: readonly string[];
  own: OwnCertificate | undefined;
  logger: Logger;
  /** Called with the context for clients that name no server. */
  onChange(context: { cert: string; key: string }): void;
}) {
  let issuedAt = 0;
  let issuedNames = "";
  let ofAuthority: SecureContext;
  let pair: { cert: string; key: string };
  let ownPair: { cert: string; key: string } | undefined;
  let ofOperator: SecureContext | undefined;

  async function renew(): Promise<void> {
    const all = [...namesOfMachine(), ...names];
    if (Date.now() - issuedAt < renewAfterMs && issuedNames === all.join()) return;
    pair = await authority.issueServer(all);
    ofAuthority = createSecureContext({ minVersion: "TLSv1.3", ...pair });
    issuedAt = Date.now();
    issuedNames = all.join();
    if (authority.expiresAt.getTime() - issuedAt < yearMs)
      logger.warn("the hub's CA expires within a year; edges will need the fingerprint of a new one", { at: authority.expiresAt });
  }

  async function readOwn(): Promise<void> {
    if (!own) return;
    const [cert, key] = await Promise.all([readFile(own.certFile, "utf8"), readFile(own.keyFile, "utf8")]);
    if (cert === ownPair?.cert && key === ownPair.key) return;
    ofOperator = createSecureContext({ minVersion: "TLSv1.3", cert, key });
    ownPair = { cert, key };
  }

  await renew();
  await readOwn().catch((error: unknown) => {
    throw new Error(
      `PORTICO_HUB_TLS_CERT and PORTICO_HUB_TLS_KEY cannot be used (${messageOf(error)}): set them to a certificate and its key, both PEM files.`,
    );
  });
  const current = () => ownPair ?? pair;
  const timer = setInterval(async () => {
    try {
      await renew();
      await readOwn();
      onChange(current());
    } catch (error) {
      logger.error("hub certificate renewal failed; keeping the current one", { error: messageOf(error) });
    }
  }, lookMs);
  timer.unref();

  return {
    current,
    contextFor: (servername: string): SecureContext => (servername === hubName ? ofAuthority : (ofOperator ?? ofAuthority)),
    close: () => clearInterval(timer),
  };
}
export type Certificates = Awaited<ReturnType<typeof createCertificates>>;

const namesOfMachine = (): string[] => [
  "localhost",
  hostname(),
  ...Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.startsWith("fe80:"))
    .sort(),
];
