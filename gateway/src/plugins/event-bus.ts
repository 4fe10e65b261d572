import { randomUUID } from "node:crypto";
import { Metadata, type ServerWritableStream, status } from "@grpc/grpc-js";
import type { GrpcService } from "@portico/plugin-host";
import { isSystemTopic, mayHear, mayPublish } from "@portico/protocol";
import {
  type EventMessage,
  type PluginEventServiceServer,
  PluginEventServiceService,
  type PublishRequest,
  type SubscribeRequest,
} from "@portico/protocol/plugin-events";

/** Events between the plugins of this gateway. */
export type EventBus = { serviceFor(pluginId: number): GrpcService };

type Subscriber = { pluginId: number; topic: string | undefined; deliver(event: EventMessage): void };

/** Events a slow subscriber may be behind; further ones are lost to it. */
const subscriberBuffer = 100;
const maxPayloadBytes = 1024 * 1024;
const maxTopicChars = 255;
const maxSubscriptions = 100;
const local = 0;
const nothing: ReadonlySet<string> = new Set();

type Refusal = { code: status; details: string };

/** The rules are the control plane's, so that a plugin may do the same wherever it runs. */
export function createEventBus({
  edgeId,
  grantsOf,
}: {
  edgeId: string;
  /** Scopes and topics that a plugin was granted in the snapshot that is served now. */
  grantsOf: (pluginId: number) => ReadonlySet<string> | undefined;
}): EventBus {
  const subscribers = new Set<Subscriber>();
  const granted = (pluginId: number) => grantsOf(pluginId) ?? nothing;

  function refusalOf(pluginId: number, { topic, subscribeAll }: SubscribeRequest): Refusal | undefined {
    const refuse = (code: status, details: string) => ({ code, details });
    if (!topic && !subscribeAll) return refuse(status.INVALID_ARGUMENT, "topic is required unless subscribe_all is set");
    if (topic.length > maxTopicChars) return refuse(status.INVALID_ARGUMENT, `topic is longer than ${maxTopicChars} characters`);
    if (subscribeAll ? granted(pluginId).size === 0 : !mayHear(pluginId, granted(pluginId), topic))
      return refuse(status.PERMISSION_DENIED, `insufficient scope: events.subscribe (plugin: ${pluginId})`);
    const open = [...subscribers].filter((subscriber) => subscriber.pluginId === pluginId).length;
    return open >= maxSubscriptions ? refuse(status.RESOURCE_EXHAUSTED, `at most ${maxSubscriptions} subscriptions`) : undefined;
  }

  function publishFault(pluginId: number, { topic, payload }: PublishRequest): string | undefined {
    if (!topic) return "topic is required";
    if (topic.length > maxTopicChars) return `topic is longer than ${maxTopicChars} characters`;
    if (payload.length > maxPayloadBytes) return `payload is larger than ${maxPayloadBytes} bytes`;
    if (isSystemTopic(topic)) return "system.* topics are the host's own";
    if (!mayPublish(pluginId, granted(pluginId), topic)) return `insufficient scope: events.publish (plugin: ${pluginId})`;
    return undefined;
  }

  function subscribe(pluginId: number, call: ServerWritableStream<SubscribeRequest, EventMessage>): void {
    const refusal = refusalOf(pluginId, call.request);
    if (refusal) {
      call.emit("error", refusal);
      return;
    }
    const { topic, subscribeAll } = call.request;
    let behind: EventMessage[] | undefined;
    const subscriber: Subscriber = {
      pluginId,
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
          const refused = publishFault(pluginId, call.request);
          if (refused) return callback(null, { success: false, errorMessage: refused, eventId: "" });
          const event = {
            id: randomUUID(),
            topic,
            origin: `plugin:${pluginId}@${edgeId}`,
            direction: direction === 1 || direction === 2 ? direction : local,
            payload,
          };
          for (const subscriber of [...subscribers]) {
            const wanted = subscriber.topic === undefined || subscriber.topic === topic;
            if (wanted && mayHear(subscriber.pluginId, granted(subscriber.pluginId), topic)) subscriber.deliver(event);
          }
          callback(null, { success: true, errorMessage: "", eventId: event.id });
        },
        subscribe: (call) => subscribe(pluginId, call),
        unsubscribe: (_call, callback) => callback(null, { success: false, errorMessage: "a subscription ends with its stream" }),
      };
      return { definition: PluginEventServiceService, implementation };
    },
  };
}
