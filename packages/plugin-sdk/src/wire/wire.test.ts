import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { handshake } from "@portico/protocol";
import { ConfigProviderServiceService } from "@portico/protocol/config-provider";
import { HealthService } from "@portico/protocol/health";
import * as wire from "@portico/protocol/plugin";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LaunchedPlugin, launchPlugin } from "../testing.ts";
import { createBroker } from "./broker.ts";
import { createServiceClient } from "./client.ts";

const fixture = (name: string) => join(import.meta.dirname, "../../fixtures", name);
const kitchenSink = fixture("kitchen-sink.ts");
const withNode = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
const until = (check: () => unknown) => expect.poll(check, { timeout: 5_000, interval: 20 });
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const collect = async <T>(stream: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of stream) all.push(item);
  return all;
};
/** Runs a program to its end. */
async function output(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const text = { stdout: "", stderr: "" };
  child.stdout?.on("data", (data) => {
    text.stdout += data;
  });
  child.stderr?.on("data", (data) => {
    text.stderr += data;
  });
  const [code] = await once(child, "close");
  return { code, ...text };
}

describe("a running plugin", () => {
  let plugin: LaunchedPlugin;
  beforeAll(async () => {
    plugin = await launchPlugin(kitchenSink, { config: { limit: 12, ratio: 0.5, strict: true, names: ["a", "b"], extra: "kept" } });
  });
  afterAll(async () => {
    await plugin.stop();
  });

  test("prints nothing but the handshake to stdout, whatever its code prints", () => {
    expect(plugin.handshake).toMatch(/^1\|1\|unix\|\/.+\|grpc\|$/);
    expect(plugin.logs.join("\n")).toContain("a line printed while the file loads");
    expect(plugin.logs.join("\n")).toContain("a line printed by a handler");
    expect(plugin.logs).toContain('[INFO] ready to cook {"limit":12}');
  });

  test("answers health as `plugin`, and manifest and schema before it is initialized", async () => {
    const channel = async () => plugin.channel;
    expect(await createServiceClient(HealthService, channel).check({ service: "plugin" })).toEqual({ status: 1 });
    const provider = createServiceClient(ConfigProviderServiceService, channel);
    expect(await provider.ping({ timestamp: 5 })).toEqual({ timestamp: 5, healthy: true });
    expect(JSON.parse((await provider.getManifest({})).manifestJson)).toMatchObject({ id: "test.kitchen-sink" });
    expect(JSON.parse((await provider.getConfigSchema({})).schemaJson)).toMatchObject({ properties: { greeting: { default: "hello" } } });
  });

  test("gives its handlers settings with their types and defaults", async () => {
    expect(await plugin.rpc("config")).toEqual({
      greeting: "hello",
      limit: 12,
      ratio: 0.5,
      strict: true,
      names: ["a", "b"],
      hang_at_shutdown: false,
      extra: "kept",
    });
    expect(await plugin.rpc("context")).toEqual({ runtime: "studio", pluginId: 1 });
  });

  test("keeps data through the broker, with expiry, and knows an absent key from an error", async () => {
    expect(await plugin.rpc("store", { key: "a", value: { n: 1 } })).toEqual({ created: true });
    expect(await plugin.rpc("store", { key: "a", value: { n: 2 } })).toEqual({ created: false });
    expect(await plugin.rpc("load", { key: "a" })).toEqual({ value: { n: 2 } });
    expect(await plugin.rpc("erase", { key: "a" })).toEqual({ existed: true });
    expect(await plugin.rpc("erase", { key: "a" })).toEqual({ existed: false });
    expect(await plugin.rpc("load", { key: "a" })).toEqual({});
    await plugin.rpc("store", { key: "short", value: 1, ttlMs: 50 });
    await until(() => plugin.rpc("load", { key: "short" })).toEqual({});
    await expect(plugin.rpc("store", { key: "", value: 1 })).rejects.toThrow("key must have 1 to 255 bytes");
  });

  test("publishes and receives events, and reports rpcs the host does not serve", async () => {
    await plugin.rpc("publish", { topic: "kitchen.done" });
    expect(plugin.published).toContainEqual({ topic: "kitchen.done", payload: { n: 1 } });
    await until(() => {
      plugin.emit("kitchen.order", { dish: "soup" });
      return plugin.kv.entries().order;
    }).toBe('{"dish":"soup"}');
    await expect(plugin.rpc("studio")).rejects.toThrow("UNIMPLEMENTED");
  });

  test("calls onSessionReady once for all sessions, and a session ends by itself at its timeout", async () => {
    const session = await plugin.invoke("openSession", { serviceBrokerId: 1, pluginId: 4, metadata: {}, timeoutMs: 30 });
    expect(session).toEqual({
      success: true,
      errorMessage: "",
      sessionId: "session-4-1",
      closeReason: wire.OpenSessionResponse_CloseReason.TIMEOUT,
    });
    await until(() => plugin.rpc("ready")).toEqual(["ready"]);
  });

  test("turns a thrown hook into a gRPC error and a thrown method into success=false", async () => {
    await expect(plugin.postAuth({ path: "/throw" })).rejects.toMatchObject({ code: 13, details: "the sink overflows" });
    await expect(plugin.rpc("fail")).rejects.toThrow("this method always fails");
    await expect(plugin.rpc("constructor")).rejects.toThrow('This plugin has no method named "constructor".');
    const broken = await plugin.invoke("call", { method: "config", payload: "{", serviceBrokerId: 0 });
    expect(broken).toMatchObject({ success: false, errorMessage: "The arguments of config are not valid JSON." });
  });

  test("learns through ctx.signal that the host's deadline has passed", async () => {
    const call = createServiceClient(wire.PluginServiceService, async () => plugin.channel).processPostAuth;
    const request = wire.EnrichedRequest.fromPartial({ request: { path: "/hang" } });
    await expect(call(request, { timeoutMs: 60 })).rejects.toMatchObject({ code: 4 });
    await until(() => plugin.kv.entries().cancelled).toBe("yes");
  });

  test("streams agent answers and endpoint replies over the wire", async () => {
    const client = createServiceClient(wire.PluginServiceService, async () => plugin.channel);
    const said = await collect(client.handleAgentMessage({ userMessage: "hi" }));
    expect(said.map(({ content, isFinal }) => ({ content, isFinal }))).toEqual([
      { content: "You said: hi", isFinal: false },
      { content: "", isFinal: true },
    ]);
    const chunks = await collect(client.handleEndpointRequestStream({ method: "GET", relativePath: "/hello" }));
    expect(chunks.map(({ type, data }) => [type, data.toString()])).toEqual([
      [0, ""],
      [1, '{"hello":"world"}'],
      [2, ""],
    ]);
  });

  test("survives SIGINT, which a terminal sends to the whole group", async () => {
    plugin.process.kill("SIGINT");
    expect(await plugin.rpc("context")).toMatchObject({ pluginId: 1 });
  });
});

test("a plugin that implements nothing answers every rpc with its default", async () => {
  const plugin = await launchPlugin(fixture("bare.ts"), { runtime: "gateway" });
  const answers: Record<string, unknown> = {};
  for (const [name, method] of Object.entries(wire.PluginServiceService)) {
    if (method.responseStream || ["initialize", "openSession", "closeSession", "shutdown"].includes(name)) continue;
    const request = method.requestDeserialize(Buffer.alloc(0));
    const answer = await plugin.invoke(name as "ping", request as never).catch((error: Error) => error.message);
    answers[name] = answer;
  }
  expect(answers).toMatchObject({
    ping: { healthy: true },
    processPreAuth: { modified: false, block: false },
    authenticate: { authenticated: false },
    processPostAuth: { modified: false, block: false },
    onBeforeWriteHeaders: { modified: false },
    onBeforeWrite: { modified: false },
    onStreamComplete: { handled: false },
    handleProxyLog: { success: true, handled: false },
    handleAnalytics: { success: true, handled: false },
    handleBudgetUsage: { success: true, handled: false },
    getAsset: { success: false },
    listAssets: { success: true, assets: [] },
    getManifest: { success: true },
    call: { success: false },
    portalCall: { success: false },
    getConfigSchema: { success: true, schemaJson: "{}" },
    getObjectHookRegistrations: { registrations: [] },
    handleObjectHook: { allowOperation: true },
    executeScheduledTask: expect.stringContaining("UNIMPLEMENTED"),
    acceptEdgePayload: { success: false, handled: false },
    getEndpointRegistrations: { registrations: [] },
    handleEndpointRequest: { statusCode: 501 },
    getResourceTypeRegistrations: { registrations: [] },
    listResourceInstances: { success: false },
    validateResourceSelection: { valid: true },
  });
  expect((await plugin.stop()).code).toBe(0);
});

test("a plugin ends within two seconds of Controller.Shutdown although its own shutdown hangs", async () => {
  const plugin = await launchPlugin(kitchenSink, { config: { hang_at_shutdown: true } });
  const started = performance.now();
  const { GRPCControllerService } = await import("@portico/protocol/goplugin");
  await createServiceClient(GRPCControllerService, async () => plugin.channel).shutdown({});
  const [code] = await once(plugin.process, "exit");
  expect(code).toBe(0);
  expect(performance.now() - started).toBeLessThan(2_000);
  await plugin.stop();
});

test("a setting that does not fit, or that the plugin refuses, is named when it starts", async () => {
  await expect(launchPlugin(kitchenSink, { config: { limit: "many" } })).rejects.toThrow('Setting "limit" must be integer');
  await expect(launchPlugin(kitchenSink, { config: { limit: 2_000 } })).rejects.toThrow("limit must be at most 1000");
});

test("run by hand, a plugin explains itself and exits with 1", async () => {
  const { [handshake.cookieKey]: _, ...env } = withNode as Record<string, string>;
  const { code, stdout, stderr } = await output(spawn(kitchenSink, [], { env }));
  expect(code).toBe(1);
  expect(stderr).toContain("Kitchen sink 1.2.3 is a Portico plugin");
  expect(stdout).toBe("a line printed while the file loads\n");
});

test("a plugin whose host dies without a word ends too", async () => {
  const script = `const {spawn}=require("node:child_process");const c=spawn(${JSON.stringify(kitchenSink)},[],{stdio:["ignore","pipe","inherit"]});
    c.stdout.once("data",()=>console.log(c.pid));setInterval(()=>{},1e3);`;
  const host = spawn(process.execPath, ["-e", script], { env: { ...withNode, [handshake.cookieKey]: handshake.cookieValue } });
  const [line] = await once(host.stdout, "data");
  const pid = Number(String(line));
  expect(isAlive(pid)).toBe(true);
  host.kill("SIGKILL");
  await until(() => isAlive(pid)).toBe(false);
});

test("a broker id that is announced late or long ago is found; one that never comes is an error", async () => {
  const broker = createBroker();
  const listeners = new Map<string, (info: unknown) => void>();
  broker.service.startStream({ on: (name: string, fn: (info: unknown) => void) => listeners.set(name, fn) } as never);
  const announce = (serviceId: number, address: string) => listeners.get("data")?.({ serviceId, network: "unix", address });
  const waiting = broker.resolve(1);
  announce(1, "/tmp/one");
  expect(await waiting).toBe("unix:/tmp/one");
  expect(await broker.resolve(1, 0)).toBe("unix:/tmp/one");
  await expect(broker.resolve(2, 20)).rejects.toThrow("did not announce its service API (broker id 2) within 20 ms");
});
