import { type ServerWritableStream, status } from "@grpc/grpc-js";
import type { GrpcService } from "@portico/plugin-host";
import { isSystemTopic, mayHear, mayPublish, scopeOfSystemTopic, usesServices } from "@portico/protocol";
import {
  type EventMessage,
  PluginEventServiceService,
  type PublishRequest,
  type PublishResponse,
  type SubscribeRequest,
} from "@portico/protocol/plugin-events";
import type { EventBus } from "../../events/bus.ts";
import { type Admission, type PluginCaller, ServiceError, toServiceError } from "./dispatcher.ts";
import type { LocalEvent, LocalEvents } from "./local-events.ts";

const maxTopicChars = 255;
const maxPayloadBytes = 1024 * 1024;
/** Events waiting for one slow subscriber; what comes on top is dropped. */
const bufferSize = 100;
const maxSubscriptions = 100;
const down = 2;

/** What to ask an administrator for, to use a topic. */
const scopeFor = (verb: "publish" | "subscribe", topic: string): string =>
  isSystemTopic(topic) ? (scopeOfSystemTopic(topic) ?? "none: no plugin receives these events") : `events.${verb}`;

/** Why a plugin may not publish this; undefined when it may. */
function faultOf({ topic, payload, direction }: PublishRequest): string | undefined {
  if (topic === "") return "topic is required";
  if (topic.length > maxTopicChars) return `topic is longer than ${maxTopicChars} characters`;
  if (payload.length > maxPayloadBytes) return `payload is larger than ${maxPayloadBytes} bytes`;
  if (isSystemTopic(topic)) return "system.* topics are the host's own";
  if (direction === down) return "events towards edges are not served yet; publish locally";
  return undefined;
}

/** PluginEventService for one plugin. What it may hear is looked up when it subscribes and whenever its row changes. */
export function eventService(
  pluginId: number,
  { bus, admission, events }: { bus: LocalEvents; admission: Admission; events: EventBus },
): GrpcService {
  let subscriptions = 0;

  async function publishIfAllowed(request: PublishRequest): Promise<PublishResponse> {
    const refused = (errorMessage: string) => ({ success: false, errorMessage, eventId: "" });
    const fault = faultOf(request);
    if (fault) return refused(fault);
    try {
      const caller = await admission.caller(pluginId);
      admission.demand(caller, (grants) => mayPublish(pluginId, grants, request.topic), scopeFor("publish", request.topic));
    } catch (error) {
      return refused(toServiceError(error).details);
    }
    return { success: true, errorMessage: "", eventId: bus.publish(pluginId, request.topic, request.payload) };
  }

  /** @throws ServiceError */
  async function admitSubscriber({ topic, subscribeAll }: SubscribeRequest): Promise<PluginCaller> {
    if (!subscribeAll && topic === "") throw new ServiceError(status.INVALID_ARGUMENT, "topic is required");
    if (topic.length > maxTopicChars) throw new ServiceError(status.INVALID_ARGUMENT, `topic is longer than ${maxTopicChars} characters`);
    const caller = await admission.caller(pluginId);
    // One that subscribes to everything receives what it may see.
    if (subscribeAll) admission.demand(caller, usesServices, "events.subscribe");
    else admission.demand(caller, (grants) => mayHear(pluginId, grants, topic), scopeFor("subscribe", topic));
    return caller;
  }

  async function subscribe(stream: ServerWritableStream<SubscribeRequest, EventMessage>): Promise<void> {
    if (subscriptions >= maxSubscriptions) {
      stream.emit("error", { code: status.RESOURCE_EXHAUSTED, details: `at most ${maxSubscriptions} subscriptions` });
      return;
    }
    subscriptions += 1;
    const undo: (() => void)[] = [() => (subscriptions -= 1)];
    const end = () => {
      for (const step of undo.splice(0)) step();
    };
    for (const name of ["cancelled", "close", "error", "finish"]) stream.on(name, end);

    let caller: PluginCaller;
    try {
      caller = await admitSubscriber(stream.request);
    } catch (error) {
      stream.emit("error", toServiceError(error));
      return;
    }
    if (undo.length === 0) return;
    const lookAgain = () =>
      void admission.caller(pluginId).then(
        (found) => {
          caller = found;
        },
        () => {
          caller = { ...caller, grants: new Set() };
        },
      );
    undo.push(
      events.subscribe(({ topic, objectId }) => {
        if (topic.startsWith("system.plugin.") && objectId === String(pluginId)) lookAgain();
      }, lookAgain),
    );

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
    stream.on("drain", flush);
    const { topic, subscribeAll } = stream.request;
    undo.push(
      bus.subscribe(subscribeAll ? undefined : topic, (event) => {
        if (waiting.length >= bufferSize || !mayHear(pluginId, caller.grants, event.topic)) return;
        waiting.push(event);
        if (!blocked) flush();
      }),
    );
  }

  // Ids of subscriptions never reach the plugin; it ends one by closing its stream.
  const unsubscribe = (_: unknown, answer: (error: null, response: { success: boolean; errorMessage: string }) => void) =>
    answer(null, { success: false, errorMessage: "close the stream of the subscription instead" });

  return {
    definition: PluginEventServiceService,
    implementation: {
      publish: ({ request }: { request: PublishRequest }, answer: (error: null, response: PublishResponse) => void) =>
        void publishIfAllowed(request).then((response) => answer(null, response)),
      subscribe: (stream: ServerWritableStream<SubscribeRequest, EventMessage>) => void subscribe(stream),
      unsubscribe,
    },
  };
}
