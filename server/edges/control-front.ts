import { BlockList, createServer as createNetServer, isIPv6, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Logger } from "@portico/core/logger";
import { keyHash } from "./authority.ts";
import type { Certificates } from "./certificates.ts";

/** Who is at the other end of a connection. */
export type Peer = {
  address: string;
  /** SHA-256 (hex) of the public key that the client has proved to hold; "" without a client certificate. */
  clientKeySha256: string;
  isEncrypted: boolean;
};

export type FrontLimits = {
  /** Time for the first byte, and again for the TLS handshake. */
  handshakeMs: number;
  connections: number;
  connectionsOfAddress: number;
};
const defaultLimits: FrontLimits = { handshakeMs: 10_000, connections: 5_000, connectionsOfAddress: 500 };

/** The first byte of a TLS handshake. */
const tlsHandshake = 0x16;
const logEveryMs = 60_000;

/**
 * Takes connections on the control port. A TLS handshake is completed here; plain text is accepted from this machine only, for
 * gateways older than TLS; otherwise the connection is closed before anything of it is read.
 */
export function createFront({
  certificates,
  plaintext = isLoopback,
  asksForCertificate,
  onConnection,
  logger,
  limits = defaultLimits,
}: {
  certificates: Certificates;
  /** Whether this address may speak plain text. */
  plaintext?: ((address: string) => boolean) | undefined;
  /** Whether clients are asked for a certificate. */
  asksForCertificate: boolean;
  onConnection(socket: Socket): void;
  logger: Logger;
  limits?: FrontLimits | undefined;
}) {
  const peers = new Map<string, Peer>();
  const open = new Set<Socket>();
  const ofAddress = new Map<string, number>();
  const loggedAt = new Map<string, number>();
  const releases = new Map<string, () => void>();

  const tls = createTlsServer({
    ...certificates.current(),
    minVersion: "TLSv1.3",
    ALPNProtocols: ["h2"],
    SNICallback: (servername, done) => done(null, certificates.contextFor(servername)),
    requestCert: asksForCertificate,
    // An edge is known by its key, which the handshake proves; who issued the certificate does not matter.
    rejectUnauthorized: false,
    handshakeTimeout: limits.handshakeMs,
  });
  tls.on("secureConnection", (socket) => {
    if (socket.alpnProtocol === "h2") admit(socket, { isEncrypted: true, clientKeySha256: keyOf(socket) });
    else socket.destroy();
  });
  tls.on("tlsClientError", (error, socket) => {
    logger.debug("TLS handshake failed", { error: error.message });
    socket.destroy();
  });

  function admit(socket: Socket, peer: Omit<Peer, "address">): void {
    const key = keyOfConnection(socket);
    if (!key) return void socket.destroy();
    peers.set(key, { address: socket.remoteAddress ?? "", ...peer });
    socket.once("close", () => {
      peers.delete(key);
      releases.get(key)?.();
    });
    socket.on("error", () => socket.destroy());
    onConnection(socket);
  }

  /** Once a minute for each address, however often it tries. */
  function warn(address: string, message: string): void {
    const now = performance.now();
    for (const [known, at] of loggedAt) if (now - at > logEveryMs) loggedAt.delete(known);
    if (loggedAt.has(address) || loggedAt.size > 1_000) return;
    loggedAt.set(address, now);
    logger.warn(message, { address });
  }

  function take(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    const count = (ofAddress.get(address) ?? 0) + 1;
    if (open.size >= limits.connections || count > limits.connectionsOfAddress) {
      warn(address, "too many control port connections from one address; closing new ones");
      return void socket.destroy();
    }
    open.add(socket);
    ofAddress.set(address, count);
    const key = keyOfConnection(socket);
    // Whichever of the socket and what is wrapped around it ends first.
    const release = () => {
      if (!open.delete(socket)) return;
      releases.delete(key);
      const left = (ofAddress.get(address) ?? 1) - 1;
      if (left > 0) ofAddress.set(address, left);
      else ofAddress.delete(address);
    };
    releases.set(key, release);
    socket.once("close", release);
    socket.setNoDelay(true);
    const ignore = () => socket.destroy();
    socket.on("error", ignore);
    const silent = setTimeout(() => socket.destroy(), limits.handshakeMs);
    socket.once("close", () => clearTimeout(silent));
    const look = () => {
      const first = socket.read(1) as Buffer | null;
      if (!first) return void socket.once("readable", look);
      clearTimeout(silent);
      const isTls = first[0] === tlsHandshake;
      if (!isTls && !plaintext(address)) {
        warn(address, "plaintext connection from another machine rejected: remote edges must use TLS");
        return void socket.destroy();
      }
      socket.unshift(first);
      socket.off("error", ignore);
      if (isTls) tls.emit("connection", socket);
      else admit(socket, { isEncrypted: false, clientKeySha256: "" });
    };
    socket.once("readable", look);
  }

  const server: NetServer = createNetServer(take);

  return {
    server,
    connections: (): number => open.size,
    setCertificate: (pair: { cert: string; key: string }) => tls.setSecureContext({ minVersion: "TLSv1.3", ...pair }),
    /** The peer of a connection that is open. */
    peerOf: (connection: ConnectionEnds): Peer | undefined => {
      const key = keyOfConnection(connection);
      return key ? peers.get(key) : undefined;
    },
    close(): void {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

type ConnectionEnds = {
  localAddress?: string | undefined;
  localPort?: number | undefined;
  remoteAddress?: string | undefined;
  remotePort?: number | undefined;
};
const keyOfConnection = ({ localAddress, localPort, remoteAddress, remotePort }: ConnectionEnds): string =>
  remoteAddress ? `${localAddress} ${localPort} ${remoteAddress} ${remotePort}` : "";

function keyOf(socket: TLSSocket): string {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return "";
  return keyHash(certificate.publicKey.export({ type: "spki", format: "der" }));
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether an address is of this machine. IPv4 in an IPv6 address counts as the IPv4 it is. */
export const isLoopback = (address: string): boolean => loopback.check(address, isIPv6(address) ? "ipv6" : "ipv4");
