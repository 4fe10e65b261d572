import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { aHost, aScript, aSleep, aSpec, ask, isAlive, running, until } from "../test/harness.ts";

const quick = { restartBaseMs: 50, restartCapMs: 400 };

test("reloads under load drop no call and no stream, and each replaces the process", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1)]);
  let isLoaded = true;
  let calls = 0;
  const failures: unknown[] = [];
  const caller = async (at: number) => {
    while (isLoaded) {
      calls += 1;
      try {
        const answer = await ask(host, 1, at % 2 === 0 ? "echo" : "slow", at % 2 === 0 ? "x" : "20");
        if (answer !== (at % 2 === 0 ? "x" : "late")) failures.push(answer);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const reader = async () => {
    while (isLoaded) {
      let last = "";
      try {
        for await (const { content } of host
          .require(1)
          .stream("handleAgentMessage", aMessage("5 20"), { timeoutMs: 20_000, idleTimeoutMs: 10_000 }))
          last = content;
        if (last !== "5") failures.push(`the stream ended after ${last}`);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const load = [...Array.from({ length: 8 }, (_, at) => caller(at)), reader()];
  const pids = new Set([host.status(1)?.pid]);
  for (const generation of [2, 3, 4]) {
    await host.reconcile([aSpec(1, { generation })]);
    pids.add(host.status(1)?.pid);
    expect(host.require(1).spec.generation).toBe(generation);
  }
  isLoaded = false;
  await Promise.all(load);
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThan(50);
  expect(pids.size).toBe(4);
  await until(() => [...pids].filter((pid) => isAlive(pid ?? 0)).length === 1);
}, 60_000);

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

test("a change that the plugin refuses leaves the old process serving, is reported, and is applied once it is right", async () => {
  const host = aHost({ timings: quick });
  await host.reconcile([aSpec(1, { config: { color: "red" } })]);
  const pid = host.status(1)?.pid;
  await host.reconcile([aSpec(1, { config: { refuse: "api_key is missing" } })]);
  expect(host.status(1)).toMatchObject({ state: "healthy", error: "api_key is missing", pid });
  expect(JSON.parse(await ask(host, 1, "config"))).toMatchObject({ color: "red" });
  expect(host.require(1).spec.config).toEqual({ color: "red" });
  await until(() => (host.status(1)?.restarts ?? 0) >= 2);
  expect(host.status(1)).toMatchObject({ state: "healthy", pid });

  // Also when the old process crashes meanwhile.
  await expect(ask(host, 1, "crash")).rejects.toMatchObject({ code: "plugin_unavailable" });
  await until(() => host.status(1)?.state === "healthy" && host.status(1)?.pid !== pid);
  expect(JSON.parse(await ask(host, 1, "config"))).toMatchObject({ color: "red" });
  expect(host.status(1)?.error).toBe("api_key is missing");

  await host.reconcile([aSpec(1, { config: { color: "blue" } })]);
  expect(host.status(1)).toMatchObject({ state: "healthy", error: "" });
  expect(JSON.parse(await ask(host, 1, "config"))).toMatchObject({ color: "blue" });
}, 60_000);

test("taking a refused change back needs no new process", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1)]);
  const pid = host.status(1)?.pid;
  await host.reconcile([aSpec(1, { config: { refuse: "no" } })]);
  await host.reconcile([aSpec(1)]);
  expect(host.status(1)).toMatchObject({ state: "healthy", error: "", pid });
});

test("a stop while a candidate starts ends both processes and leaves nothing behind", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1)]);
  const pid = host.status(1)?.pid ?? 0;
  const { PLUGIN_UNIX_SOCKET_DIR = "" } = JSON.parse(await ask(host, 1, "env")) as Record<string, string>;
  const base = dirname(dirname(PLUGIN_UNIX_SOCKET_DIR));
  const command = aSleep();
  const started = host.reconcile([aSpec(1, { command: await aScript(`exec ${command}`) })]);
  await until(() => running(command).length === 1);
  expect(await ask(host, 1, "echo", "meanwhile")).toBe("meanwhile");
  await host.reconcile([]);
  await started;
  expect(host.status(1)).toMatchObject({ state: "stopped", pid: null });
  expect(running(command)).toEqual([]);
  expect(isAlive(pid)).toBe(false);
  expect(await readdir(base)).toEqual([]);
}, 30_000);

test("two processes of one plugin each keep their session and their way back to the host", async () => {
  const host = aHost({ timings: { sessionTimeoutMs: 200, sessionRetryMs: 50, drainTimeoutMs: 3_000 } });
  await host.reconcile([aSpec(1)]);
  const held = ask(host, 1, "slow", "1500");
  await host.reconcile([aSpec(1, { generation: 2 })]);
  expect(await held).toBe("late");
  await until(() => host.logs(1).some(({ text }) => text === "[INFO] shutting down"));
  const sessions = async () => (JSON.parse(await ask(host, 1, "sessions")) as { sessions: number }).sessions;
  const before = await sessions();
  await expect.poll(sessions, { timeout: 10_000 }).toBeGreaterThan(before);
}, 30_000);

test("a plugin that failed is started again as soon as its file is replaced, and at once on a reload", async () => {
  const { writeFile } = await import("node:fs/promises");
  const script = await aScript("exit 7");
  const host = aHost({ timings: { restartBaseMs: 600_000, restartCapMs: 600_000, fileCheckMs: 50, crashesUntilFailed: 1 } });
  await host.reconcile([aSpec(1, { command: script })]);
  expect(host.status(1)).toMatchObject({ state: "failed", restarts: 0 });
  await writeFile(script, "#!/bin/sh\nexit 8\n");
  await until(() => host.status(1)?.error.includes("code 8") ?? false);
  await writeFile(script, "#!/bin/sh\nexit 9\n");
  await host.reconcile([aSpec(1, { command: script, generation: 2 })]);
  expect(host.status(1)?.error).toContain("code 9");
}, 30_000);

test("code that is not approved any more does not stay when its successor cannot be started", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1)]);
  const pid = host.status(1)?.pid ?? 0;
  await host.reconcile([aSpec(1, { codeHash: "0".repeat(64), config: { color: "blue" } })]);
  expect(host.status(1)).toMatchObject({ state: "failed", pid: null, error: expect.stringContaining("changed since it was approved") });
  expect(isAlive(pid)).toBe(false);
  await host.reconcile([aSpec(1), aSpec(2)]);
  await host.reconcile([aSpec(1), aSpec(2, { checksum: "0".repeat(64) })]);
  expect(host.status(2)).toMatchObject({ state: "failed", pid: null });
}, 30_000);
