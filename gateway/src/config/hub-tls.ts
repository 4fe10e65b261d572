import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect, createSecureContext, type DetailedPeerCertificate } from "node:tls";
import { type ChannelCredentials, type ChannelOptions, credentials } from "@grpc/grpc-js";
import { isLoopbackHost, messageOf } from "@portico/core";
import type { ClientIdentity } from "./client-identity.ts";

/** How the gateway verifies its hub. */
export type HubTrust =
  /** SHA-256 (hex) of the CA that the control plane made for itself. */
  | { kind: "fingerprint"; sha256: string }
  /** A file with the CA certificates (PEM) that may vouch for the hub's host name. */
  | { kind: "file"; path: string }
  /** The CAs that Node trusts may vouch for the hub's host name. */
  | { kind: "system" };

export type HubChannel = { credentials: ChannelCredentials; options: ChannelOptions };

/** Every hub certificate of a control plane's own CA has this name, whatever address the hub is reached at. */
const hubName = "hub.portico.internal";
const probeTimeoutMs = 10_000;
const mebibyte = 1024 * 1024;

const hostOf = (hub: string): string => hub.slice(0, hub.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");

/**
 * Creates the credentials of a connection to the hub. The token is never sent to a hub that fails verification. Without `trust` the
 * connection is in plain text, which hubs accept from the same machine only.
 */
export function createHubChannels({ hub, trust, identity }: { hub: string; trust: HubTrust | undefined; identity: ClientIdentity }) {
  let pinnedCa: string | undefined;
  // grpc-js would ask the proxy of the environment for a connection to this machine.
  const direct = isLoopbackHost(hostOf(hub)) ? { "grpc.enable_http_proxy": 0 } : {};

  return async function channel(signal: AbortSignal): Promise<HubChannel> {
    // Only hubs that speak plain text may be too old to send large snapshots in parts.
    if (!trust)
      return { credentials: credentials.createInsecure(), options: { "grpc.max_receive_message_length": 256 * mebibyte, ...direct } };
    const options: ChannelOptions = { "grpc.max_receive_message_length": 8 * mebibyte, ...direct };
    let ca: string | undefined;
    if (trust.kind === "file") ca = readFileSync(trust.path, "utf8");
    if (trust.kind === "fingerprint") {
      pinnedCa ??= await fetchCa(hub, trust.sha256, signal);
      ca = pinnedCa;
      options["grpc.ssl_target_name_override"] = hubName;
    }
    const context = createSecureContext({ minVersion: "TLSv1.3", ca, ...identity.certificate() });
    return { credentials: credentials.createFromSecureContext(context), options };
  };
}

/**
 * Gets the CA certificate with this fingerprint from the hub itself. The connection is used for nothing else: the
 * certificates are all that is read, and nothing is sent.
 */
function fetchCa(hub: string, sha256: string, signal: AbortSignal): Promise<string> {
  const at = hub.lastIndexOf(":");
  const host = hostOf(hub);
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(hub.slice(at + 1)),
      servername: hubName,
      // The chain is what is asked for; it is verified when the connection proper is made.
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
      ALPNProtocols: ["h2"],
      timeout: probeTimeoutMs,
    });
    const stop = () => fail(new Error("stopping"));
    signal.addEventListener("abort", stop, { once: true });
    socket.once("close", () => signal.removeEventListener("abort", stop));
    const fail = (error: Error) => {
      socket.destroy();
      reject(new Error(`the hub at ${hub} cannot be verified: ${messageOf(error)}`));
    };
    socket.once("error", fail);
    socket.once("timeout", () => fail(new Error("no answer to the TLS handshake")));
    socket.once("secureConnect", () => {
      const shown = chainOf(socket.getPeerCertificate(true));
      socket.destroy();
      const ca = shown.find((raw) => createHash("sha256").update(raw).digest("hex") === sha256);
      if (ca) resolve(new X509Certificate(ca).toString());
      else fail(new Error(`it shows no CA with the fingerprint ${sha256} (PORTICO_HUB_CA_SHA256)`));
    });
  });
}

function chainOf(leaf: DetailedPeerCertificate): Buffer[] {
  const raws: Buffer[] = [];
  for (let one: DetailedPeerCertificate | undefined = leaf; one?.raw && raws.length < 10; one = one.issuerCertificate) {
    if (one.issuerCertificate === one) {
      raws.push(one.raw);
      break;
    }
    raws.push(one.raw);
  }
  return raws;
}
