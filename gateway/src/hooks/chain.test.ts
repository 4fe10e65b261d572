import { AppError } from "@portico/core";
import { createLogger } from "@portico/core/logger";
import { expect, test } from "vitest";
import type { Exchange } from "../pipeline/exchange.ts";
import type { LlmCall, LlmExchange } from "../pipeline/llm-call.ts";
import { next } from "../pipeline/reply.ts";
import type { PluginCaller } from "../plugins/caller.ts";
import { type Attachment, createHookChain, type FailurePolicy, type Hook } from "./chain.ts";

const exchange = { requestId: "req_1" } as LlmExchange;
const plugin = (name: string, more: Partial<Attachment> = {}): Attachment => ({
  id: 1,
  name,
  configOverride: "",
  ...more,
});

/** A chain whose plugins fail when their name says so. */
function aChain() {
  const calls: { name: string; timeoutMs: number }[] = [];
  const log: string[] = [];
  const call = async ({ name }: Attachment, _method: string, _request: unknown, _exchange: Exchange, timeoutMs: number) => {
    calls.push({ name, timeoutMs });
    if (name.startsWith("failing")) throw new AppError({ code: "plugin_failed", message: `${name} failed` });
    return { modified: false, headers: {} };
  };
  const chain = createHookChain({
    caller: { call: call as PluginCaller["call"] },
    timeoutMs: 500,
    logger: createLogger({ level: "debug", write: (line) => void log.push(line) }),
  });
  return { chain, calls, log };
}

const hook = (failurePolicy: FailurePolicy, seen: string[], endsAt = ""): Hook<"onBeforeWriteHeaders", LlmCall> => ({
  method: "onBeforeWriteHeaders",
  failurePolicy,
  request: ({ name }) => {
    if (name === "unsendable") throw new AppError({ code: "payload_too_large", message: "too large" });
    return { headers: {}, context: undefined };
  },
  accept: ({ name }) => {
    seen.push(name);
    return name === endsAt ? next : undefined;
  },
});

test("fail_closed stops the request, also when nothing could be sent to the plugin", async () => {
  for (const name of ["failing", "unsendable"]) {
    const { chain } = aChain();
    const seen: string[] = [];
    const plugins = [plugin("first"), plugin(name), plugin("last")];
    await expect(chain.run(hook("fail_closed", seen), plugins, exchange, undefined)).rejects.toBeInstanceOf(AppError);
    expect(seen).toEqual(["first"]);
  }
});

test("fail_open skips the plugin, logs it and calls the next one", async () => {
  const { chain, log } = aChain();
  const seen: string[] = [];
  const plugins = [plugin("failing"), plugin("unsendable"), plugin("last")];
  expect(await chain.run(hook("fail_open", seen), plugins, exchange, undefined)).toBeUndefined();
  expect(seen).toEqual(["last"]);
  expect(log.map((line) => (JSON.parse(line) as { plugin: string }).plugin)).toEqual(["failing", "unsendable"]);
});

test("the policy of an attachment is stronger than the hook's", async () => {
  const seen: string[] = [];
  const skipped = [plugin("failing", { failurePolicy: "fail_open" }), plugin("last")];
  await aChain().chain.run(hook("fail_closed", seen), skipped, exchange, undefined);
  expect(seen).toEqual(["last"]);
  const stopping = [plugin("failing", { failurePolicy: "fail_closed" }), plugin("last")];
  await expect(aChain().chain.run(hook("fail_open", []), stopping, exchange, undefined)).rejects.toThrow("failing failed");
});

test("each plugin has the deadline of its attachment, or the gateway's, and a chain ends with the first step", async () => {
  const { chain, calls } = aChain();
  const plugins = [plugin("quick", { timeoutMs: 20 }), plugin("usual"), plugin("never called")];
  expect(await chain.run(hook("fail_closed", [], "usual"), plugins, exchange, undefined)).toBe(next);
  expect(calls).toEqual([
    { name: "quick", timeoutMs: 20 },
    { name: "usual", timeoutMs: 500 },
  ]);
});

test("a notification reaches every plugin and fails for none", async () => {
  const { chain, calls, log } = aChain();
  chain.notify("onBeforeWriteHeaders", [plugin("failing one"), plugin("failing two"), plugin("last")], exchange, () => ({
    headers: {},
    context: undefined,
  }));
  await expect.poll(() => log.length).toBe(2);
  expect(calls.map(({ name }) => name)).toEqual(["failing one", "failing two", "last"]);
});
