// The thread of watchdog.ts. Plain JavaScript: a thread that reads types first takes three times the memory.
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";

const { shared, tickMs, limitMs, name } = workerData;
const state = new Int32Array(shared);
const [beats, paused] = [0, 1];
const never = new Int32Array(new SharedArrayBuffer(4));

let seen = -1;
let silentTicks = 0;
for (let at = performance.now(); ; ) {
  Atomics.wait(never, 0, 0, tickMs);
  const now = performance.now();
  // This thread had no time either: the process or its machine stood still, which is not the event loop's fault.
  const stoodStill = now - at > 3 * tickMs + 500;
  at = now;
  const beat = Atomics.load(state, beats);
  if (beat !== seen || stoodStill || Atomics.load(state, paused) === 1) {
    seen = beat;
    silentTicks = 0;
    continue;
  }
  if (++silentTicks * tickMs < limitMs) continue;
  const message = `the event loop was blocked for ${Math.round(limitMs / 1000)} s; ending the process, so that it is started again`;
  try {
    writeSync(2, `${JSON.stringify({ time: new Date().toISOString(), level: "error", message, process: name })}\n`);
  } finally {
    // Nothing that has to run on the event loop could end it.
    process.kill(process.pid, "SIGKILL");
  }
}
