import { resolve } from "node:path";
import { AppError } from "@portico/core";
import { codeHashOf } from "./code.ts";
import { resolveCommand } from "./command.ts";
import { createConfiner } from "./confinement.ts";
import { inspectPlugin } from "./inspect.ts";
import type { Surroundings } from "./life.ts";
import { createSupervisor, type Supervisor } from "./supervise.ts";
import { defaultTimings, type Inspection, type PluginHost, type PluginHostOptions } from "./types.ts";
import { under } from "./under.ts";
import { createWatchdog } from "./watchdog.ts";

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
  const around: Surroundings = {
    services,
    allowedDirs,
    onReady,
    spawn: { runtime, watchdog, confiner, isolationRequired: isolation === "required", passEnvironment },
    timings: { ...defaultTimings, ...timings },
  };
  const unavailable = (message: string, pluginId?: number) => new AppError({ code: "plugin_unavailable", message, meta: { pluginId } });

  function supervisorOf(id: number): Supervisor {
    let supervisor = supervisors.get(id);
    if (!supervisor) {
      supervisor = createSupervisor({ id, around, logger, onState });
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
    throw unavailable(`Plugin ${id} is ${state === "healthy" ? "restarting" : state}${error === "" ? "." : `: ${error}`}`, id);
  }

  async function inspect(command: string, checksum = ""): Promise<Inspection> {
    if (closing.signal.aborted) throw unavailable("The plugin host is closed.");
    if (inspections.size >= maxInspections)
      throw unavailable(`${maxInspections} plugins are already being inspected; try again in a moment.`);
    const running = under(closing.signal, (signal) => inspectPlugin({ command, checksum, around, signal }));
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
    statuses: () => [...supervisors.values()].map((supervisor) => supervisor.status()),
    status: (id) => supervisors.get(id)?.status(),
    logs: (id, afterSeq = 0) => supervisors.get(id)?.ring.after(afterSeq) ?? [],
    inspect,
    codeHash: async (command) => codeHashOf(await resolveCommand(command, allowedDirs)),
    async close() {
      closing.abort();
      await Promise.all([...supervisors.values()].map((supervisor) => supervisor.want(null)));
      await Promise.allSettled(inspections);
      await watchdog.close();
    },
  };
}
