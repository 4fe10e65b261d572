import { AppError, messageOf, sleep, withTimeout } from "@portico/core";
import { PluginServiceService } from "@portico/protocol/plugin";
import { isUnimplemented } from "./call-errors.ts";
import type { CallMetrics } from "./call-metrics.ts";
import { type Calls, createCalls } from "./calls.ts";
import { stringifyConfig } from "./config.ts";
import { type Connection, connectPlugin } from "./connection.ts";
import type { HotClient } from "./hot-client.ts";
import type { Launched, Launcher, ProcessInfo } from "./launch/launcher.ts";
import type { LogRing } from "./logs.ts";
import { holdSession } from "./session.ts";
import type { CallOptions, PluginHostOptions, PluginSpec, RunningPlugin, Timings } from "./types.ts";

/** What every instance of a host needs. */
export type InstanceSettings = Pick<PluginHostOptions, "services" | "onReady"> & { timings: Timings; launcher: Launcher };

/** One process from its start to its end. */
export type PluginInstance = {
  readonly plugin: RunningPlugin;
  readonly process: ProcessInfo;
  readonly bornAtMs: number;
  /** What it runs with. */
  spec(): PluginSpec;
  /** For what can change without a new process, such as the name. */
  updateSpec(spec: PluginSpec): void;
  readonly lastPingAt: () => Date | null;
  /** False from when calls wait and a ping is not answered, until one is. */
  isResponsive(): boolean;
  /** Resolves with the reason when the process exited or stopped answering pings; never rejects. */
  readonly ended: Promise<string>;
  /** Lets calls in flight finish, then stops it. Calls are admitted meanwhile, for callers that were handed it a moment ago. */
  retire(): Promise<void>;
  /** Orderly stop within a bound; at once when the process is gone or does not answer anyway. Idempotent; cuts `retire` short. */
  stop(): Promise<void>;
};

/**
 * Starts a process and brings it to the point where it may be called.
 * @throws AppError with the reason; no process is left then.
 */
export async function startInstance({
  spec: given,
  ring,
  signal,
  settings: { services, onReady, timings, launcher },
  metrics,
  onResponsive,
}: {
  spec: PluginSpec;
  ring: LogRing;
  signal: AbortSignal;
  settings: InstanceSettings;
  metrics: CallMetrics;
  /** Whenever `isResponsive` has changed. */
  onResponsive: () => void;
}): Promise<PluginInstance> {
  const bornAtMs = performance.now();
  let spec = given;
  const { id, name } = spec;
  const launched = await launcher.launch(spec, { ring, handshakeTimeoutMs: timings.handshakeTimeoutMs }, signal);
  let connection: Connection | undefined;
  const ending = new AbortController();
  // Every step below fails at once when the process dies or the start is called off.
  const interrupted = new Promise<never>((_, reject) => {
    launched.exited.then((reason) => {
      const message = [reason, launched.diagnose()].filter(Boolean).join(" ");
      reject(new AppError({ code: "plugin_failed", message }));
    });
    const abort = () => reject(new AppError({ code: "plugin_unavailable", message: "The plugin was stopped while it started." }));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
  });
  interrupted.catch(() => {});
  try {
    connection = await connectPlugin({ launched, name, services: services(id), announceEveryMs: timings.announceEveryMs, ring });
    await Promise.race([initialize(connection, spec, timings, signal), interrupted]);
    const session = { client: connection.client, broker: connection.broker, pluginId: id, signal: ending.signal };
    void holdSession({ ...session, sessionTimeoutMs: timings.sessionTimeoutMs, retryMs: timings.sessionRetryMs });
    const calls = createCalls({ id, name: () => spec.name, connection, metrics, timings });
    const plugin: RunningPlugin = {
      id,
      get spec() {
        return spec;
      },
      brokerId: connection.broker.id,
      call: calls.call,
      stream: calls.stream,
    };
    if (onReady) {
      const late = () =>
        new AppError({ code: "plugin_timeout", message: `The plugin was not made ready within ${timings.readyTimeoutMs / 1000} s.` });
      await withTimeout(Promise.race([onReady(plugin), interrupted]), timings.readyTimeoutMs, late);
    }
    return {
      plugin,
      process: launched.process,
      bornAtMs,
      spec: () => spec,
      updateSpec(next) {
        spec = next;
      },
      ...superviseProcess({ launched, connection, calls, ending, timings, ring, onResponsive }),
    };
  } catch (error) {
    ending.abort();
    await connection?.close();
    await launched.kill();
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

/** @throws AppError when it does not answer or says it is not healthy; a plugin that has no Ping at all lives as long as it answers. */
async function ping(client: HotClient, options: CallOptions): Promise<void> {
  try {
    const { healthy } = await client.unary(PluginServiceService.ping, { timestamp: Math.floor(Date.now() / 1000) }, options);
    if (!healthy) throw new AppError({ code: "plugin_failed", message: "it says that it is not healthy" });
  } catch (error) {
    if (!isUnimplemented(error)) throw error;
  }
}

/** Watches a process that is ready and brings it to its end. */
function superviseProcess({
  launched,
  connection,
  calls,
  ending,
  timings,
  ring,
  onResponsive,
}: {
  launched: Launched;
  connection: Connection;
  calls: Calls;
  ending: AbortController;
  timings: Timings;
  ring: LogRing;
  onResponsive: () => void;
}): Pick<PluginInstance, "lastPingAt" | "isResponsive" | "ended" | "retire" | "stop"> {
  const { client, broker } = connection;
  let lastPingAt: Date | null = null;
  let responsive = true;
  let exited = false;
  const gone = launched.exited.then((reason) => {
    exited = true;
    calls.refuse("its process has exited.");
    return reason;
  });

  function setResponsive(next: boolean): void {
    if (responsive === next || ending.signal.aborted) return;
    responsive = next;
    onResponsive();
  }

  async function watchedPing(): Promise<void> {
    const unanswered = setTimeout(() => {
      if (calls.waitingMs(performance.now()) > 0) setResponsive(false);
    }, timings.unresponsiveAfterMs);
    try {
      await ping(client, { timeoutMs: timings.pingTimeoutMs, signal: ending.signal });
    } finally {
      clearTimeout(unanswered);
    }
    calls.answered(performance.now());
    setResponsive(true);
  }

  async function untilPingsMissed(): Promise<string> {
    const { pingIntervalMs, pingMisses, hangAfterMs } = timings;
    let missed = 0;
    let dueMs = performance.now() + pingIntervalMs;
    while (missed < pingMisses) {
      const leftMs = Math.max(0, dueMs - performance.now());
      await sleep(Math.min(leftMs, hangAfterMs / 2), ending.signal);
      if (ending.signal.aborted) return "The plugin was stopped.";
      const nowMs = performance.now();
      if (nowMs < dueMs && calls.waitingMs(nowMs) < hangAfterMs) continue;
      dueMs = nowMs + pingIntervalMs;
      try {
        await watchedPing();
        missed = 0;
        lastPingAt = new Date();
      } catch (error) {
        missed += 1;
        dueMs = performance.now() + pingIntervalMs;
        if (!ending.signal.aborted) ring.add("host", "warn", `Ping ${missed} of ${pingMisses} missed: ${messageOf(error)}`);
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
  async function shutDown(drainTimeoutMs: number, signal: AbortSignal): Promise<void> {
    const quiet = () => {};
    const closeSession = client
      .unary(PluginServiceService.closeSession, { reason: "unload" }, { timeoutMs: timings.closeSessionTimeoutMs })
      .catch(quiet);
    await Promise.all([closeSession, calls.drained(drainTimeoutMs, signal)]);
    ending.abort();
    const request = { timeoutSeconds: Math.ceil(timings.shutdownTimeoutMs / 1000) };
    await client.unary(PluginServiceService.shutdown, request, { timeoutMs: timings.shutdownTimeoutMs + 1000 }).catch(quiet);
    await broker.close();
    await connection.endProcess(timings.exitGraceMs);
    await sleep(timings.exitGraceMs, signal);
  }

  async function end(drainTimeoutMs: number): Promise<void> {
    calls.refuse("it is being stopped.");
    const left = new AbortController();
    try {
      if (!exited && !hung && responsive) await Promise.race([shutDown(drainTimeoutMs, left.signal), gone]);
      ending.abort();
      await connection.close();
    } finally {
      left.abort();
      await launched.kill();
    }
  }

  let stopping: Promise<void> | undefined;
  const hurry = new AbortController();
  function stop(drainTimeoutMs = timings.drainTimeoutMs): Promise<void> {
    hurry.abort();
    stopping ??= end(drainTimeoutMs);
    return stopping;
  }

  return {
    lastPingAt: () => lastPingAt,
    isResponsive: () => responsive,
    ended,
    async retire() {
      await calls.drained(timings.drainTimeoutMs, hurry.signal);
      await stop(0);
    },
    stop: () => stop(),
  };
}
