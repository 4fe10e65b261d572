import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { messageOf } from "@portico/core";

export type ControlService = { definition: ServiceDefinition; implementation: UntypedServiceImplementation };

const messageBytes = 64 * 1024 * 1024;
const closeMs = 2_000;

/**
 * The gRPC server of the control plane, the one place where services are put on CONTROL_PORT. Clients may ping every 30 s without an
 * open call; clients that stop answering our pings are let go.
 */
export async function startControlServer({ host, port, services }: { host: string; port: number; services: ControlService[] }) {
  const server = new Server({
    "grpc.max_receive_message_length": messageBytes,
    "grpc.max_send_message_length": messageBytes * 4,
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.max_concurrent_streams": 100,
  });
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, actual) => (error ? reject(error) : resolve(actual))),
  ).catch((error: unknown) => {
    server.forceShutdown();
    throw new Error(`The control port ${address} cannot be opened (${messageOf(error)}): free it, or set CONTROL_PORT to another.`);
  });
  return {
    port: bound,
    /** Waits a moment for calls to end, then ends them. */
    async close(): Promise<void> {
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, closeMs);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      });
    },
  };
}
