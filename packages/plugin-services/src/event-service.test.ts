import { EventEmitter } from "node:events";
import { status } from "@grpc/grpc-js";
import { GrpcError } from "@portico/protocol/grpc-error";
import type { EventMessage } from "@portico/protocol/plugin-events";
import { expect, test } from "vitest";
import { createPluginBus } from "./event-bus.ts";
import { eventService } from "./event-service.ts";

/** Plugins of one host, which were granted this. */
function aBus(grants: Record<number, string[]>, carries = (direction: string) => direction !== "down") {
  const bus = createPluginBus("edge");
  const grantsOf = (id: number) => new Set(grants[id]);
  const services = new Map(
    Object.keys(grants).map((key) => {
      const id = Number(key);
      const { implementation } = eventService(id, {
        bus,
        admit: () => ({ id, name: `Plugin ${id}`, grants: grantsOf(id) }),
        follow: () => ({ grants: () => grantsOf(id), stop() {} }),
        carries,
        fail: () => new GrpcError(status.INTERNAL, "failed"),
      });
      return [id, implementation as Record<string, (...args: unknown[]) => void>];
    }),
  );
  return {
    publish: (id: number, topic: string, direction = 0) =>
      new Promise<string>((resolve) =>
        services
          .get(id)
          ?.publish?.({ request: { topic, payload: Buffer.from("{}"), direction } }, (_: null, answer: { errorMessage: string }) =>
            resolve(answer.errorMessage),
          ),
      ),
    /** Settles when the subscription is open or refused. `refused` says why; a slow reader takes nothing until `read`. */
    subscribe: (id: number, request: { topic?: string; subscribeAll?: boolean }, { slow = false } = {}) =>
      new Promise<{ seen: string[]; refused: string; read(): void; close(): void }>((resolve) => {
        const seen: string[] = [];
        let full = slow;
        const stream: EventEmitter = Object.assign(new EventEmitter(), {
          request: { topic: "", subscribeAll: false, ...request },
          write: ({ topic }: EventMessage) => {
            seen.push(topic);
            return !full;
          },
          sendMetadata: () => resolve(subscription("")),
          end() {},
        });
        const subscription = (refused: string) => ({
          seen,
          refused,
          read() {
            full = false;
            stream.emit("drain");
          },
          close: () => void stream.emit("close"),
        });
        stream.on("error", ({ details }: { details: string }) => resolve(subscription(details)));
        services.get(id)?.subscribe?.(stream);
      }),
  };
}

test("a plugin that was granted nothing neither publishes nor hears, and none speaks for the host", async () => {
  const { publish, subscribe } = aBus({ 1: [], 2: ["events.publish", "events.subscribe"] });
  for (const topic of ["cache.cleared", "plugin.1.own", "system.user.created"]) expect(await publish(1, topic), topic).not.toBe("");
  for (const request of [{ topic: "cache.cleared" }, { subscribeAll: true }, { topic: "system.user.created" }])
    expect((await subscribe(1, request)).refused).toContain("service access not authorized");
  expect(await publish(2, "system.user.created")).toContain("host's own");
  expect(await publish(2, "system.plugin_resource.instance_changed")).toContain("host's own");
  expect(await publish(2, "plugin.1.own")).toContain("insufficient scope");
  expect(await publish(2, "cache.cleared", 2)).toContain("towards edges are not carried");
});

test("a host without a way to others refuses events towards them instead of taking them for delivered, and carries its own", async () => {
  const { publish, subscribe } = aBus({ 1: ["events.publish"], 2: ["events.subscribe"] }, () => false);
  const heard = await subscribe(2, { topic: "cache.cleared" });
  expect(await publish(1, "cache.cleared", 1)).toContain("towards the control plane are not carried yet; publish locally");
  expect(await publish(1, "cache.cleared", 2)).toContain("towards edges are not carried yet");
  expect(heard.seen).toEqual([]);
  expect(await publish(1, "cache.cleared")).toBe("");
  expect(heard.seen).toEqual(["cache.cleared"]);
});

test("plugins reach each other on the topics that they were granted, and on their own", async () => {
  const { publish, subscribe } = aBus({ 1: ["publish:cache.*"], 2: ["subscribe:cache.cleared", "subscribe:plugin.1.news"] });
  const named = await subscribe(2, { topic: "cache.cleared" });
  const all = await subscribe(2, { subscribeAll: true });
  for (const topic of ["cache.cleared", "cache.filled", "plugin.1.news", "plugin.1.secret"])
    expect(await publish(1, topic), topic).toBe("");
  expect(await publish(1, "cache")).toContain("insufficient scope");
  expect(named.seen).toEqual(["cache.cleared"]);
  expect(all.seen).toEqual(["cache.cleared", "plugin.1.news"]);
});

test("topics and subscriptions of one plugin are bounded, and a closed subscription makes room", async () => {
  const { publish, subscribe } = aBus({ 1: ["events.publish", "events.subscribe"] });
  expect(await publish(1, "t".repeat(256))).toContain("255 characters");
  expect((await subscribe(1, { topic: "t".repeat(256) })).refused).toContain("255 characters");
  const opened = await Promise.all(Array.from({ length: 101 }, () => subscribe(1, { topic: "news" })));
  expect(opened.map(({ refused }) => refused).filter(Boolean)).toEqual([expect.stringContaining("at most 100")]);
  opened[0]?.close();
  expect((await subscribe(1, { topic: "news" })).refused).toBe("");
});

test("a subscriber that does not read is sent 100 events later and no more", async () => {
  const { publish, subscribe } = aBus({ 1: ["events.publish", "events.subscribe"] });
  const slow = await subscribe(1, { topic: "news" }, { slow: true });
  for (let i = 0; i < 150; i++) await publish(1, "news");
  expect(slow.seen).toHaveLength(1);
  slow.read();
  expect(slow.seen).toHaveLength(101);
});
