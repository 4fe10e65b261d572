import { Metadata, type ServerWritableStream, status } from "@grpc/grpc-js";
import type { GrpcService } from "@portico/plugin-host";
import { type Capability, isSystemTopic, mayHear, mayPublish, scopeOfSystemTopic, usesServices } from "@portico/protocol";
import { GrpcError } from "@portico/protocol/grpc-error";
import {
  type EventMessage,
  type PluginEventServiceServer,
  PluginEventServiceService,
  type PublishRequest,
  type SubscribeRequest,
} from "@portico/protocol/plugin-events";
import { boundedWriter, failureOf, unary } from "./adapters.ts";
import { type Admit, demand, type PluginCaller } from "./callers.ts";
import type { PluginBus } from "./event-bus.ts";

const maxTopicChars = 255;
const maxPayloadBytes = 1024 * 1024;
/** Events waiting for one slow subscriber; further ones are dropped. */
const bufferSize = 100;
const maxSubscriptions = 100;

const directions = { 1: "up", 2: "down" } as const;
const destinations = { up: "the control plane", down: "edges" } as const;
export type Direction = "local" | "up" | "down";

/** What a subscriber may see while its stream is open: grants change meanwhile. */
export type FollowGrants = (plugin: PluginCaller) => { grants(): ReadonlySet<Capability>; stop(): void };

/** What to ask an administrator for, to use a topic. */
const scopeFor = (verb: "publish" | "subscribe", topic: string): string =>
  isSystemTopic(topic) ? (scopeOfSystemTopic(topic) ?? "none: no plugin receives these events") : `events.${verb}`;

/** Anything else counts as local. */
const directionOf = (direction: number): Direction => (direction === 1 || direction === 2 ? directions[direction] : "local");

const invalid = (message: string) => new GrpcError(status.INVALID_ARGUMENT, message);

/** @throws GrpcError saying why no plugin may publish this. */
function checkEvent({ topic, payload, direction }: PublishRequest, carries: (direction: Direction) => boolean): void {
  const towards = directionOf(direction);
  if (topic === "") throw invalid("topic is required");
  if (topic.length > maxTopicChars) throw invalid(`topic is longer than ${maxTopicChars} characters`);
  if (payload.length > maxPayloadBytes) throw invalid(`payload is larger than ${maxPayloadBytes} bytes`);
  if (isSystemTopic(topic)) throw invalid("system.* topics are the host's own");
  if (towards !== "local" && !carries(towards))
    throw invalid(`events towards ${destinations[towards]} are not carried yet; publish locally`);
}

/** `PluginEventService` for one plugin. The rules are the same in studio and gateway, so that a plugin may do the same wherever it runs. */
export function eventService(
  pluginId: number,
  {
    bus,
    admit,
    follow,
    carries,
    fail,
  }: {
    bus: PluginBus;
    admit: Admit;
    follow: FollowGrants;
    /** Directions in which this host takes events. */
    carries(direction: Direction): boolean;
    /** What the plugin is told of anything thrown. */
    fail(error: unknown): GrpcError;
  },
): GrpcService {
  let open = 0;
  const grpcError = (error: unknown) => (error instanceof GrpcError ? error : fail(error));

  async function publish(request: PublishRequest): Promise<string> {
    checkEvent(request, carries);
    const { topic, payload, direction } = request;
    demand(await admit(pluginId), (grants) => mayPublish(pluginId, grants, topic), scopeFor("publish", topic));
    return bus.publish(pluginId, { topic, payload, direction: directionOf(direction) === "local" ? 0 : direction });
  }

  /** @throws GrpcError */
  async function admitSubscriber({ topic, subscribeAll }: SubscribeRequest): Promise<PluginCaller> {
    if (!subscribeAll && topic === "") throw invalid("topic is required unless subscribe_all is set");
    if (topic.length > maxTopicChars) throw invalid(`topic is longer than ${maxTopicChars} characters`);
    const plugin = await admit(pluginId);
    // Who subscribes to everything receives what it may see.
    if (subscribeAll) demand(plugin, usesServices, "events.subscribe");
    else demand(plugin, (grants) => mayHear(pluginId, grants, topic), scopeFor("subscribe", topic));
    return plugin;
  }

  async function subscribe(stream: ServerWritableStream<SubscribeRequest, EventMessage>): Promise<void> {
    const refuse = (error: unknown) => void stream.emit("error", failureOf(grpcError(error)));
    if (open >= maxSubscriptions) {
      refuse(new GrpcError(status.RESOURCE_EXHAUSTED, `at most ${maxSubscriptions} subscriptions`));
      return;
    }
    open += 1;
    const undo: (() => void)[] = [() => (open -= 1)];
    const end = () => {
      for (const step of undo.splice(0)) step();
    };
    for (const name of ["cancelled", "close", "error", "finish"]) stream.on(name, end);
    stream.on("cancelled", () => stream.end());

    let plugin: PluginCaller;
    try {
      plugin = await admitSubscriber(stream.request);
    } catch (error) {
      refuse(error);
      return;
    }
    // The plugin may have closed the stream meanwhile.
    if (undo.length === 0) return;
    const { grants, stop } = follow(plugin);
    const write = boundedWriter(stream, bufferSize);
    const { topic, subscribeAll } = stream.request;
    const unsubscribe = bus.subscribe(subscribeAll ? undefined : topic, (event) => {
      if (mayHear(pluginId, grants(), event.topic)) write(event);
    });
    undo.push(stop, unsubscribe);
    // Sent at once, so that the subscriber knows that nothing published from here on is missed.
    stream.sendMetadata(new Metadata());
  }

  const implementation: PluginEventServiceServer = {
    // A refusal is an answer here, not an error of the call.
    publish: unary(
      (request) =>
        publish(request).then(
          (eventId) => ({ success: true, errorMessage: "", eventId }),
          (error) => ({ success: false, errorMessage: grpcError(error).message, eventId: "" }),
        ),
      (error) => failureOf(grpcError(error)),
    ),
    subscribe: (stream) => void subscribe(stream),
    // Ids of subscriptions never reach the plugin; it ends one by closing its stream.
    unsubscribe: (_call, callback) => callback(null, { success: false, errorMessage: "close the stream of the subscription instead" }),
  };
  return { definition: PluginEventServiceService, implementation };
}
