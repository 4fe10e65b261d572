import { type ServerWritableStream, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { messageOf } from "@portico/core";
import { GrpcError } from "@portico/protocol/grpc-error";
import type { EventMessage, PluginEventServiceServer, SubscribeRequest } from "@portico/protocol/plugin-events";
import type { TestKv } from "./kv.ts";

type Unary = (call: { request: never }, callback: (error: unknown, value?: unknown) => void) => void;

const unary =
  <Q>(answer: (request: Q) => Promise<unknown>) =>
  (call: { request: Q }, callback: (error: unknown, value?: unknown) => void) => {
    answer(call.request).then(
      (value) => callback(null, value),
      (error) => callback({ code: error instanceof GrpcError ? error.code : status.INTERNAL, details: messageOf(error) }),
    );
  };

/** The part of a host's service API that tests need: the key-value store and the event bus; the rest is UNIMPLEMENTED. */
export function createHostServices(kv: TestKv) {
  const published: { topic: string; payload: unknown }[] = [];
  const streams = new Set<ServerWritableStream<SubscribeRequest, EventMessage>>();

  const emit = (topic: string, payload: unknown) => {
    for (const stream of streams) {
      if (!stream.request.subscribeAll && stream.request.topic !== topic) continue;
      stream.write({ id: crypto.randomUUID(), topic, origin: "test", direction: 0, payload: Buffer.from(JSON.stringify(payload)) });
    }
  };

  const management: Record<string, Unary> = {
    readPluginKv: unary<{ key: string }>(async ({ key }) => ({ value: await kv.read(key), message: "" })),
    writePluginKv: unary<{ key: string; value: Buffer; expireAt: Date | undefined }>(async ({ key, value, expireAt }) => ({
      created: await kv.write(key, value, expireAt),
      message: "",
    })),
    deletePluginKv: unary<{ key: string }>(async ({ key }) => ({ deleted: await kv.delete(key), message: "" })),
  };

  const eventService: PluginEventServiceServer = {
    publish(call, callback) {
      const payload: unknown = JSON.parse(call.request.payload.toString("utf8"));
      published.push({ topic: call.request.topic, payload });
      emit(call.request.topic, payload);
      callback(null, { success: true, errorMessage: "", eventId: crypto.randomUUID() });
    },
    subscribe(stream) {
      streams.add(stream);
      stream.on("cancelled", () => {
        streams.delete(stream);
        stream.end();
      });
    },
    unsubscribe: (_, callback) => callback(null, { success: true, errorMessage: "" }),
  };

  return { management: management as unknown as UntypedServiceImplementation, eventService, published, emit };
}
