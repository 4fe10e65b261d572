import { url as inspectorUrl } from "node:inspector";
import { Worker } from "node:worker_threads";

/** Reads the setting. @throws Error that names it. */
export function watchdogSeconds(text: string | undefined): number {
  const seconds = Number(text || "30");
  if (seconds === 0 || (Number.isInteger(seconds) && seconds >= 5 && seconds <= 3_600)) return seconds;
  throw new Error("PORTICO_WATCHDOG_SECONDS must be a number from 5 to 3600, or 0 for none.");
}

/**
 * Ends this process, with a line in its log, when its event loop was blocked for `limitMs`: it would answer nobody and obey no signal, and
 * whatever supervises it starts another. Counted are turns of a thread beside the loop, no clock: time in which the whole process or its
 * machine stood still does not count, nor does time in which a debugger is open.
 * @returns ends the watch
 */
export function startWatchdog({ limitMs, name }: { limitMs: number; name: string }): () => void {
  if (limitMs <= 0) return () => {};
  const tickMs = Math.max(20, Math.min(1_000, limitMs / 10));
  const shared = new SharedArrayBuffer(8);
  const state = new Int32Array(shared);
  const worker = new Worker(new URL("./watchdog-thread.mjs", import.meta.url), {
    workerData: { shared, tickMs, limitMs, name },
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
  });
  worker.unref();
  // Without the watch the process is what it was before.
  worker.on("error", () => {});
  const beat = setInterval(() => {
    Atomics.add(state, 0, 1);
    Atomics.store(state, 1, inspectorUrl() === undefined ? 0 : 1);
  }, tickMs / 2);
  beat.unref();
  return () => {
    clearInterval(beat);
    void worker.terminate();
  };
}
