import { isDeepStrictEqual } from "node:util";
import { AppError, backoffMs, messageOf, sleep } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { createCallMetrics } from "./call-metrics.ts";
import { type InstanceSettings, type PluginInstance, startInstance } from "./instance.ts";
import { withLinkedSignal } from "./linked-signal.ts";
import { createLogRing, type LogRing } from "./logs.ts";
import type { PluginSpec, PluginState, PluginStatus, RpcMetrics, RunningPlugin } from "./types.ts";

export type Supervisor = {
  /** Sets what should run; null stops it. Settles after the first attempt at it, whatever came of that. */
  want(spec: PluginSpec | null): Promise<void>;
  running(): RunningPlugin | undefined;
  status(): PluginStatus;
  /** When a plugin without a healthy process is started next, as `performance.now()`; undefined when it is not going to be. */
  nextStartMs(): number | undefined;
  metrics(): Record<string, RpcMetrics>;
  readonly ring: LogRing;
};

/** Why a start failed; `refused` means that trying again soon is pointless. */
type Failure = { why: string; refused: boolean };
type Attempt = { instance: PluginInstance; failure: undefined } | { instance: undefined; failure: Failure };

const needsNewProcess = (a: PluginSpec, b: PluginSpec): boolean =>
  a.command !== b.command ||
  a.checksum !== b.checksum ||
  (a.dev ?? false) !== (b.dev ?? false) ||
  a.generation !== b.generation ||
  !isDeepStrictEqual(a.config, b.config);

const changedCode = (a: PluginSpec, b: PluginSpec): boolean => (a.codeHash ?? "") !== (b.codeHash ?? "");

/** An approval of the code that runs already is no reason to replace it. */
const runsOtherCode = ({ codeHash, dev }: PluginSpec, instance: PluginInstance | undefined): boolean =>
  Boolean(codeHash) && !dev && instance?.process.codeHash !== codeHash;

const isUpToDate = (instance: PluginInstance, spec: PluginSpec): boolean =>
  !needsNewProcess(instance.spec(), spec) && !(changedCode(instance.spec(), spec) && runsOtherCode(spec, instance));

/** False for code that the new spec no longer accepts: it may run until its successor was tried, but does not stay in its place. */
const mayStay = (instance: PluginInstance, spec: PluginSpec): boolean =>
  !runsOtherCode(spec, instance) && (spec.checksum === "" || spec.checksum === instance.spec().checksum);

/** Keeps one plugin in the wanted state: starts it, replaces it on a change, a crash or a hang, and stops it. */
export function createSupervisor({
  id,
  settings,
  logger,
  onState,
}: {
  id: number;
  settings: InstanceSettings;
  logger: Logger;
  onState: (status: PluginStatus) => void;
}): Supervisor {
  const { timings, launcher } = settings;
  const ring = createLogRing(({ stream, level, text }) =>
    logger.debug("plugin output", { pluginId: id, stream, outputLevel: level, text }),
  );
  const metrics = createCallMetrics();

  let wanted: PluginSpec | null = null;
  /** Aborted when `wanted` changes: ends the start of a candidate. */
  let change = new AbortController();
  /** From a change of `wanted` to the end of the first attempt at it. */
  let pending = false;
  const waiting: (() => void)[] = [];
  let looping = false;
  /** Ends the pause of the loop. */
  let wake = new AbortController();

  /** The process that calls go to. */
  let current: PluginInstance | undefined;
  /** A process has become healthy with these settings; they are used again when later ones cannot be. */
  let proven: PluginSpec | undefined;
  /** The predecessor of `current`, and what has crashed; `retired` settles when nothing of them is left. */
  const leaving = new Set<PluginInstance>();
  let retired: Promise<void> = Promise.resolve();

  let state: PluginState = "stopped";
  let error = "";
  let generation = 0;
  let restarts = 0;
  let crashes = 0;
  let nextStartMs = 0;
  let startedAt: Date | null = null;

  const status = (): PluginStatus => ({
    id,
    state,
    error,
    isChanging: pending && current !== undefined,
    restarts,
    startedAt,
    lastPingAt: current?.lastPingAt() ?? null,
    pid: current?.process.pid ?? null,
    isolation: current?.process.isolation ?? null,
    note: current?.process.note ?? "",
    generation,
  });

  function enter(next: PluginState, why = ""): void {
    state = next;
    error = why;
    const isKept = next === "healthy" && why !== "";
    const what = isKept ? "The change was not applied, the plugin runs on as before" : `The plugin is ${next}`;
    ring.add("host", why === "" ? "info" : "error", why === "" ? `${what}.` : `${what}: ${why}`);
    logger[why === "" ? "info" : "warn"](isKept ? "plugin change not applied" : `plugin ${next}`, {
      pluginId: id,
      ...(why === "" ? {} : { reason: why }),
    });
    try {
      onState(status());
    } catch (thrown) {
      logger.error("a listener of plugin states failed", { pluginId: id, error: thrown });
    }
  }

  function settle(): void {
    pending = false;
    generation = wanted?.generation ?? generation;
    for (const resolve of waiting.splice(0)) resolve();
  }

  function clearAway(instance: PluginInstance, how: "retire" | "stop"): void {
    leaving.add(instance);
    const cleared = instance[how]()
      .catch((thrown) => logger.error("a plugin did not stop cleanly", { pluginId: id, error: thrown }))
      .finally(() => leaving.delete(instance));
    retired = Promise.all([retired, cleared]).then(() => {});
  }

  function scheduleStart(refused: boolean): { isFailed: boolean } {
    const isFailed = refused || crashes >= timings.crashesUntilFailed;
    const { restartBaseMs: baseMs, restartCapMs: capMs } = timings;
    nextStartMs = performance.now() + backoffMs(isFailed ? 0 : crashes - 1, { baseMs: isFailed ? capMs : baseMs, capMs });
    return { isFailed };
  }

  /** A process that was healthy does not work any more. */
  function noteCrash(instance: PluginInstance, why: string): void {
    crashes = performance.now() - instance.bornAtMs >= timings.healthyAfterMs ? 1 : crashes + 1;
    // The first attempt at a change does not wait for what becomes of the process before it.
    const { isFailed } = pending ? { isFailed: false } : scheduleStart(false);
    enter(isFailed ? "failed" : "unhealthy", why);
    wake.abort();
  }

  function promote(instance: PluginInstance, failure: Failure | undefined): void {
    const previous = current;
    current = instance;
    proven = instance.spec();
    startedAt = new Date();
    if (previous) clearAway(previous, "retire");
    const { note } = instance.process;
    if (note !== "") logger.warn("a plugin is not isolated", { pluginId: id, reason: note });
    enter("healthy", failure?.why ?? "");
    void instance.ended.then((why) => {
      if (current !== instance) return;
      current = undefined;
      clearAway(instance, "stop");
      noteCrash(instance, why);
    });
  }

  async function start(spec: PluginSpec, signal: AbortSignal): Promise<Attempt> {
    let instance: PluginInstance | undefined;
    const onResponsive = () => {
      if (instance === undefined || current !== instance || wanted === null) return;
      if (!instance.isResponsive()) return noteCrash(instance, "The plugin is not responding.");
      enter("healthy");
      wake.abort();
    };
    try {
      instance = await withLinkedSignal(signal, (own) => startInstance({ spec, ring, signal: own, settings, metrics, onResponsive }));
      return { instance, failure: undefined };
    } catch (thrown) {
      const refused = thrown instanceof AppError && (thrown.code === "plugin_invalid" || thrown.meta.refused === true);
      return { instance: undefined, failure: { why: messageOf(thrown), refused } };
    }
  }

  /** Settings that worked before, unless they are the ones wanted or run code that is not accepted any more. */
  function fallbackFor(spec: PluginSpec): PluginSpec | undefined {
    if (proven === undefined || !needsNewProcess(proven, spec)) return undefined;
    if (spec.checksum !== "" && spec.checksum !== proven.checksum) return undefined;
    return { ...proven, codeHash: spec.codeHash, dev: spec.dev };
  }

  /** Starts a candidate and puts it in place of the current process once it is healthy. */
  async function attempt(spec: PluginSpec, signal: AbortSignal): Promise<void> {
    // However quickly changes follow one another: at most one process besides the current one.
    await retired;
    if (signal.aborted) return;
    let { instance, failure } = await start(spec, signal);
    const fallback = failure && !signal.aborted && !current ? fallbackFor(spec) : undefined;
    if (fallback) ({ instance } = await start(fallback, signal));
    if (signal.aborted) {
      if (instance) clearAway(instance, "stop");
      return;
    }
    if (instance && !failure) {
      promote(instance, undefined);
      settle();
      return;
    }
    const { why, refused } = failure ?? { why: "", refused: false };
    crashes += 1;
    const { isFailed } = scheduleStart(refused);
    if (instance) promote(instance, failure);
    else if (current && mayStay(current, spec)) {
      if (current.isResponsive()) enter("healthy", why);
    } else {
      if (current) clearAway(current, "stop");
      current = undefined;
      await retired;
      if (signal.aborted) return;
      enter(isFailed ? "failed" : "unhealthy", why);
    }
    settle();
  }

  /** Until the next start is due, something happens, or the file of the plugin was replaced. */
  async function pause(spec: PluginSpec, fingerprint: string): Promise<void> {
    const { signal } = wake;
    while (!signal.aborted) {
      const leftMs = nextStartMs - performance.now();
      if (leftMs <= 0) return;
      await sleep(Math.min(leftMs, timings.fileCheckMs), signal);
      if ((await launcher.fingerprint(spec.command)) === fingerprint) continue;
      nextStartMs = 0;
      crashes = 0;
      return;
    }
  }

  const woken = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });

  async function stopAll(): Promise<void> {
    if (current) clearAway(current, "stop");
    for (const instance of leaving) instance.stop().catch(() => {});
    current = undefined;
    proven = undefined;
    await retired;
  }

  async function keepRunning(spec: PluginSpec): Promise<void> {
    const { signal } = change;
    let fingerprint = await launcher.fingerprint(spec.command);
    for (let attempts = 0; !signal.aborted; ) {
      if (wake.signal.aborted) wake = new AbortController();
      if (current && isUpToDate(current, wanted ?? spec) && current.isResponsive()) {
        if (pending) {
          if (state !== "healthy" || error !== "") enter("healthy");
          settle();
        }
        await woken(wake.signal);
        continue;
      }
      if (nextStartMs > performance.now()) {
        await pause(spec, fingerprint);
        continue;
      }
      if (attempts > 0 || crashes > 0) restarts += 1;
      attempts += 1;
      fingerprint = await launcher.fingerprint(spec.command);
      if (!signal.aborted) await attempt(wanted ?? spec, signal);
    }
  }

  async function loop(): Promise<void> {
    looping = true;
    for (;;) {
      if (wanted !== null) await keepRunning(wanted);
      else {
        await stopAll();
        if (wanted === null) break;
      }
    }
    looping = false;
    settle();
    enter("stopped");
  }

  return {
    ring,
    status,
    metrics: () => metrics.read(),
    nextStartMs: () => (state === "starting" || state === "unhealthy" ? nextStartMs : undefined),
    running: () => (state === "healthy" && wanted !== null ? current?.plugin : undefined),
    want(next) {
      const settled = new Promise<void>((resolve) => waiting.push(resolve));
      const isSame =
        next !== null && wanted !== null
          ? !needsNewProcess(next, wanted) && !(changedCode(next, wanted) && runsOtherCode(next, current))
          : next === wanted;
      wanted = next;
      if (next !== null && current && isUpToDate(current, next)) current.updateSpec(next);
      if (isSame) {
        if (!pending) settle();
        return settled;
      }
      pending = true;
      restarts = 0;
      crashes = 0;
      nextStartMs = 0;
      change.abort();
      change = new AbortController();
      wake.abort();
      if (next !== null && state !== "healthy") enter("starting");
      if (!looping) void loop();
      return settled;
    },
  };
}
