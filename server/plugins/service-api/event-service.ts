import { type ServerWritableStream, status } from "@grpc/grpc-js";
import type { GrpcService } from "@portico/plugin-host";
import {
  type EventMessage,
  PluginEventServiceService,
  type PublishRequest,
  type PublishResponse,
  type SubscribeRequest,
} from "@portico/protocol/plugin-events";
import type { LocalEvent, LocalEvents } from "./local-events.ts";

const maxTopicChars = 255;
const maxPayloadBytes = 1024 * 1024;
/** Events waiting for one slow subscriber; what comes on top is dropped. */
const bufferSize = 100;
const maxSubscriptions = 100;
const down = 2;

/** Why a plugin may not publish this; undefined when it may. */
function faultOf({ topic, payload, direction }: PublishRequest): string | undefined {
  if (topic === "") return "topic is required";
  if (topic.length > maxTopicChars) return `topic is longer than ${maxTopicChars} characters`;
  if (payload.length > maxPayloadBytes) return `payload is larger than ${maxPayloadBytes} bytes`;
  if (topic.startsWith("system.") && !topic.startsWith("system.plugin_resource.")) return "system.* topics are the host's own";
  if (direction === down) return "events towards edges are not served yet; publish locally";
  return undefined;
}

/** PluginEventService for one plugin. */
export function eventService(pluginId: number, bus: LocalEvents): GrpcService {
  let subscriptions = 0;

  function publish({ request }: { request: PublishRequest }, answer: (error: null, response: PublishResponse) => void): void {
    const fault = faultOf(request);
    if (fault) answer(null, { success: false, errorMessage: fault, eventId: "" });
    else answer(null, { success: true, errorMessage: "", eventId: bus.publish(pluginId, request.topic, request.payload) });
  }

  function subscribe(stream: ServerWritableStream<SubscribeRequest, EventMessage>): void {
    const { topic, subscribeAll } = stream.request;
    const noTopic = !subscribeAll && topic === "";
    if (noTopic || subscriptions >= maxSubscriptions) {
      const refusal = noTopic
        ? { code: status.INVALID_ARGUMENT, details: "topic is required" }
        : { code: status.RESOURCE_EXHAUSTED, details: `at most ${maxSubscriptions} subscriptions` };
      stream.emit("error", refusal);
      return;
    }
    subscriptions += 1;

    const waiting: LocalEvent[] = [];
    let blocked = false;
    const flush = () => {
      blocked = false;
      while (!blocked) {
        const event = waiting.shift();
        if (!event) return;
        blocked = !stream.write({ ...event, direction: 0 });
      }
    };
    const stop = bus.subscribe(subscribeAll ? undefined : topic, (event) => {
      if (waiting.length >= bufferSize) return;
      waiting.push(event);
      if (!blocked) flush();
    });
    stream.on("drain", flush);
    const end = () => {
      if (!ended) subscriptions -= 1;
      ended = true;
      waiting.length = 0;
      stop();
    };
    let ended = false;
    for (const name of ["cancelled", "close", "error", "finish"]) stream.on(name, end);
  }

  // Ids of subscriptions never reach the plugin; it ends one by closing its stream.
  const unsubscribe = (_: unknown, answer: (error: null, response: { success: boolean; errorMessage: string }) => void) =>
    answer(null, { success: false, errorMessage: "close the stream of the subscription instead" });

  return { definition: PluginEventServiceService, implementation: { publish, subscribe, unsubscribe } };
}
