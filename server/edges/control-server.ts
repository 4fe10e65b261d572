import {
  type Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { Certificates } from "./certificates.ts";
import { createFront, type FrontLimits, type Peer } from "./control-front.ts";
import { toStatus } from "./grpc-status.ts";

export type ControlService = {
  definition: ServiceDefinition;
  implementation: UntypedServiceImplementation;
  /**
   * Judges a call by its metadata, before a byte of its messages is read. @returns what is called when the call ends.
   * @throws GrpcError with the reason of a refusal.
   */
  admit(call: { path: string; metadata: Metadata; peer: Peer }): Promise<() => void>;
};

const mebibyte = 1024 * 1024;
/** The largest message of an edge is a batch of usage, of about one MiB. */
const received = 4 * mebibyte;
/** Edges that are older than snapshots in parts get them in one message, however large. */
const sent = 256 * mebibyte;
const closeMs = 2_000;

/**
 * The gRPC server of the control plane on CONTROL_PORT, by TLS. Clients may ping every 30 s without an open call; clients that stop
 * answering our pings are let go.
 */
export async function startControlServer({
  host,
  port,
  service,
  certificates,
  plaintext,
  asksForCertificate,
  logger,
  limits,
}: {
  host: string;
  port: number;
  service: ControlService;
  certificates: Certificates;
  plaintext?: ((address: string) => boolean) | undefined;
  asksForCertificate: boolean;
  logger: Logger;
  limits?: FrontLimits | undefined;
}) {
  const server = new Server({
    "grpc.max_receive_message_length": received,
    "grpc.max_send_message_length": sent,
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.max_concurrent_streams": 100,
    interceptors: [gate(service.admit, (ends) => front.peerOf(ends), logger)],
  });
  server.addService(service.definition, service.implementation);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const front = createFront({
    certificates,
    plaintext,
    asksForCertificate,
    onConnection: (socket) => injector.injectConnection(socket),
    logger,
    limits,
  });
  const bound = await new Promise<number>((resolve, reject) => {
    front.server.once("error", reject);
    front.server.listen(port, host, () => resolve((front.server.address() as { port: number }).port));
  }).catch((error: unknown) => {
    server.forceShutdown();
    throw new Error(
      `The control port ${host.includes(":") ? `[${host}]` : host}:${port} cannot be opened (${messageOf(error)}): free it, or set CONTROL_PORT to another port.`,
    );
  });
  return {
    port: bound,
    connections: front.connections,
    setCertificate: front.setCertificate,
    /** Waits a moment for calls to end, then ends them. */
    async close(): Promise<void> {
      front.server.close();
      await new Promise<void>((resolve) => {
        const force = setTimeout(resolve, closeMs);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      });
      server.forceShutdown();
      front.close();
    },
  };
}

/** Lets a call's messages through once its metadata has been admitted. */
function gate(admit: ControlService["admit"], peerOf: ReturnType<typeof createFront>["peerOf"], logger: Logger): ServerInterceptor {
  return ({ path }, call) => {
    let release: (() => void) | undefined;
    let isOver = false;
    const end = () => {
      isOver = true;
      release?.();
      release = undefined;
    };
    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, proceed) {
            const peer = peerOf(call.getConnectionInfo()) ?? { address: "", clientKeySha256: "", isEncrypted: false };
            admit({ path, metadata, peer }).then(
              (granted) => {
                release = granted;
                if (isOver) end();
                else proceed(metadata);
              },
              (error: unknown) => call.sendStatus(toStatus(error, logger)),
            );
          },
          onCancel: end,
        });
      },
      sendStatus(status, next) {
        end();
        next(status);
      },
    });
  };
}
