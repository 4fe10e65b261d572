import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { sleep } from "@portico/core";
import { expect, onTestFinished, test } from "vitest";
import { aHost, aSleep, aSpec, aStore, ask, fixturePath, isAlive, running, until } from "../test/harness.ts";

test("a plugin is initialized with its config as strings, both spellings of its id and of its broker", async () => {
  const host = aHost();
  const config = { text: "a", big: 1_000_000, huge: 1e21, tiny: 1.5e-7, on: true, list: [1, "b"], nested: { a: null }, none: null };
  await host.reconcile([aSpec(7, { config })]);
  expect(host.status(7)).toMatchObject({ state: "healthy", error: "", restarts: 0, pid: expect.any(Number) });
  expect(JSON.parse(await ask(host, 7, "config"))).toEqual({
    text: "a",
    big: "1000000",
    huge: "1000000000000000000000",
    tiny: "0.00000015",
    on: "true",
    list: '[1,"b"]',
    nested: '{"a":null}',
    none: "null",
    plugin_id: "7",
    _plugin_id: "7",
    service_broker_id: "1",
    _service_broker_id: "1",
    has_service_api: "true",
  });
});

test("a plugin inherits what the list names and what the administrator passes on, a private home, and the host's Node first", async () => {
  const withheld = {
    DATABASE_URL: "leaked",
    PORTICO_SECRET_KEY: "leaked",
    PORTICO_EDGE_TOKEN: "leaked",
    ADMIN_PASSWORD: "leaked",
    npm_config_token: "leaked",
    AWS_SECRET_ACCESS_KEY: "leaked",
    OPENAI_API_KEY: "leaked",
    GITHUB_TOKEN: "leaked",
    NODE_OPTIONS: "",
  };
  const given = {
    LC_TIME: "C",
    HTTPS_PROXY: "http://proxy.example:3128",
    SSL_CERT_DIR: "/etc/ssl/certs",
    ANALYTICS_URL: "http://kept.example",
  };
  const before = { ...process.env };
  onTestFinished(() => {
    process.env = before;
  });
  Object.assign(process.env, withheld, given);
  const host = aHost({ runtime: "studio", passEnvironment: ["ANALYTICS_URL", "DATABASE_URL", "PORTICO_SECRET_KEY"] });
  await host.reconcile([aSpec(1)]);
  const env = JSON.parse(await ask(host, 1, "env")) as Record<string, string>;
  for (const name of Object.keys(withheld)) expect(env).not.toHaveProperty(name);
  expect(env).toMatchObject({ ...given, PLUGIN_RUNTIME: "studio", PLUGIN_PROTOCOL_VERSIONS: "1", AI_STUDIO_PLUGIN: "v1" });
  expect(env.PATH?.split(":")[0]).toBe(dirname(process.execPath));
  expect(env.TMPDIR).toBe(env.PLUGIN_UNIX_SOCKET_DIR);
  for (const dir of [env.PLUGIN_UNIX_SOCKET_DIR, env.HOME]) expect(statSync(dir ?? "").mode & 0o777).toBe(0o700);
  expect(env.HOME).not.toBe(homedir());
});

test("a plugin reaches the host's services as itself, whatever id it claims", async () => {
  const { stored, services } = aStore();
  const host = aHost({ services });
  await host.reconcile([aSpec(1), aSpec(2)]);
  expect(await ask(host, 1, "write", "color=red")).toBe("true");
  expect(await ask(host, 2, "write", "color=blue")).toBe("true");
  expect(await ask(host, 1, "read", "color")).toBe("red");
  await expect(ask(host, 1, "read", "shape")).rejects.toThrow("key not found: shape");
  expect([...stored.keys()].sort()).toEqual(["1/color", "2/color"]);
  const large = "v".repeat(6 * 1024 * 1024);
  await ask(host, 1, "write", `large=${large}`);
  expect(stored.get("1/large")?.length).toBe(large.length);
});

test("an unused way back is announced again before it is forgotten, and never once it is used", async () => {
  const { services } = aStore();
  const host = aHost({ services, timings: { sessionTimeoutMs: 50, announceEveryMs: 300 } });
  await host.reconcile([aSpec(1)]);
  const announced = async () => (JSON.parse(await ask(host, 1, "sessions")) as { announced: number; sessions: number }).announced;
  await expect.poll(announced, { timeout: 10_000 }).toBeGreaterThanOrEqual(2);
  await ask(host, 1, "write", "a=b");
  const used = await announced();
  await sleep(700);
  const last = JSON.parse(await ask(host, 1, "sessions")) as { announced: number; sessions: number };
  expect(last.announced).toBe(used);
  expect(last.sessions).toBeGreaterThan(3);
});

test("errors of a plugin arrive with their message, deadlines as timeouts, and a cancelled call ends at once", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1)]);
  await expect(ask(host, 1, "nonsense")).rejects.toMatchObject({
    code: "plugin_failed",
    message: expect.stringContaining('no method "nonsense" – 100 % sure'),
    meta: { grpcCode: 5 },
  });
  await expect(ask(host, 1, "hang", "", 150)).rejects.toMatchObject({ code: "plugin_timeout" });
  const plugin = host.require(1);
  const started = performance.now();
  const cancelled = plugin.call(
    "call",
    { method: "hang", payload: "", serviceBrokerId: 1 },
    { timeoutMs: 60_000, signal: AbortSignal.timeout(100) },
  );
  await expect(cancelled).rejects.toMatchObject({ code: "plugin_failed" });
  expect(performance.now() - started).toBeLessThan(20_000);
  await expect(plugin.call("getObjectHookRegistrations", {}, { timeoutMs: 10_000 })).rejects.toMatchObject({ meta: { grpcCode: 12 } });
  const large = "é".repeat(5 * 1024 * 1024);
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(host, 1, "echo", large, 20_000, 16 * 1024 * 1024)));
  expect(answers.every((answer) => answer === large)).toBe(true);
});

test("calls beyond the limit in flight are refused at once and the others are unharmed", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1)]);
  const slow = Array.from({ length: 256 }, () => ask(host, 1, "slow", "500"));
  await expect(ask(host, 1, "echo")).rejects.toMatchObject({ code: "plugin_unavailable" });
  expect(new Set(await Promise.all(slow))).toEqual(new Set(["late"]));
  expect(await ask(host, 1, "echo", "again")).toBe("again");
});

test("stderr, hclog lines and the stdio service end in the plugin's log, with levels", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1)]);
  const hclog = JSON.stringify({ "@level": "warn", "@message": "disk", "@timestamp": "2026-01-01T00:00:00Z", free: 3 });
  const after = host.logs(1).at(-1)?.seq ?? 0;
  await ask(host, 1, "log", `[ERROR] broken\nplain\n${hclog}\n${"y".repeat(20_000)}\n\u0000bin\npanic: oh\ngoroutine 1\n`);
  await until(() => host.logs(1, after).length >= 8);
  const lines = host.logs(1, after).map(({ stream, level, text }) => ({ stream, level, text: text.slice(0, 40) }));
  expect(lines).toEqual(
    expect.arrayContaining([
      { stream: "stderr", level: "error", text: "[ERROR] broken" },
      { stream: "stderr", level: "debug", text: "plain" },
      { stream: "stderr", level: "warn", text: "disk free=3" },
      { stream: "stderr", level: "debug", text: "y".repeat(40) },
      { stream: "stderr", level: "error", text: "goroutine 1" },
      { stream: "stdout", level: "debug", text: "over the stdio service" },
    ]),
  );
  expect(Math.max(...host.logs(1).map(({ text }) => text.length))).toBeLessThan(8_300);
});

test("a change of generation or config replaces only that plugin's process, a new name none, and calls in flight finish or are cut", async () => {
  const host = aHost({ timings: { drainTimeoutMs: 2_000 } });
  await host.reconcile([aSpec(1), aSpec(2)]);
  const [first, second] = [host.status(1)?.pid, host.status(2)?.pid];
  await host.reconcile([aSpec(1), aSpec(2, { name: "Renamed" })]);
  expect([host.status(1)?.pid, host.status(2)?.pid]).toEqual([first, second]);
  expect(host.require(2).spec.name).toBe("Renamed");

  const finishing = ask(host, 1, "slow", "300");
  const cut = ask(host, 1, "hang", "", 60_000).catch((error) => error.code);
  const reloaded = host.reconcile([aSpec(1, { generation: 2 }), aSpec(2)]);
  expect(host.status(1)).toMatchObject({ state: "healthy", pid: first });
  expect(await ask(host, 2, "echo", "meanwhile")).toBe("meanwhile");
  expect(await finishing).toBe("late");
  await reloaded;
  expect(await cut).toBe("plugin_unavailable");
  expect(host.status(2)?.pid).toBe(second);
  expect(host.status(1)?.pid).not.toBe(first);
  await until(() => !isAlive(first ?? 0));

  await host.reconcile([aSpec(1, { generation: 2, config: { color: "red" } }), aSpec(2)]);
  expect(JSON.parse(await ask(host, 1, "config"))).toMatchObject({ color: "red" });
}, 20_000);

test("an orderly stop closes the session, shuts down, and leaves no process, no grandchild and no socket", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1)]);
  const pid = host.status(1)?.pid ?? 0;
  const child = aSleep();
  await ask(host, 1, "child", child);
  const dir = (JSON.parse(await ask(host, 1, "env")) as Record<string, string>).PLUGIN_UNIX_SOCKET_DIR ?? "";
  expect(existsSync(join(dirname(dir), "plugin"))).toBe(true);
  await until(() => running(child).length === 1);
  await host.reconcile([]);
  expect(host.status(1)).toMatchObject({ state: "stopped", pid: null });
  expect(host.logs(1).map(({ text }) => text)).toEqual(expect.arrayContaining(["[INFO] session closed", "[INFO] shutting down"]));
  await until(() => !isAlive(pid) && running(child).length === 0, 2_000);
  expect(existsSync(dir)).toBe(false);
  await host.close();
  expect(existsSync(dirname(dirname(dir)))).toBe(false);
  await expect(host.reconcile([aSpec(1)])).rejects.toMatchObject({ code: "plugin_unavailable" });
});

test("inspect reads manifest and schema from a process that is never initialized and does not stay", async () => {
  const host = aHost();
  const before = host.statuses();
  const { manifest, configSchema } = await host.inspect(fixturePath);
  expect(JSON.parse(manifest)).toEqual({ id: "test.fixture", initialized: false });
  expect(configSchema).toBe('{"type":"object"}');
  expect(host.statuses()).toEqual(before);
});

test("a file URL may be written as a path or percent-encoded", async () => {
  const host = aHost();
  const dir = await mkdtemp(join(tmpdir(), "with space-"));
  const link = join(dir, "plugin.ts");
  await symlink(fixturePath, link);
  for (const command of [`file://${link}`, pathToFileURL(link).href])
    expect(JSON.parse((await host.inspect(command)).manifest)).toMatchObject({ id: "test.fixture" });
  await rm(dir, { recursive: true });
});

test("inspect asks the main service when a plugin lacks the one for its config", async () => {
  process.env.FIXTURE_WITHOUT_CONFIG_SERVICE = "1";
  onTestFinished(() => {
    delete process.env.FIXTURE_WITHOUT_CONFIG_SERVICE;
  });
  const { manifest, configSchema } = await aHost({ passEnvironment: ["FIXTURE_WITHOUT_CONFIG_SERVICE"] }).inspect(fixturePath);
  expect(JSON.parse(manifest)).toEqual({ id: "test.fixture", initialized: false });
  expect(configSchema).toBe('{"type":"object"}');
});

test("only the executable with the given checksum is started", async () => {
  const host = aHost();
  const right = createHash("sha256").update(readFileSync(fixturePath)).digest("hex");
  await host.reconcile([aSpec(1, { checksum: right }), aSpec(2, { checksum: "0".repeat(64) })]);
  expect(host.status(1)?.state).toBe("healthy");
  expect(host.status(2)).toMatchObject({ state: "failed", error: expect.stringContaining("checksum"), pid: null });
  expect(() => host.require(2)).toThrow(/checksum/);
  await expect(host.inspect(fixturePath, "0".repeat(64))).rejects.toMatchObject({ code: "plugin_invalid" });
});
