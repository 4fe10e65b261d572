import { AppError } from "@portico/core";
import { expect, test } from "vitest";
import { aHost, aScript, aSpec, ask, until } from "../test/harness.ts";

const aMessage = (userMessage: string) => ({
  sessionId: "s",
  userMessage,
  availableTools: [],
  availableDatasources: [],
  availableLlms: [],
  configJson: "{}",
  history: [],
  context: undefined,
  serviceBrokerId: 1,
});

test("calls are counted by rpc with their errors, timeouts, refusals and latency", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1)]);
  for (let i = 0; i < 20; i += 1) await ask(host, 1, "echo");
  await expect(ask(host, 1, "nonsense")).rejects.toMatchObject({ code: "plugin_failed" });
  await expect(ask(host, 1, "hang", "", 100)).rejects.toMatchObject({ code: "plugin_timeout" });
  const plugin = host.require(1);
  await host.reconcile([aSpec(1, { generation: 2 })]);
  await until(() => host.logs(1).some(({ text }) => text.includes("shutting down")));
  await expect(plugin.call("call", { method: "echo", payload: "", serviceBrokerId: 1 }, { timeoutMs: 5_000 })).rejects.toThrow(
    /not available/,
  );
  await ask(host, 1, "echo");
  const { call } = host.metrics(1) ?? {};
  expect(call).toMatchObject({ calls: 23, errors: 2, timeouts: 1, refused: 1 });
  expect(call?.latencyMs.counts).toHaveLength((call?.latencyMs.bounds.length ?? 0) + 1);
  expect(call?.latencyMs.counts.reduce((sum, count) => sum + count)).toBe(23);
  expect(call?.latencyMs.sum).toBeGreaterThan(100);
  expect(host.metrics(99)).toBeUndefined();
}, 30_000);

test("the breaker opens after calls in a row that were not answered, for that rpc only, and closes when one is", async () => {
  const host = aHost({ timings: { breakerFailures: 3, breakerOpenMs: 600 } });
  await host.reconcile([aSpec(1)]);
  for (let i = 0; i < 10; i += 1) await expect(ask(host, 1, "nonsense")).rejects.toMatchObject({ code: "plugin_failed" });
  expect(await ask(host, 1, "echo", "a plugin's own errors do not count")).not.toBe("");
  const late = () => expect(ask(host, 1, "hang", "", 50)).rejects.toMatchObject({ code: "plugin_timeout" });
  for (let i = 0; i < 3; i += 1) await late();
  await expect(ask(host, 1, "echo")).rejects.toThrow(/was not answered 3 times in a row/);
  expect((await host.require(1).call("getManifest", {}, { timeoutMs: 10_000 })).success).toBe(true);
  expect(host.metrics(1)?.call?.refused).toBe(1);
  await expect.poll(() => ask(host, 1, "echo", "closed again").catch(() => ""), { timeout: 10_000 }).toBe("closed again");
  expect(await ask(host, 1, "echo", "and stays so")).toBe("and stays so");
}, 30_000);

test("streams have a deadline, an idle limit and a bound, carry the plugin's errors, and end when the reader leaves", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1)]);
  const read = async (
    message: string,
    { timeoutMs = 20_000, idleTimeoutMs = 10_000, signal }: { timeoutMs?: number; idleTimeoutMs?: number; signal?: AbortSignal } = {},
  ) => {
    const contents: string[] = [];
    for await (const { content } of host.require(1).stream("handleAgentMessage", aMessage(message), { timeoutMs, idleTimeoutMs, signal }))
      contents.push(content);
    return contents;
  };
  expect(await read("3 20")).toEqual(["1", "2", "3"]);
  await expect(read("hang", { timeoutMs: 200 })).rejects.toMatchObject({
    code: "plugin_timeout",
    message: expect.stringContaining("200 ms"),
  });
  await expect(read("hang", { idleTimeoutMs: 200 })).rejects.toMatchObject({ code: "plugin_timeout" });
  await expect(read("hang", { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ meta: { grpcCode: 1 } });
  await expect(read("fail")).rejects.toMatchObject({ code: "plugin_failed", meta: { grpcCode: 9, detail: "not today" } });
  for await (const _ of host.require(1).stream("handleAgentMessage", aMessage("hang"), { timeoutMs: 20_000, idleTimeoutMs: 10_000 })) break;

  const ends = new AbortController();
  const open = Array.from({ length: 512 }, () => read("hang", { signal: ends.signal }).catch((error: AppError) => error.code));
  await expect(read("3 20")).rejects.toMatchObject({ code: "plugin_unavailable" });
  ends.abort();
  expect(new Set(await Promise.all(open))).toEqual(new Set(["plugin_failed"]));
  expect(await read("2 1")).toEqual(["1", "2"]);
}, 30_000);

test("callers wait for a plugin that starts or restarts, within their deadline, and not for one that failed or was stopped", async () => {
  const host = aHost({ timings: { restartBaseMs: 300, breakerFailures: 100 } });
  const early = host.whenReady(1, { timeoutMs: 20_000 });
  const started = host.reconcile([aSpec(1), aSpec(2, { config: { refuse: "no license" } })]);
  expect((await early).id).toBe(1);
  await started;
  await expect(host.whenReady(2, { timeoutMs: 20_000 })).rejects.toThrow("Plugin 2 is failed: no license");

  await expect(ask(host, 1, "crash")).rejects.toMatchObject({ code: "plugin_unavailable" });
  await until(() => host.status(1)?.state !== "healthy");
  const again = await host.whenReady(1, { timeoutMs: 20_000 });
  expect((await again.call("call", { method: "echo", payload: "back", serviceBrokerId: 1 }, { timeoutMs: 10_000 })).data).toBe("back");

  const silent = host.reconcile([aSpec(3, { command: await aScript("exec sleep 600") })]);
  await expect(host.whenReady(1, { timeoutMs: 20_000 })).rejects.toThrow(/Plugin 1 is/);
  await expect(host.whenReady(3, { timeoutMs: 200 })).rejects.toThrow("Plugin 3 is starting.");
  const leaving = new AbortController();
  const left = host.whenReady(3, { timeoutMs: 60_000, signal: leaving.signal });
  leaving.abort();
  await expect(left).rejects.toBeInstanceOf(AppError);
  const stopped = host.whenReady(3, { timeoutMs: 60_000 });
  await host.reconcile([]);
  await expect(stopped).rejects.toThrow("Plugin 3 is stopped.");
  await silent;
}, 60_000);

test("a plugin that hangs while calls wait is known within five seconds and replaced, and one whose calls are merely slow is not", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1), aSpec(2)]);
  const [pid, other] = [host.status(1)?.pid, host.status(2)?.pid];
  const slow = ask(host, 2, "slow", "9000");
  const hung = ask(host, 1, "spin", "", 60_000).catch((error: AppError) => error.code);
  const before = performance.now();
  await until(() => host.status(1)?.state === "unhealthy", 10_000);
  expect(performance.now() - before).toBeLessThan(5_000);
  expect(host.status(1)?.error).toBe("The plugin is not responding.");
  const replaced = await host.whenReady(1, { timeoutMs: 20_000 });
  expect((await replaced.call("call", { method: "echo", payload: "new", serviceBrokerId: 1 }, { timeoutMs: 10_000 })).data).toBe("new");
  expect(host.status(1)?.pid).not.toBe(pid);
  expect(await hung).toBe("plugin_unavailable");
  expect(await slow).toBe("late");
  expect(host.status(2)).toMatchObject({ state: "healthy", pid: other });
}, 60_000);
