import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sleep } from "@portico/core";
import { expect, onTestFinished, test } from "vitest";
import { aHost, aScript, aSleep, aSpec, ask, isAlive, running, until } from "../test/harness.ts";

const quick = { restartBaseMs: 50, restartCapMs: 400 };

test("a crash is healed by a new process, and meanwhile calls are refused with the reason", async () => {
  const states: string[] = [];
  const host = aHost({ timings: { restartBaseMs: 300 }, onState: ({ state }) => void states.push(state) });
  await host.reconcile([aSpec(1)]);
  const pid = host.status(1)?.pid;
  await expect(ask(host, 1, "crash")).rejects.toMatchObject({ code: "plugin_unavailable" });
  await until(() => host.status(1)?.state === "unhealthy");
  expect(host.get(1)).toBeUndefined();
  expect(() => host.require(1)).toThrow(/exited with code 3/);
  await until(() => host.status(1)?.state === "healthy");
  expect(host.status(1)).toMatchObject({ restarts: 1, error: "" });
  expect(host.status(1)?.pid).not.toBe(pid);
  expect(await ask(host, 1, "echo", "back")).toBe("back");
  expect(states).toEqual(["starting", "healthy", "unhealthy", "healthy"]);
});

test("a plugin that keeps crashing counts as failed, is retried at the cap, and heals when its spec does", async () => {
  const host = aHost({ timings: { ...quick, crashesUntilFailed: 3 } });
  await host.reconcile([aSpec(1, { config: { crashAfterMs: "1" } })]);
  await until(() => host.status(1)?.state === "failed", 20_000);
  const { restarts = 0 } = host.status(1) ?? {};
  await until(() => (host.status(1)?.restarts ?? 0) > restarts);
  await host.reconcile([aSpec(1)]);
  expect(host.status(1)).toMatchObject({ state: "healthy", restarts: 0 });
}, 30_000);

test("a plugin that stops answering pings is replaced", async () => {
  const host = aHost({ timings: { ...quick, pingIntervalMs: 100, pingTimeoutMs: 1_000 } });
  await host.reconcile([aSpec(1), aSpec(2)]);
  const pid = host.status(1)?.pid ?? 0;
  await until(() => host.status(1)?.lastPingAt !== null);
  await expect(ask(host, 1, "spin", "", 200)).rejects.toMatchObject({ code: "plugin_timeout" });
  expect(await ask(host, 2, "echo", "unharmed")).toBe("unharmed");
  await until(() => host.status(1)?.restarts === 1 && host.status(1)?.state === "healthy");
  expect(isAlive(pid)).toBe(false);
  expect(host.logs(1).some(({ text }) => text.includes("missed 3 pings"))).toBe(true);
}, 20_000);

test("whatever a plugin does instead of a handshake, the reason is told, the process is gone and the others run", async () => {
  const host = aHost({ timings: quick });
  const sleeper = "exec sleep 600";
  const bad: [body: string, error: RegExp][] = [
    [`echo hello; ${sleeper}`, /Unrecognized remote plugin message: "hello"/],
    [`head -c 100000 /dev/urandom | tr '\\n' x; ${sleeper}`, /Unrecognized|core API/],
    [`echo '2|1|unix|/tmp/x|grpc|'; ${sleeper}`, /core API version/],
    [`echo '1|9|unix|/tmp/x|grpc|'; ${sleeper}`, /Incompatible API version/],
    [`echo '1|1|unix|/tmp/x|netrpc|'; ${sleeper}`, /Unsupported plugin protocol/],
    [`echo '1|1|tcp|10.1.2.3:80|grpc|'; ${sleeper}`, /not a local TCP address/],
    [`echo "1|1|unix|$PLUGIN_UNIX_SOCKET_DIR/none|grpc|"; ${sleeper}`, /not available/],
    ["echo 'no license' >&2; exit 5", /exited with code 5.*no license/],
    ["kill -9 $$", /ended by SIGKILL/],
  ];
  const orphan = aSpec(99, { command: await aScript("", "/no/such/interpreter") });
  const specs = await Promise.all(bad.map(async ([body], at) => aSpec(100 + at, { command: await aScript(body) })));
  await host.reconcile([aSpec(1), orphan, ...specs]);
  expect(host.status(99)).toMatchObject({ pid: null, error: expect.stringContaining("could not be started") });
  for (const [at, [, error]] of bad.entries())
    expect(
      host
        .logs(100 + at)
        .map(({ text }) => text)
        .join("\n"),
    ).toMatch(error);
  expect(host.status(1)?.state).toBe("healthy");
  expect(await ask(host, 1, "echo", "fine")).toBe("fine");

  const impatient = aHost({ timings: { handshakeTimeoutMs: 500 } });
  await impatient.reconcile([aSpec(1, { command: await aScript(sleeper) })]);
  expect(impatient.status(1)).toMatchObject({ state: "unhealthy", error: expect.stringContaining("no handshake within 0.5 s"), pid: null });
}, 30_000);

test("a plugin that shakes hands and then speaks something else, or never stops talking, is refused within its deadline", async () => {
  const serve = (onSocket: string) =>
    aScript(
      `const net = require("node:net"), path = process.env.PLUGIN_UNIX_SOCKET_DIR + "/s";
       net.createServer((socket) => { socket.on("error", () => {}); ${onSocket} }).listen(path, () => console.log("1|1|unix|" + path + "|grpc|"));`,
      "/usr/bin/env node",
    );
  const host = aHost({ timings: { initializeTimeoutMs: 4_000, restartBaseMs: 60_000 } });
  await host.reconcile([
    aSpec(1),
    aSpec(2, { command: await serve('socket.write("HTTP/1.1 200 OK\\r\\n\\r\\nhello");') }),
    aSpec(3, { command: await serve("socket.resume();") }),
    aSpec(4, { command: await serve("const more = () => socket.write(Buffer.alloc(65536), more); more();") }),
    aSpec(5, { command: await serve("socket.end();") }),
  ]);
  expect(host.statuses().map(({ id, state }) => [id, state])).toEqual(
    [1, 2, 3, 4, 5].map((id) => [id, id === 1 ? "healthy" : "unhealthy"]),
  );
  expect(host.status(3)?.error).toMatch(/did not answer Initialize within 4000 ms/);
  expect(host.status(5)?.error).toMatch(/not available/);
  expect(await ask(host, 1, "echo", "fine")).toBe("fine");
});

test("a plugin that refuses its config is failed with its own words", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1, { config: { refuse: "api_key is missing" } })]);
  expect(host.status(1)).toMatchObject({ state: "failed", error: "api_key is missing", pid: null });
});

test("a command that is no executable in an allowed folder is refused in one sentence", async () => {
  const script = await aScript("exit 0");
  const host = aHost({ allowedDirs: ["/usr/lib"] });
  for (const [command, reason] of [
    ["", /is empty/],
    ["grpc://10.0.0.1:80", /scheme grpc:\/\//],
    ["oci://registry/x", /scheme oci:\/\//],
    ["plugins/../../bin/sh", /must not contain/],
    ["/bin/sh\n", /control characters/],
    ["file:///bin/sh%0A", /control characters/],
    ["file:///usr/lib/%2e%2e/bin/sh", /must not contain/],
    ["/no/such/file", /does not exist/],
    ["/usr", /not a regular file/],
    ["/etc/passwd", /not executable/],
    [script, /outside the allowed plugin folders/],
  ] as const)
    await expect(host.inspect(command), command).rejects.toMatchObject({ code: "plugin_invalid", message: expect.stringMatching(reason) });
});

test("a plugin that floods its stdout is slowed down, not the host, and still answers", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1), aSpec(2)]);
  await ask(host, 1, "flood");
  await sleep(300);
  const cpu = process.cpuUsage();
  await sleep(2_000);
  const { user, system } = process.cpuUsage(cpu);
  expect((user + system) / 1000).toBeLessThan(1_000);
  expect(await ask(host, 2, "echo", "fine")).toBe("fine");
  expect(await ask(host, 1, "echo", "still here")).toBe("still here");
  expect(host.logs(1).length).toBeLessThanOrEqual(1_000);
}, 20_000);

test("a failing onReady is a failed start, and a later one is tried again", async () => {
  let attempts = 0;
  const host = aHost({
    timings: quick,
    onReady: async (plugin) => {
      attempts += 1;
      const { data } = await plugin.call("call", { method: "echo", payload: "ready", serviceBrokerId: 1 }, { timeoutMs: 2_000 });
      if (attempts === 1) throw new Error(`not ${data} yet`);
    },
  });
  await host.reconcile([aSpec(1)]);
  expect(host.status(1)).toMatchObject({ state: "unhealthy", error: "not ready yet" });
  await until(() => host.status(1)?.state === "healthy");
});

test("a stop during the start and the last of many reconciles win", async () => {
  const host = aHost();
  const silent = await aScript("exec sleep 600");
  const never = host.reconcile([aSpec(1, { command: silent }), aSpec(2)]);
  await until(() => host.status(2)?.state === "healthy");
  await Promise.all([
    host.reconcile([aSpec(2)]),
    host.reconcile([aSpec(1, { command: silent }), aSpec(2)]),
    host.reconcile([aSpec(1, { generation: 5 }), aSpec(2)]),
  ]);
  await never;
  expect(host.status(1)?.state).toBe("healthy");
  expect(host.require(1).spec.generation).toBe(5);
});

test("when the host is killed, its plugins, whatever they started and their sockets go with it", async () => {
  const commands = [aSleep(), `setsid ${aSleep()}`];
  const owner = spawn(process.execPath, [fileURLToPath(new URL("../test/owner.ts", import.meta.url)), ...commands], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void owner.kill("SIGKILL"));
  const [line] = (await once(owner.stdout, "data")) as [Buffer];
  const { pid, folder } = JSON.parse(line.toString()) as { pid: number; folder: string };
  const sleeps = commands.map((command) => command.replace("setsid ", ""));
  await until(() => isAlive(pid) && sleeps.every((command) => running(command).length === 1));
  owner.kill("SIGKILL");
  await until(() => !isAlive(pid) && sleeps.every((command) => running(command).length === 0));
  await until(() => !existsSync(folder));
});
