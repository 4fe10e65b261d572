import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServerCredentials } from "@grpc/grpc-js";
import { messageOf, withTimeout } from "@portico/core";
import { callToken, directCalls, type PluginRuntime } from "@portico/protocol";
import type { PluginDefinition } from "./definition.ts";
import { createPluginHandlers } from "./service/index.ts";
import { createPluginLogger, createServices, loadServiceApi } from "./services.ts";
import { createBroker } from "./wire/broker.ts";
import { listenForBoth } from "./wire/direct.ts";
import { createPluginServer } from "./wire/server.ts";
import { routeStdoutToStderr, startedByHost, writeHandshake } from "./wire/stdio.ts";

/** A host gives a plugin two seconds from Controller.Shutdown to its exit; the plugin's own shutdown gets most of them. */
const shutdownBudgetMs = 1_500;
const flushMs = 50;
const parentPollMs = 500;

/** Which host runs this process: PLUGIN_RUNTIME when set, else what the gateway's own settings say, else Studio. */
export function runtimeOf(env: NodeJS.ProcessEnv): PluginRuntime {
  if (env.PLUGIN_RUNTIME === "studio" || env.PLUGIN_RUNTIME === "gateway") return env.PLUGIN_RUNTIME;
  if (env.GATEWAY_MODE === "edge" || env.GATEWAY_MODE === "standalone_gateway") return "gateway";
  return env.MICROGATEWAY_MODE === "standalone" ? "gateway" : "studio";
}

/** Short, because the path of a unix socket may have no more than about a hundred characters. */
const socketPath = (env: NodeJS.ProcessEnv) => join(env.PLUGIN_UNIX_SOCKET_DIR || tmpdir(), `plugin${randomBytes(5).toString("hex")}`);

/** Ends the process when its host is gone. A watcher on stdin would not do: hosts may hand on their own. */
function followParent(stop: () => void): void {
  const host = process.ppid;
  setInterval(() => process.ppid !== host && stop(), parentPollMs).unref();
}

/**
 * Serves a plugin to the host that started this process. Plugins whose file is run directly do this by themselves.
 * Without a host it says so on stderr and exits with status 1.
 */
export async function servePlugin<Config>(definition: PluginDefinition<Config>, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const { name, version } = definition.manifest;
  if (!startedByHost(env)) {
    process.stderr.write(
      `${name} ${version} is a Portico plugin: it is started by Studio or a gateway, not by hand.\n` +
        `Install it with the command  file://${process.argv[1] ?? "/path/to/plugin.ts"}\n`,
    );
    process.exit(1);
  }
  routeStdoutToStderr();
  process.on("SIGINT", () => {});
  const logger = createPluginLogger();
  const runtime = runtimeOf(env);
  const token = env[callToken.variable] ?? "";
  // What this plugin starts has no business calling the host in its name.
  delete env[callToken.variable];
  const takesDirectCalls = env[directCalls.variable] === directCalls.handshakeField;
  delete env[directCalls.variable];
  const broker = createBroker();
  const api = await loadServiceApi(runtime);
  const handlers = createPluginHandlers({
    definition,
    runtime,
    createServices: (pluginId) => createServices({ api, broker, logger, pluginId, token }),
  });
  const path = socketPath(env);
  let stopping = false;

  async function stop(exitCode: number): Promise<void> {
    if (stopping) return;
    stopping = true;
    const ended = handlers.shutdown({ timeoutSeconds: 0 }, { signal: AbortSignal.timeout(shutdownBudgetMs) });
    await withTimeout(ended, shutdownBudgetMs, () => new Error("it took too long")).catch((error) =>
      logger.warn("The plugin's shutdown was cut short", { error: messageOf(error) }),
    );
    setTimeout(() => {
      server.forceShutdown();
      process.exit(exitCode);
    }, flushMs);
  }

  const server = createPluginServer({ handlers, broker, onShutdown: () => void stop(0) });
  process.on("SIGTERM", () => void stop(0));
  process.on("exit", () => rmSync(path, { force: true }));
  followParent(() => void stop(0));
  if (takesDirectCalls) await listenForBoth(path, { grpc: server, handlers });
  else
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
    });
  logger.info(`${name} ${version} serves ${runtime}`, { pid: process.pid });
  writeHandshake(path, { multiplexAsked: env.PLUGIN_MULTIPLEX_GRPC === "true", carriesToken: token !== "", takesDirectCalls });
}
