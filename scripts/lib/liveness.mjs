import { readFileSync } from "node:fs";
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Until it has answered once a new process is given this long: it may have migrations to run. */
const startGraceMs = 180_000;
const leastMisses = 3;

/**
 * Asks a process again and again whether it is alive, and resolves when it has been silent for too long. An answer of any kind will do:
 * whether it is ready for work is not asked here. One that is only slow answers in time; so does one whose machine was asleep.
 * @param {{ url: string, pid: number, silentMs: number, everyMs?: number, signal: AbortSignal }} options
 * @returns {Promise<number | undefined>} for how long it was silent, in ms; undefined when `signal` ended the watch
 */
export async function untilSilent({ url, pid, silentMs, everyMs = Math.max(50, Math.min(5_000, silentMs / 6)), signal }) {
  const startedAt = performance.now();
  let answeredAt;
  let misses = 0;
  while (!signal.aborted) {
    const askedAt = performance.now();
    if (await answers(url, everyMs, signal)) {
      answeredAt = performance.now();
      misses = 0;
    } else if (!signal.aborted) {
      const now = performance.now();
      // Late by much itself: this machine was asleep, or has no time for anybody.
      const lateMs = now - askedAt - everyMs;
      if (lateMs > Math.max(everyMs, 1_000)) misses = 0;
      else if (answeredAt !== undefined || now - startedAt > startGraceMs) misses++;
      const silent = now - (answeredAt ?? startedAt);
      if (misses >= leastMisses && misses * everyMs >= silentMs / 2 && silent >= silentMs && !isTraced(pid)) return silent;
    }
    await sleep(Math.max(0, askedAt + everyMs - performance.now()), undefined, { signal }).catch(() => {});
  }
  return undefined;
}

/** Every question has a connection of its own, so that none waits behind another. */
function answers(url, timeoutMs, signal) {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, signal }, (response) => {
      response.resume();
      settle(true);
    });
    const timer = setTimeout(settle, timeoutMs, false);
    function settle(answered) {
      clearTimeout(timer);
      resolve(answered);
      request.destroy();
    }
    request.on("error", () => settle(false));
  });
}

/** A debugger holds it. */
function isTraced(pid) {
  try {
    return /^TracerPid:\s*[1-9]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
