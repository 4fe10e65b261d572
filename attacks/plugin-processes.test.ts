import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { PluginHost, PluginHostOptions } from "@portico/plugin-host";
import { expect, onTestFinished, test } from "vitest";
import { codeHashOf, prepareCode } from "../packages/plugin-host/src/launch/code.ts";
import { createWorkplace } from "../packages/plugin-host/src/launch/workplace.ts";
import { aHost, aScript, aSleep, aSpec, aStore, ask, running, until } from "../packages/plugin-host/test/harness.ts";

/** What the plugin's own shell answers; undefined when the command fails. */
const tries = (host: PluginHost, id: number, command: string): Promise<string | undefined> =>
  ask(host, id, "sh", command).catch(() => undefined);

/** Where the system allows no isolation, the product promises to say so instead. */
const isIsolated = (host: PluginHost, id: number): boolean => {
  const { isolation, note } = host.status(id) ?? {};
  if (isolation !== "none") return true;
  expect(note).toMatch(/runs as the host's own user/);
  return false;
};

async function twoPlugins(options: Partial<PluginHostOptions> = {}): Promise<PluginHost> {
  const host = aHost(options);
  await host.reconcile([aSpec(1), aSpec(2)]);
  expect([host.status(1)?.state, host.status(2)?.state]).toEqual(["healthy", "healthy"]);
  return host;
}

async function aFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "attack-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** The folder of a plugin's process, as the host sees it. */
const placeOf = async (host: PluginHost, id: number): Promise<string> =>
  dirname((JSON.parse(await ask(host, id, "env")) as Record<string, string>).PLUGIN_UNIX_SOCKET_DIR ?? "");

test("a plugin does not reach the sockets of another", async () => {
  const { services } = aStore();
  const host = await twoPlugins({ services });
  const other = await placeOf(host, 2);
  for (const socket of ["host", "plugin"]) {
    expect((await stat(join(other, socket))).isSocket()).toBe(true);
    const found = await tries(host, 1, `test -w ${join(other, socket)} && echo reached`);
    if (isIsolated(host, 1)) expect(found).toBeUndefined();
  }
});

test("a plugin does not read the host's secrets", async () => {
  const data = await aFolder();
  await writeFile(join(data, "secret-key"), "the secret of the host", { mode: 0o600 });
  const host = await twoPlugins({ hiddenDirs: [data] });
  const read = await tries(host, 1, `cat ${join(data, "secret-key")}`);
  if (isIsolated(host, 1)) expect(read).toBeUndefined();
});

test("a plugin does not read the environment or memory of the host or of another plugin, and does not end them", async () => {
  const host = await twoPlugins();
  for (const pid of [process.pid, host.status(2)?.pid]) {
    const read = await tries(host, 1, `cat /proc/${pid}/environ /proc/${pid}/maps`);
    if (!isIsolated(host, 1)) continue;
    // In a process namespace the number is nobody's, or somebody's of its own.
    expect(read ?? "").not.toContain("PORTICO_PLUGIN_PROCESS");
    if (host.status(1)?.isolation === "user") expect(read).toBeUndefined();
    await tries(host, 1, `kill -KILL ${pid}`);
  }
  if (isIsolated(host, 1)) expect(await ask(host, 2, "echo", "unharmed")).toBe("unharmed");
});

test("a plugin cannot pass another plugin's socket off as its own", async () => {
  const host = aHost();
  await host.reconcile([aSpec(2)]);
  const pid = host.status(2)?.pid;
  const socket = join(await placeOf(host, 2), "plugin");
  const named = await aScript(`echo "1|1|unix|${socket}|grpc|"; exec sleep 600`);
  const linked = await aScript(
    `ln -s ${socket} $PLUGIN_UNIX_SOCKET_DIR/mine; echo "1|1|unix|$PLUGIN_UNIX_SOCKET_DIR/mine|grpc|"; exec sleep 600`,
  );
  await host.reconcile([aSpec(2), aSpec(3, { command: named }), aSpec(4, { command: linked })]);
  for (const id of [3, 4]) expect(host.status(id)?.error).toContain("not one of its own");
  await host.reconcile([aSpec(2)]);
  expect(host.status(2)).toMatchObject({ state: "healthy", pid });
});

test("a plugin cannot name a port on which somebody else listens", async () => {
  const host = aHost();
  const { createServer } = await import("node:net");
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await host.reconcile([aSpec(3, { command: await aScript(`echo "1|1|tcp|127.0.0.1:${port}|grpc|"; exec sleep 600`) })]);
  expect(host.status(3)?.error).toContain("no process of its own is seen to listen");
});

test("a binary that is exchanged after it was checked is not what runs", async () => {
  const dir = await aFolder();
  const binary = join(dir, "plugin");
  await copyFile("/bin/cat", binary);
  const codeHash = await codeHashOf(binary);
  const approved = await readFile(binary);
  const workplace = await createWorkplace(dir, undefined);
  const { executable } = await prepareCode({ path: binary, checksum: "", codeHash }, workplace.copyOf);
  await copyFile("/bin/ls", binary);
  expect((await readFile(executable)).equals(approved)).toBe(true);
  expect((await stat(executable)).mode & 0o222).toBe(0);

  const later = await createWorkplace(dir, undefined);
  await expect(prepareCode({ path: binary, checksum: "", codeHash }, later.copyOf)).rejects.toMatchObject({ code: "plugin_invalid" });
});

test("a process that a plugin detached does not outlive it", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1)]);
  const sleep = aSleep();
  await ask(host, 1, "child", `setsid ${sleep}`);
  await until(() => running(sleep).length === 1);
  await host.reconcile([]);
  await until(() => running(sleep).length === 0);
});

test("an answer of 100 MB is refused, and the plugin can be called again", async () => {
  const host = aHost();
  await host.reconcile([aSpec(1)]);
  await expect(ask(host, 1, "big", String(100 * 1024 * 1024), 60_000)).rejects.toMatchObject({
    code: "plugin_failed",
    message: expect.stringContaining("larger than 4194304 bytes"),
  });
  expect(await ask(host, 1, "echo", "still here")).toBe("still here");
}, 90_000);

test("a call to the host without the token that its plugin promised to carry is refused", async () => {
  process.env.FIXTURE_CLAIMS_TOKEN = "1";
  onTestFinished(() => {
    delete process.env.FIXTURE_CLAIMS_TOKEN;
  });
  const { stored, services } = aStore();
  const host = aHost({ services, passEnvironment: ["FIXTURE_CLAIMS_TOKEN"] });
  await host.reconcile([aSpec(1)]);
  const answered = () => ask(host, 1, "write", "color=red").catch((error: Error) => error.message);
  await expect.poll(answered, { timeout: 15_000 }).toContain("does not carry the token");
  expect(stored.size).toBe(0);
});

test("a plugin that cannot be isolated is not started where isolation is required", async () => {
  const closed = await aFolder();
  const script = join(closed, "plugin.sh");
  await writeFile(script, "#!/bin/sh\nexit 3\n", { mode: 0o700 });
  const host = aHost({ isolation: "required" });
  await host.reconcile([aSpec(1, { command: script }), aSpec(2)]);
  const [status, other] = [host.status(1), host.status(2)];
  // As root, other users cannot enter the folder; as an ordinary user, namespaces either work for both or for neither.
  if (process.geteuid?.() === 0) expect(status?.error).toContain("could not be isolated");
  if (other?.state !== "healthy") expect(other?.error).toContain("could not be isolated");
  else expect(other.isolation).not.toBe("none");
});
