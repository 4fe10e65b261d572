import { setTimeout as sleep } from "node:timers/promises";
import { untilSilent } from "./liveness.mjs";
import { explainOutput, Stop } from "./stop.mjs";

const quickMs = 20_000;
const tooManyQuick = 5;
/** A process that is stuck will not end by itself; it gets this long, in case it is not. */
const stuckDeadlineMs = 5_000;
const defaultBackOffMs = (attempt) => Math.min(500 * 2 ** attempt, 30_000);

/**
 * Keeps services running, each by itself: one that ends unasked, or no longer answers, is started again, later each time it ends at once.
 * @param {{ children: object, progress: object, patient?: boolean, silentMs?: number, backOffMs?(attempt: number): number }} options
 *   patient: a first start that fails is no reason to end (development, where the next save may mend it), nor is silence
 *   silentMs: after so long without an answer a service is restarted; 0 never
 */
export function createSupervisor({ children, progress, patient = false, silentMs = 0, backOffMs = defaultBackOffMs }) {
  const services = [];

  /**
   * @param {{ name: string, log: object, launch(onLine: Function): Promise<object> | object, readyUrl?: string, healthUrl?: string, readyTimeoutMs?: number, optional?: boolean }} options
   *   launch starts the process and resolves to the child
   *   optional: a first start that fails is tried again, as the others work without it
   */
  function service({ name, log, launch, readyUrl, healthUrl, readyTimeoutMs = 60_000, optional = false }) {
    let child;
    let quick = 0;
    let startedAt = 0;
    let ready = false;
    const self = { name, log, start, restart, child: () => child };
    services.push(self);

    async function launchOnce() {
      startedAt = performance.now();
      child = await launch((line, stream) => log.write(line, stream));
      watch(child);
    }

    function watch(current) {
      current.exited.then((ended) => {
        if (current !== child || current.stopping || children.stopping || !ready) return;
        void startAgain(current, `${endingOf(ended)} after ${readableTime(performance.now() - startedAt)}`);
      });
      if (ready) void guard(current);
    }

    /** Ends a process that no longer answers, and starts another. */
    async function guard(current) {
      if (!healthUrl || !silentMs || patient || isDebugged()) return;
      const watching = new AbortController();
      void current.exited.then(() => watching.abort());
      const ms = await untilSilent({ url: healthUrl, pid: current.pid, silentMs, signal: watching.signal });
      if (ms === undefined || current !== child || current.stopping || children.stopping) return;
      await current.stop(stuckDeadlineMs);
      if (current === child && !children.stopping) void startAgain(current, `had not answered for ${readableTime(ms)} and was stopped`);
    }

    async function startAgain(former, ending) {
      quick = performance.now() - startedAt < quickMs ? quick + 1 : 0;
      const waitMs = backOffMs(quick);
      progress.say(`  ! ${name} ${ending}; restarting in ${waitMs / 1000} s (log: ${log.file}).`);
      if (quick === tooManyQuick) {
        for (const line of log.recent()) progress.say(`    ${line}`);
        progress.say(
          `  ! ${name} keeps failing: ${explainOutput(log.recent(40)) || "the lines above say why"}. Everything else keeps running.`,
        );
      }
      await sleep(waitMs);
      if (children.stopping || former !== child) return;
      try {
        await launchOnce();
      } catch (problem) {
        if (!children.stopping) void startAgain(former, `could not be started (${problem.message})`);
      }
    }

    /** Starts it and resolves when it is ready. A first start that fails shows its reason, and is tried again for an optional service only. */
    async function start({ onWaiting = () => {} } = {}) {
      await launchOnce();
      const first = child;
      let ended;
      first.exited.then((ending) => {
        ended = ending;
      });
      let missing = "nothing answers yet";
      for (const until = Date.now() + readyTimeoutMs; readyUrl && Date.now() < until; await sleep(100)) {
        if (ended) break;
        try {
          const response = await fetch(readyUrl, { signal: AbortSignal.timeout(5_000) });
          const text = await response.text();
          if (response.status === 200) {
            ready = true;
            void guard(first);
            return true;
          }
          missing = missingOf(text);
          onWaiting(missing);
        } catch {
          // Not listening yet.
        }
      }
      if (ended) {
        if (children.stopping) return false;
        const ending = endingOf(ended);
        if (optional && !patient) {
          for (const line of log.recent(25)) progress.say(`    ${line}`);
          ready = true;
          void startAgain(first, `did not start (${ending})`);
          return false;
        }
        if (!patient) {
          throw new Stop(`${name} did not start (${ending}): ${explainOutput(log.recent(40)) || "the lines above say why."}`, {
            detail: log.recent(25),
          });
        }
        for (const line of log.recent(25)) progress.say(`  ${line}`);
        progress.say(`  ! ${name} did not start; waiting for a change.`);
      }
      ready = true;
      if (!ended) void guard(first);
      if (!readyUrl) return true;
      if (!ended) progress.say(`  ! ${name} runs but is not ready: ${missing} (log: ${log.file}).`);
      return false;
    }

    /** Stops it in order and starts it again (development). */
    async function restart() {
      quick = 0;
      const former = child;
      await former?.stop();
      if (!children.stopping && former === child) await launchOnce();
    }

    return self;
  }

  return { service, services };
}

/** Whoever sits at a breakpoint does not answer either. */
const isDebugged = () => [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((option) => option.includes("--inspect"));

function missingOf(text) {
  try {
    const { missing } = JSON.parse(text);
    return Array.isArray(missing) && missing.length ? missing.map(String).join("; ") : "not ready";
  } catch {
    return "not ready";
  }
}

const endingOf = ({ code, signal, error }) => (error ? error.message : signal ? `was ended by ${signal}` : `ended with code ${code}`);

const readableTime = (ms) =>
  ms < 60_000 ? `${Math.round(ms / 1000)} s` : ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
