import { timingSafeEqual } from "node:crypto";
import { chmod } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import {
  type ClientDuplexStream,
  type ClientOptions,
  credentials,
  ResponderBuilder,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from "@grpc/grpc-js";
import { callToken } from "@portico/protocol";
import { type ConnInfo, GRPCBrokerClient } from "@portico/protocol/goplugin";
import type { Callback } from "./launch/launcher.ts";
import type { GrpcService } from "./types.ts";

/** Above gRPC's usual 4 MiB, so that values of several MiB may be stored through the broker. */
const maxRequestBytes = 16 * 1024 * 1024;
const maxConnections = 16;

export type Broker = {
  /** Broker id of the one listener a process gets. */
  readonly id: number;
  /** Tells the plugin where to connect, unless it has connected or was told a moment ago; then again as soon as that is due. */
  announce(): void;
  close(): Promise<void>;
};

/** Refuses every call that does not carry the token of the one process that the services are for. */
const requireToken =
  (token: string): ServerInterceptor =>
  (_, call) => {
    const wanted = Buffer.from(token);
    const listener = new ServerListenerBuilder().withOnReceiveMetadata((metadata, next) => {
      const given = Buffer.from(String(metadata.get(callToken.header)[0] ?? ""));
      metadata.remove(callToken.header);
      if (given.length === wanted.length && timingSafeEqual(given, wanted)) next(metadata);
      else call.sendStatus({ code: status.UNAUTHENTICATED, details: "The call does not carry the token of this plugin's process." });
    });
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart((next) => next(listener.build())).build());
  };

/** The plugin's side of the way back: a socket of its own that serves the host's services to it. */
export async function createBroker({
  callback: { dir, uid, token },
  services,
  announceEveryMs,
  target,
  options,
}: {
  callback: Callback;
  services: GrpcService[];
  announceEveryMs: number;
  target: string;
  /** Of the channel to the plugin, on which the broker stream runs. */
  options: ClientOptions;
}): Promise<Broker> {
  const id = 1;
  const path = join(dir, "host");
  const server = new Server({
    "grpc.max_receive_message_length": maxRequestBytes,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": 256,
    ...(token === undefined ? {} : { interceptors: [requireToken(token)] }),
  });
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());

  let everConnected = false;
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    everConnected = true;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    injector.injectConnection(socket);
  });
  listener.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(path, () => resolve());
  });
  // The folder is closed to all but the host and the plugin, and only the host can exchange what lies in it.
  await chmod(path, uid === undefined ? 0o600 : 0o666);

  const client = new GRPCBrokerClient(target, credentials.createInsecure(), options);
  let stream: ClientDuplexStream<ConnInfo, ConnInfo> | undefined;
  let unsupported = false;
  function openStream(): void {
    const opened = client.startStream();
    // The other direction (plugin listens, host dials) is not part of this product.
    opened.on("data", () => {});
    opened.on("error", (error: Error & { code?: number }) => {
      if (error.code === status.UNIMPLEMENTED) unsupported = true;
      if (stream === opened) stream = undefined;
    });
    opened.on("end", () => {
      if (stream === opened) stream = undefined;
    });
    stream = opened;
  }

  let announcedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  function announce(): void {
    // Never after a connection: a Go plugin that sees a second ConnInfo while it connects may close a channel twice.
    if (everConnected || unsupported || closing !== undefined || timer !== undefined) return;
    const waitMs = announcedAt + announceEveryMs - performance.now();
    if (waitMs > 0) {
      timer = setTimeout(() => {
        timer = undefined;
        announce();
      }, waitMs);
      timer.unref();
      return;
    }
    if (stream === undefined) openStream();
    announcedAt = performance.now();
    stream?.write({ serviceId: id, network: "unix", address: path, knock: undefined });
  }

  async function close(): Promise<void> {
    clearTimeout(timer);
    stream?.cancel();
    injector.destroy();
    server.forceShutdown();
    const stopped = new Promise<void>((resolve) => listener.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await stopped;
  }

  let closing: Promise<void> | undefined;
  openStream();
  return {
    id,
    announce,
    close() {
      closing ??= close();
      return closing;
    },
  };
}
