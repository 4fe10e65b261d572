import { EventEmitter } from "node:events";
import type { EventMessage } from "@portico/protocol/plugin-events";
import { expect, test } from "vitest";
import { createEventBus } from "./event-bus.ts";

/** Two plugins on one gateway, which were granted this. */
function aBus(grants: Record<number, string[]>) {
  const bus = createEventBus({ edgeId: "edge", grantsOf: (id) => (grants[id] ? new Set(grants[id]) : undefined) });
  const implementation = (id: number) => bus.serviceFor(id).implementation as Record<string, (...args: unknown[]) => void>;
  return {
    publish(id: number, topic: string): string {
      let said = "no answer";
      implementation(id).publish?.(
        { request: { topic, payload: Buffer.from("{}"), direction: 0 } },
        (_: null, answer: { errorMessage: string }) => {
          said = answer.errorMessage;
        },
      );
      return said;
    },
    /** Topics that arrive, or why none will. */
    subscribe(id: number, request: { topic?: string; subscribeAll?: boolean }) {
      const seen: string[] = [];
      let refused = "";
      const call = Object.assign(new EventEmitter(), {
        request: { topic: "", subscribeAll: false, ...request },
        write: ({ topic }: EventMessage) => seen.push(topic) > 0,
        sendMetadata() {},
        end() {},
      });
      call.on("error", ({ details }: { details: string }) => {
        refused = details;
      });
      implementation(id).subscribe?.(call);
      return { seen, refused: () => refused };
    },
  };
}

test("a plugin that was granted nothing neither publishes nor hears on a gateway, and none speaks for the host", () => {
  const { publish, subscribe } = aBus({ 1: [], 2: ["events.publish", "events.subscribe"] });
  for (const topic of ["cache.cleared", "plugin.1.own", "system.user.created"]) expect(publish(1, topic), topic).not.toBe("");
  for (const request of [{ topic: "cache.cleared" }, { subscribeAll: true }, { topic: "system.user.created" }])
    expect(subscribe(1, request).refused()).toContain("insufficient scope");
  expect(publish(2, "system.user.created")).toContain("host's own");
  expect(publish(2, "system.plugin_resource.instance_changed")).toContain("host's own");
  expect(publish(2, "plugin.1.own")).toContain("insufficient scope");
});

test("plugins reach each other on the topics that they were granted, and on their own", () => {
  const { publish, subscribe } = aBus({ 1: ["publish:cache.*"], 2: ["subscribe:cache.cleared", "subscribe:plugin.1.news"] });
  const named = subscribe(2, { topic: "cache.cleared" });
  const all = subscribe(2, { subscribeAll: true });
  for (const topic of ["cache.cleared", "cache.filled", "plugin.1.news", "plugin.1.secret"]) expect(publish(1, topic), topic).toBe("");
  expect(publish(1, "cache")).toContain("insufficient scope");
  expect(named.seen).toEqual(["cache.cleared"]);
  expect(all.seen).toEqual(["cache.cleared", "plugin.1.news"]);
});

test("topics and subscriptions of one plugin are bounded", () => {
  const { publish, subscribe } = aBus({ 1: ["events.publish", "events.subscribe"] });
  expect(publish(1, "t".repeat(256))).toContain("255 characters");
  expect(subscribe(1, { topic: "t".repeat(256) }).refused()).toContain("255 characters");
  const opened = Array.from({ length: 101 }, () => subscribe(1, { topic: "news" }));
  expect(opened.map(({ refused }) => refused()).filter(Boolean)).toEqual([expect.stringContaining("at most 100")]);
});
