import { randomUUID } from "node:crypto";
import { Metadata, type ServerWritableStream, status } from "@grpc/grpc-js";
import type { GrpcService } from "@portico/plugin-host";
import {
  type EventMessage,
  type PluginEventServiceServer,
  PluginEventServiceService,
  type SubscribeRequest,
} from "@portico/protocol/plugin-events";

/** Events between the plugins of this gateway. */
export type EventBus = { serviceFor(pluginId: number): GrpcService };

type Subscriber = { topic: string | undefined; deliver(event: EventMessage): void };

/** Events a slow subscriber may be behind; further ones are lost to it. */
const subscriberBuffer = 100;
const maxPayloadBytes = 1024 * 1024;
const local = 0;

export function createEventBus({ edgeId }: { edgeId: string }): EventBus {
  const subscribers = new Set<Subscriber>();

  function subscribe(call: ServerWritableStream<SubscribeRequest, EventMessage>): void {
    const { topic, subscribeAll } = call.request;
    if (!topic && !subscribeAll) {
      call.emit("error", { code: status.INVALID_ARGUMENT, details: "topic is required unless subscribe_all is set" });
      return;
    }
    let behind: EventMessage[] | undefined;
    const subscriber: Subscriber = {
      topic: subscribeAll ? undefined : topic,
      deliver(event) {
        if (behind) {
          if (behind.length < subscriberBuffer) behind.push(event);
          return;
        }
        if (call.write(event)) return;
        behind = [];
        call.once("drain", function catchUp() {
          const missed = behind ?? [];
          behind = undefined;
          for (const late of missed) subscriber.deliver(late);
        });
      },
    };
    subscribers.add(subscriber);
    const leave = () => subscribers.delete(subscriber);
    call.on("cancelled", () => {
      leave();
      call.end();
    });
    call.on("close", leave);
    call.on("error", leave);
    // Sent at once, so that the subscriber knows that nothing published from here on is missed.
    call.sendMetadata(new Metadata());
  }

  return {
    serviceFor(pluginId) {
      const implementation: PluginEventServiceServer = {
        publish(call, callback) {
          const { topic, payload, direction } = call.request;
          const refused = !topic
            ? "topic is required"
            : payload.length > maxPayloadBytes
              ? `payload is larger than ${maxPayloadBytes} bytes`
              : "";
          if (refused) return callback(null, { success: false, errorMessage: refused, eventId: "" });
          const event = {
            id: randomUUID(),
            topic,
            origin: `plugin:${pluginId}@${edgeId}`,
            direction: direction === 1 || direction === 2 ? direction : local,
            payload,
          };
          for (const subscriber of [...subscribers]) {
            if (subscriber.topic === undefined || subscriber.topic === topic) subscriber.deliver(event);
          }
          callback(null, { success: true, errorMessage: "", eventId: event.id });
        },
        subscribe,
        unsubscribe: (_call, callback) => callback(null, { success: false, errorMessage: "a subscription ends with its stream" }),
      };
      return { definition: PluginEventServiceService, implementation };
    },
  };
}
