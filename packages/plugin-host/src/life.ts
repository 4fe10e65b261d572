import { AppError, messageOf, sleep, withTimeout } from "@portico/core";
import { PluginServiceService } from "@portico/protocol/plugin";
import { resolveCommand } from "./command.ts";
import { stringifyConfig } from "./config.ts";
import { type Connection, connectPlugin } from "./connection.ts";
import { type HotClient, isUnimplemented, type UnaryMethod } from "./hot-client.ts";
import type { LogRing } from "./logs.ts";
import { holdSession } from "./session.ts";
import { type PluginProcess, type SpawnSettings, spawnPlugin } from "./spawn.ts";
import type { CallOptions, PluginHostOptions, PluginSpec, RunningPlugin, Timings } from "./types.ts";

const maxCallsInFlight = 256;

/** What every process of a host needs. */
export type Surroundings = Pick<PluginHostOptions, "services" | "allowedDirs" | "onReady"> & {
  timings: Timings;
  spawn: SpawnSettings;
};

/** One process from its start to its end. */
export type Life = {
  readonly plugin: RunningPlugin;
  readonly process: Pick<PluginProcess, "pid" | "codeHash" | "isolation" | "note">;
  readonly lastPingAt: () => Date | null;
  /** Resolves with the reason when the process exited or stopped answering pings; never rejects. */
  readonly ended: Promise<string>;
  /** Orderly stop within a bound; at once when the process is gone or does not answer anyway. Idempotent. */
  stop(): Promise<void>;
};

/**
 * Starts a process and brings it to the point where it may be called.
 * @throws AppError with the reason; no process is left then.
 */
export async function startLife({
  spec,
  ring,
  signal,
  around,
}: {
  spec: () => PluginSpec;
  ring: LogRing;
  signal: AbortSignal;
  around: Surroundings;
}): Promise<Life> {
  const { timings } = around;
  const { id, name, command, checksum, codeHash, dev, config } = spec();
  const path = await resolveCommand(command, around.allowedDirs);
  const process = await spawnPlugin(
    { path, checksum, codeHash, dev },
    { settings: around.spawn, ring, handshakeTimeoutMs: timings.handshakeTimeoutMs, signal },
  );
  let connection: Connection | undefined;
  const ending = new AbortController();
  // Every step below fails at once when the process dies or the start is called off.
  const interrupted = new Promise<never>((_, reject) => {
    process.exited.then((reason) => reject(new AppError({ code: "plugin_failed", message: reason })));
    signal.addEventListener(
      "abort",
      () => reject(new AppError({ code: "plugin_unavailable", message: "The plugin was stopped while it started." })),
      {
        once: true,
      },
    );
  });
  interrupted.catch(() => {});
  try {
    connection = await connectPlugin({ process, name, services: around.services(id), announceEveryMs: timings.announceEveryMs, ring });
    await Promise.race([initialize(connection, { id, config }, timings, signal), interrupted]);
    const session = { client: connection.client, broker: connection.broker, pluginId: id, signal: ending.signal };
    void holdSession({ ...session, sessionTimeoutMs: timings.sessionTimeoutMs, retryMs: timings.sessionRetryMs });
    const calls = createCalls({ id, spec, connection });
    if (around.onReady) {
      const late = () =>
        new AppError({ code: "plugin_timeout", message: `The plugin was not made ready within ${timings.readyTimeoutMs / 1000} s.` });
      await withTimeout(Promise.race([around.onReady(calls.plugin), interrupted]), timings.readyTimeoutMs, late);
    }
    return aLife({ process, connection, calls, ending, timings, ring });
  } catch (error) {
    ending.abort();
    await connection?.close();
    await process.kill();
    throw error;
  }
}

async function initialize(
  { client, broker }: Connection,
  { id, config }: Pick<PluginSpec, "id" | "config">,
  timings: Timings,
  signal: AbortSignal,
): Promise<void> {
  broker.announce();
  const request = {
    config: {
      ...stringifyConfig(config),
      // Both spellings: plugins written for the control plane look for one, those for an edge for the other.
      plugin_id: String(id),
      _plugin_id: String(id),
      service_broker_id: String(broker.id),
      _service_broker_id: String(broker.id),
      has_service_api: "true",
    },
  };
  const { success, errorMessage } = await client.unary(PluginServiceService.initialize, request, {
    timeoutMs: timings.initializeTimeoutMs,
    signal,
  });
  if (!success) {
    const message = errorMessage.slice(0, 1000) || "The plugin refused to initialize and gave no reason.";
    throw new AppError({ code: "plugin_failed", message, meta: { refused: true } });
  }
}

/** False when the plugin says it is not well; one that knows no Ping at all lives as long as it answers. */
async function ping(client: HotClient, options: CallOptions): Promise<boolean> {
  try {
    return (await client.unary(PluginServiceService.ping, { timestamp: Math.floor(Date.now() / 1000) }, options)).healthy;
  } catch (error) {
    if (isUnimplemented(error)) return true;
    throw error;
  }
}

type Calls = { plugin: RunningPlugin; refuse(why: string): void; drained(timeoutMs: number, signal: AbortSignal): Promise<void> };

function createCalls({ id, spec, connection }: { id: number; spec: () => PluginSpec; connection: Connection }): Calls {
  let inFlight = 0;
  let refused = "";
  let onIdle: (() => void) | undefined;
  const unavailable = (why: string) =>
    new AppError({ code: "plugin_unavailable", message: `Plugin ${spec().name} is not available: ${why}`, meta: { pluginId: id } });

  const plugin: RunningPlugin = {
    id,
    get spec() {
      return spec();
    },
    brokerId: connection.broker.id,
    streams: connection.streams,
    async call(method, request, options) {
      if (refused !== "") throw unavailable(refused);
      if (inFlight >= maxCallsInFlight) throw unavailable(`${maxCallsInFlight} calls are already in flight.`);
      inFlight += 1;
      try {
        connection.broker.announce();
        return await connection.client.unary(unaryMethod(method), request, options);
      } finally {
        inFlight -= 1;
        if (inFlight === 0) onIdle?.();
      }
    },
  };
  return {
    plugin,
    refuse(why) {
      refused = why;
    },
    async drained(timeoutMs, signal) {
      if (inFlight === 0) return;
      const idle = new Promise<void>((resolve) => {
        onIdle = resolve;
      });
      await Promise.race([idle, sleep(timeoutMs, signal)]);
    },
  };
}

/** The generated definition under one name; its request and response types belong together, which an index type cannot say. */
function unaryMethod<Request, Response>(method: keyof typeof PluginServiceService): UnaryMethod<Request, Response> {
  return PluginServiceService[method] as unknown as UnaryMethod<Request, Response>;
}

function aLife({
  process,
  connection,
  calls,
  ending,
  timings,
  ring,
}: {
  process: PluginProcess;
  connection: Connection;
  calls: Calls;
  ending: AbortController;
  timings: Timings;
  ring: LogRing;
}): Life {
  const { client, broker } = connection;
  let lastPingAt: Date | null = null;
  let exited = false;
  const gone = process.exited.then((reason) => {
    exited = true;
    calls.refuse("its process has exited.");
    return reason;
  });

  async function untilPingsMissed(): Promise<string> {
    let missed = 0;
    while (missed < timings.pingMisses) {
      await sleep(timings.pingIntervalMs, ending.signal);
      if (ending.signal.aborted) return "The plugin was stopped.";
      try {
        const options = { timeoutMs: timings.pingTimeoutMs, signal: ending.signal };
        if (!(await ping(client, options))) throw new AppError({ code: "plugin_failed", message: "it says that it is not healthy" });
        missed = 0;
        lastPingAt = new Date();
      } catch (error) {
        missed += 1;
        if (!ending.signal.aborted) ring.add("host", "warn", `Ping ${missed} of ${timings.pingMisses} missed: ${messageOf(error)}`);
      }
    }
    return `The plugin missed ${missed} pings in a row.`;
  }
  let hung = false;
  const missed = untilPingsMissed().then((reason) => {
    hung = !ending.signal.aborted;
    return reason;
  });
  const ended = Promise.race([gone, missed]);

  /** Asks nicely, step by step; each step has its own bound and none may prevent the next. */
  async function farewell(signal: AbortSignal): Promise<void> {
    const quiet = () => {};
    const closeSession = client
      .unary(PluginServiceService.closeSession, { reason: "unload" }, { timeoutMs: timings.closeSessionTimeoutMs })
      .catch(quiet);
    await Promise.all([closeSession, calls.drained(timings.drainTimeoutMs, signal)]);
    ending.abort();
    const request = { timeoutSeconds: Math.ceil(timings.shutdownTimeoutMs / 1000) };
    await client.unary(PluginServiceService.shutdown, request, { timeoutMs: timings.shutdownTimeoutMs + 1000 }).catch(quiet);
    await broker.close();
    await connection.endProcess(timings.exitGraceMs);
    await sleep(timings.exitGraceMs, signal);
  }

  async function stop(): Promise<void> {
    calls.refuse("it is being stopped.");
    const left = new AbortController();
    try {
      if (!exited && !hung) await Promise.race([farewell(left.signal), gone]);
      ending.abort();
      await connection.close();
    } finally {
      left.abort();
      await process.kill();
    }
  }

  let stopping: Promise<void> | undefined;
  return {
    plugin: calls.plugin,
    process,
    lastPingAt: () => lastPingAt,
    ended,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}
