import { isDeepStrictEqual } from "node:util";
import { AppError, backoffMs, messageOf, sleep } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { type Life, type Surroundings, startLife } from "./life.ts";
import { createLogRing, type LogRing } from "./logs.ts";
import type { PluginSpec, PluginState, PluginStatus, RunningPlugin } from "./types.ts";
import { under } from "./under.ts";

export type Supervisor = {
  /** Sets what should run; null stops it. Settles after the first attempt at it, whatever came of that. */
  want(spec: PluginSpec | null): Promise<void>;
  running(): RunningPlugin | undefined;
  status(): PluginStatus;
  readonly ring: LogRing;
};

/** Why a process is gone; `refused` means that trying again soon is pointless. */
type Failure = { why: string; refused: boolean; livedMs: number };

const needsRestart = (a: PluginSpec, b: PluginSpec): boolean =>
  a.command !== b.command ||
  a.checksum !== b.checksum ||
  (a.dev ?? false) !== (b.dev ?? false) ||
  a.generation !== b.generation ||
  !isDeepStrictEqual(a.config, b.config);

const changedCode = (a: PluginSpec, b: PluginSpec): boolean => (a.codeHash ?? "") !== (b.codeHash ?? "");

/** An approval of the code that runs already is no reason to interrupt it. */
const runsOtherCode = ({ codeHash, dev }: PluginSpec, life: Life | undefined): boolean =>
  Boolean(codeHash) && !dev && life?.process.codeHash !== codeHash;

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });

/** Keeps one plugin in the wanted state: starts it, replaces it when it crashes or hangs, and stops it. */
export function createSupervisor({
  id,
  around,
  logger,
  onState,
}: {
  id: number;
  around: Surroundings;
  logger: Logger;
  onState: (status: PluginStatus) => void;
}): Supervisor {
  const { timings } = around;
  const ring = createLogRing(({ stream, level, text }) =>
    logger.debug("plugin output", { pluginId: id, stream, outputLevel: level, text }),
  );

  let wanted: PluginSpec | null = null;
  /** Aborted when `wanted` changes: ends a start, a wait or a life. */
  let change = new AbortController();
  /** From a change of `wanted` to the end of the first attempt at it; nobody is given the old process meanwhile. */
  let pending = false;
  let waiting: (() => void)[] = [];
  let looping = false;

  let life: Life | undefined;
  let state: PluginState = "stopped";
  let error = "";
  let restarts = 0;
  let startedAt: Date | null = null;

  const status = (): PluginStatus => ({
    id,
    state,
    error,
    restarts,
    startedAt,
    lastPingAt: life?.lastPingAt() ?? null,
    pid: life?.process.pid ?? null,
    isolation: life?.process.isolation ?? null,
    note: life?.process.note ?? "",
  });

  function enter(next: PluginState, why = ""): void {
    state = next;
    error = why;
    const down = next === "unhealthy" || next === "failed";
    ring.add("host", down ? "error" : "info", `The plugin is ${next}${why === "" ? "." : `: ${why}`}`);
    logger[down ? "warn" : "info"](`plugin ${next}`, { pluginId: id, ...(why === "" ? {} : { reason: why }) });
    try {
      onState(status());
    } catch (thrown) {
      logger.error("a listener of plugin states failed", { pluginId: id, error: thrown });
    }
  }

  function settle(): void {
    pending = false;
    const resolvers = waiting;
    waiting = [];
    for (const resolve of resolvers) resolve();
  }

  /** One process from start to end. Returns why it ended, or undefined because something else is wanted now. */
  async function liveOnce(spec: PluginSpec, signal: AbortSignal): Promise<Failure | undefined> {
    const bornAt = performance.now();
    let current: Life;
    try {
      current = await startLife({ spec: () => wanted ?? spec, ring, signal, around });
    } catch (thrown) {
      if (signal.aborted) return undefined;
      const refused = thrown instanceof AppError && (thrown.code === "plugin_invalid" || thrown.meta.refused === true);
      return { why: messageOf(thrown), refused, livedMs: 0 };
    }
    life = current;
    if (!signal.aborted) {
      startedAt = new Date();
      const { note } = current.process;
      if (note !== "") logger.warn("a plugin is not isolated", { pluginId: id, reason: note });
      enter("healthy");
      settle();
    }
    const why = await Promise.race([current.ended, aborted(signal)]);
    if (why !== undefined && !signal.aborted) {
      // At once, so that nobody is handed the dead process while it is cleared away.
      state = "unhealthy";
      error = why;
    }
    await current.stop().catch((thrown) => logger.error("a plugin did not stop cleanly", { pluginId: id, error: thrown }));
    life = undefined;
    return why === undefined || signal.aborted ? undefined : { why, refused: false, livedMs: performance.now() - bornAt };
  }

  async function keepRunning(spec: PluginSpec, signal: AbortSignal): Promise<void> {
    restarts = 0;
    let crashes = 0;
    while (!signal.aborted) {
      const failure = await under(signal, (own) => liveOnce(spec, own));
      if (failure === undefined) return;
      crashes = failure.livedMs >= timings.healthyAfterMs ? 1 : crashes + 1;
      const failed = failure.refused || crashes >= timings.crashesUntilFailed;
      enter(failed ? "failed" : "unhealthy", failure.why);
      settle();
      const { restartBaseMs, restartCapMs } = timings;
      await sleep(backoffMs(failed ? 0 : crashes - 1, { baseMs: failed ? restartCapMs : restartBaseMs, capMs: restartCapMs }), signal);
      if (!signal.aborted) restarts += 1;
    }
  }

  async function loop(): Promise<void> {
    looping = true;
    while (wanted !== null) await keepRunning(wanted, change.signal);
    looping = false;
    enter("stopped");
    settle();
  }

  return {
    ring,
    status,
    running: () => (state === "healthy" && !pending ? life?.plugin : undefined),
    want(next) {
      const settled = new Promise<void>((resolve) => waiting.push(resolve));
      const same =
        next !== null && wanted !== null
          ? !needsRestart(next, wanted) && !(changedCode(next, wanted) && runsOtherCode(next, life))
          : next === wanted;
      wanted = next;
      if (same) {
        if (!pending) settle();
        return settled;
      }
      pending = true;
      change.abort();
      change = new AbortController();
      if (next !== null) enter("starting");
      if (!looping) void loop();
      return settled;
    },
  };
}
