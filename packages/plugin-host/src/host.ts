import { resolve } from "node:path";
import { AppError } from "@portico/core";
import { inspectPlugin } from "./inspect.ts";
import type { InstanceSettings } from "./instance.ts";
import { createConfiner } from "./launch/confinement.ts";
import { createFileLauncher } from "./launch/file.ts";
import { createWatchdog } from "./launch/watchdog.ts";
import { withLinkedSignal } from "./linked-signal.ts";
import { createSupervisor, type Supervisor } from "./supervisor.ts";
import { defaultTimings, type Inspection, type PluginHost, type PluginHostOptions, type RunningPlugin } from "./types.ts";
import { createWaiters } from "./waiters.ts";

/** Stopped plugins whose status and log are still kept. */
const maxStopped = 100;
const maxInspections = 8;

/** Runs plugin processes: one per spec, supervised, each with its own way back to the host's services. */
export function createPluginHost({
  runtime,
  logger,
  services,
  allowedDirs,
  isolation = "auto",
  hiddenDirs = [],
  passEnvironment,
  timings,
  onReady,
  onState = () => {},
}: PluginHostOptions): PluginHost {
  const supervisors = new Map<number, Supervisor>();
  const closing = new AbortController();
  const inspections = new Set<Promise<unknown>>();
  const watchdog = createWatchdog();
  const confiner = createConfiner({
    enabled: isolation !== "off",
    hiddenDirs: hiddenDirs.map((dir) => resolve(dir)),
    sharedDir: async () => (await watchdog.dir()).path,
    nodePath: process.execPath,
  });
  const launcher = createFileLauncher({
    runtime,
    watchdog,
    confiner,
    isolationRequired: isolation === "required",
    passEnvironment,
    allowedDirs,
  });
  const settings: InstanceSettings = { services, onReady, launcher, timings: { ...defaultTimings, ...timings } };
  const waiters = createWaiters();
  const unavailable = (message: string, pluginId?: number) => new AppError({ code: "plugin_unavailable", message, meta: { pluginId } });

  function supervisorOf(id: number): Supervisor {
    let supervisor = supervisors.get(id);
    if (!supervisor) {
      supervisor = createSupervisor({
        id,
        settings,
        logger,
        onState(status) {
          waiters.wake(id);
          onState(status);
        },
      });
      supervisors.set(id, supervisor);
    }
    return supervisor;
  }

  function forgetOldest(): void {
    const stopped = [...supervisors].filter(([, supervisor]) => supervisor.status().state === "stopped");
    for (const [id] of stopped.slice(0, Math.max(0, stopped.length - maxStopped))) supervisors.delete(id);
  }

  async function reconcile(specs: Parameters<PluginHost["reconcile"]>[0]): Promise<void> {
    if (closing.signal.aborted) throw unavailable("The plugin host is closed.");
    const ids = new Set(specs.map(({ id }) => id));
    const gone = [...supervisors].filter(([id]) => !ids.has(id)).map(([, supervisor]) => supervisor.want(null));
    await Promise.all([...gone, ...specs.map((spec) => supervisorOf(spec.id).want(spec))]);
    forgetOldest();
  }

  function requirePlugin(id: number) {
    const supervisor = supervisors.get(id);
    const plugin = supervisor?.running();
    if (plugin) return plugin;
    if (!supervisor) throw unavailable(`Plugin ${id} is not loaded.`, id);
    const { state, error } = supervisor.status();
    throw unavailable(`Plugin ${id} is ${state === "healthy" ? "being stopped" : state}${error === "" ? "." : `: ${error}`}`, id);
  }

  /** Undefined when waiting is pointless. */
  function nextStartMs(id: number): number | undefined {
    const supervisor = supervisors.get(id);
    // The specs that name it may be on their way.
    return supervisor ? supervisor.nextStartMs() : 0;
  }

  async function whenReady(id: number, { timeoutMs, signal }: Parameters<PluginHost["whenReady"]>[1]): Promise<RunningPlugin> {
    const untilMs = performance.now() + timeoutMs;
    for (;;) {
      const plugin = supervisors.get(id)?.running();
      if (plugin) return plugin;
      const startMs = nextStartMs(id);
      if (startMs === undefined || startMs >= untilMs || performance.now() >= untilMs || closing.signal.aborted) return requirePlugin(id);
      if (signal?.aborted) throw unavailable(`Plugin ${id} was waited for until the caller cancelled the call.`, id);
      await waiters.wait(id, untilMs - performance.now(), signal);
    }
  }

  async function inspect(command: string, checksum = ""): Promise<Inspection> {
    if (closing.signal.aborted) throw unavailable("The plugin host is closed.");
    if (inspections.size >= maxInspections)
      throw unavailable(`${maxInspections} plugins are already being inspected; try again in a moment.`);
    const running = withLinkedSignal(closing.signal, (signal) =>
      inspectPlugin({ command, checksum, launcher, handshakeTimeoutMs: settings.timings.handshakeTimeoutMs, signal }),
    );
    inspections.add(running);
    try {
      return await running;
    } finally {
      inspections.delete(running);
    }
  }

  return {
    reconcile,
    get: (id) => supervisors.get(id)?.running(),
    require: requirePlugin,
    whenReady,
    metrics: (id) => supervisors.get(id)?.metrics(),
    statuses: () => [...supervisors.values()].map((supervisor) => supervisor.status()),
    status: (id) => supervisors.get(id)?.status(),
    logs: (id, afterSeq = 0) => supervisors.get(id)?.ring.after(afterSeq) ?? [],
    note: (id, level, text) => supervisors.get(id)?.ring.add("host", level, text),
    inspect,
    codeHash: launcher.codeHash,
    async close() {
      closing.abort();
      waiters.wakeAll();
      await Promise.all([...supervisors.values()].map((supervisor) => supervisor.want(null)));
      await Promise.allSettled(inspections);
      await watchdog.close();
    },
  };
}
