import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  Server,
  type ServerErrorResponse,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { messageOf } from "@portico/core";
import { type ConfigProviderServiceServer, ConfigProviderServiceService } from "@portico/protocol/config-provider";
import {
  GRPCBrokerService,
  type GRPCControllerServer,
  GRPCControllerService,
  type GRPCStdioServer,
  GRPCStdioService,
} from "@portico/protocol/goplugin";
import { GrpcError } from "@portico/protocol/grpc-error";
import { type HealthServer, HealthService, HealthCheckResponse_ServingStatus as Serving } from "@portico/protocol/health";
import { PluginServiceService } from "@portico/protocol/plugin";
import type { CallInfo, PluginHandlers } from "../service/types.ts";
import type { Broker } from "./broker.ts";

/** Largest message taken from the host, in bytes. */
export const maxReceiveBytes = 64 * 1024 * 1024;

export const faultOf = (error: unknown): Partial<ServerErrorResponse> => ({
  code: error instanceof GrpcError ? error.code : status.INTERNAL,
  details: messageOf(error) || "The plugin failed without saying why.",
});

function callInfo(call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>): CallInfo {
  const controller = new AbortController();
  // grpc-js reports a passed deadline as a cancellation too.
  call.on("cancelled", () => controller.abort(new Error("The host no longer waits for this call.")));
  return { signal: controller.signal };
}

const unary =
  <Q, R>(handle: (request: Q, call: CallInfo) => Promise<R>): handleUnaryCall<Q, R> =>
  (call, callback) => {
    // An async wrapper, so that a handler that throws before its first await is caught as well.
    (async () => handle(call.request, callInfo(call)))().then(
      (response) => callback(null, response),
      (error) => callback(faultOf(error)),
    );
  };

const streaming =
  <Q, R>(handle: (request: Q, call: CallInfo, write: (chunk: R) => Promise<void>) => Promise<void>): handleServerStreamingCall<Q, R> =>
  (call) => {
    const info = callInfo(call);
    const write = async (chunk: R) => {
      info.signal.throwIfAborted();
      if (call.write(chunk)) return;
      await new Promise<void>((resolve) => {
        call.once("drain", resolve);
        info.signal.addEventListener("abort", () => resolve(), { once: true });
      });
    };
    (async () => handle(call.request, info, write))().then(
      () => call.end(),
      // Not destroyed: grpc-js sends the status of an error that is emitted, and none for a stream that is gone.
      (error) => call.emit("error", Object.assign(new Error(messageOf(error)), faultOf(error))),
    );
  };

function implementationOf(handlers: PluginHandlers): UntypedServiceImplementation {
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(PluginServiceService) as [keyof PluginHandlers, MethodDefinition<unknown, unknown>][]) {
    const handle = handlers[name] as never;
    implementation[name] = method.responseStream ? streaming(handle) : unary(handle);
  }
  return implementation;
}

/** The config service as plain functions. */
export const configProviderHandlers = (handlers: PluginHandlers) => ({
  ping: async ({ timestamp }: { timestamp: number }) => ({ timestamp, healthy: true }),
  getConfigSchema: (_: unknown, call: CallInfo) => handlers.getConfigSchema({}, call),
  getManifest: (_: unknown, call: CallInfo) => handlers.getManifest({}, call),
});

function configProvider(handlers: PluginHandlers): ConfigProviderServiceServer {
  const { ping, getConfigSchema, getManifest } = configProviderHandlers(handlers);
  return { ping: unary(ping), getConfigSchema: unary(getConfigSchema), getManifest: unary(getManifest) };
}

const health: HealthServer = {
  check: unary(async () => ({ status: Serving.SERVING })),
  watch(call) {
    call.write({ status: Serving.SERVING });
    call.on("cancelled", () => call.end());
  },
};

// The plugin's output goes through the real stdout and stderr, so this stream has nothing to carry; hosts keep it open.
const stdio: GRPCStdioServer = {
  streamStdio(call) {
    call.on("cancelled", () => call.end());
  },
};

/** A server with everything a go-plugin host expects of a plugin. `onShutdown` runs after the host asked for the end. */
export function createPluginServer({
  handlers,
  broker,
  onShutdown,
}: {
  handlers: PluginHandlers;
  broker: Broker;
  onShutdown: () => void;
}): Server {
  const controller: GRPCControllerServer = {
    shutdown(_, callback) {
      callback(null, {});
      onShutdown();
    },
  };
  const server = new Server({
    "grpc.max_receive_message_length": maxReceiveBytes,
    "grpc.max_send_message_length": -1,
    // One host, one connection, many calls at once.
    "grpc.max_concurrent_streams": 10_000,
  });
  server.addService(PluginServiceService, implementationOf(handlers));
  server.addService(ConfigProviderServiceService, configProvider(handlers));
  server.addService(GRPCBrokerService, broker.service);
  server.addService(GRPCControllerService, controller);
  server.addService(GRPCStdioService, stdio);
  server.addService(HealthService, health);
  return server;
}
