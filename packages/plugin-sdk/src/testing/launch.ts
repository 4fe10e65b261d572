import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { type Client, credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { withTimeout } from "@portico/core";
import { handshake, type PluginRuntime } from "@portico/protocol";
import { MicrogatewayManagementServiceService } from "@portico/protocol/gateway-management";
import { GRPCBrokerClient, GRPCControllerService, GRPCStdioService } from "@portico/protocol/goplugin";
import { PluginServiceService } from "@portico/protocol/plugin";
import { PluginEventServiceService } from "@portico/protocol/plugin-events";
import { AIStudioManagementServiceService } from "@portico/protocol/studio-management";
import { createServiceClient, openChannel } from "../wire/client.ts";
import { configStrings, createDriver, type Invoke, type PluginDriver } from "./driver.ts";
import { createHostServices } from "./host-services.ts";
import { createTestKv, type TestKv } from "./kv.ts";

const brokerId = 1;

/** A plugin that runs as a process of its own, initialized over the real wire. */
export type LaunchedPlugin = PluginDriver & {
  kv: TestKv;
  process: ChildProcess;
  /** What it wrote to stderr, line by line. */
  logs: string[];
  /** The handshake line. */
  handshake: string;
  published: { topic: string; payload: unknown }[];
  /** Delivers an event to its subscriptions. */
  emit(topic: string, payload: unknown): void;
  /** The connection, for services the driver does not cover. */
  channel: Client;
  /** Ends it as a host does; answers the exit code and how long it took. Kills it after five seconds. */
  stop(): Promise<{ code: number | null; tookMs: number }>;
};

/** Settings of a launch. */
export type LaunchOptions = {
  config?: Record<string, unknown>;
  runtime?: PluginRuntime;
  kv?: TestKv;
  env?: Record<string, string>;
};

function spawnPlugin(executable: string, runtime: PluginRuntime, env: Record<string, string>): ChildProcess {
  return spawn(executable, [], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      // The Node that runs the test also runs the plugin's `#!/usr/bin/env node`.
      PATH: [dirname(process.execPath), process.env.PATH ?? ""].join(delimiter),
      [handshake.cookieKey]: handshake.cookieValue,
      PLUGIN_PROTOCOL_VERSIONS: String(handshake.appProtocol),
      PLUGIN_RUNTIME: runtime,
      ...env,
    },
  });
}

/** The first line of stdout; rejects with what was said on stderr when the process ends before. */
function readHandshake(child: ChildProcess, logs: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stderr) createInterface(child.stderr).on("line", (line) => logs.push(line));
    if (child.stdout) createInterface(child.stdout).on("line", resolve);
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`The plugin ended with ${code} before its handshake:\n${logs.join("\n")}`)));
  });
}

async function serveBrokered(kv: TestKv, runtime: PluginRuntime, folder: string) {
  const host = createHostServices(kv);
  const server = new Server();
  server.addService(runtime === "studio" ? AIStudioManagementServiceService : MicrogatewayManagementServiceService, host.management);
  server.addService(PluginEventServiceService, host.eventService);
  const address = join(folder, "host");
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${address}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
  );
  return { ...host, server, address };
}

/**
 * Starts a plugin's executable the way Studio or a gateway does: cookie, handshake, broker with a service API (key-value
 * store and events), Initialize, session. Rejects with the plugin's own words when it does not start.
 */
export async function launchPlugin(
  executable: string,
  { config = {}, runtime = "studio", kv = createTestKv(), env = {} }: LaunchOptions = {},
): Promise<LaunchedPlugin> {
  const folder = mkdtempSync(join(tmpdir(), "pp-"));
  const logs: string[] = [];
  const child = spawnPlugin(executable, runtime, { PLUGIN_UNIX_SOCKET_DIR: folder, ...env });
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const host = await serveBrokered(kv, runtime, folder);
  let channel: Client | undefined;
  let broker: GRPCBrokerClient | undefined;
  const discard = async () => {
    broker?.close();
    channel?.close();
    host.server.forceShutdown();
    child.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    const line = await withTimeout(readHandshake(child, logs), 20_000, () => new Error(`No handshake in 20 s:\n${logs.join("\n")}`));
    const [, , network, address] = line.split("|");
    const target = network === "unix" ? `unix:${address}` : (address ?? "");
    channel = openChannel(target);
    const connected = async () => channel as Client;
    broker = new GRPCBrokerClient(target, credentials.createInsecure(), { "grpc.default_authority": "localhost" });
    const stream = broker.startStream();
    stream.on("error", () => {});
    stream.write({ serviceId: brokerId, network: "unix", address: host.address, knock: undefined });
    void drain(createServiceClient(GRPCStdioService, connected).streamStdio({}));

    const plugin = createServiceClient(PluginServiceService, connected);
    const invoke = ((method, request) => plugin[method](request as never) as never) as Invoke;
    const initialized = await invoke("initialize", {
      config: { ...configStrings(config), plugin_id: "1", has_service_api: "true", service_broker_id: String(brokerId) },
    });
    if (!initialized.success) throw new Error(initialized.errorMessage);
    // Lives as long as the plugin: it is answered when the session closes.
    invoke("openSession", { serviceBrokerId: brokerId, pluginId: 1, metadata: {}, timeoutMs: 3_600_000 }).catch(() => {});
    const controller = createServiceClient(GRPCControllerService, connected);

    return {
      ...createDriver(invoke),
      kv,
      logs,
      channel,
      process: child,
      handshake: line,
      published: host.published,
      emit: host.emit,
      async stop() {
        const startedAt = performance.now();
        await invoke("closeSession", { reason: "plugin_unload" }).catch(() => {});
        await invoke("shutdown", { timeoutSeconds: 5 }).catch(() => {});
        await controller.shutdown({}).catch(() => {});
        const code = await withTimeout(exited, 5_000, () => new Error("The plugin did not end.")).catch(() => null);
        const tookMs = performance.now() - startedAt;
        await discard();
        return { code, tookMs };
      },
    };
  } catch (error) {
    await discard();
    throw error;
  }
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of stream) {
      // Nothing to keep: hosts only must not let it stall.
    }
  } catch {
    // Ends with the plugin.
  }
}
