import { setTimeout as sleep } from "node:timers/promises";
import { explainOutput, Stop } from "./stop.mjs";

const quickMs = 20_000;
const tooManyQuick = 5;
const defaultBackOffMs = (attempt) => Math.min(500 * 2 ** attempt, 30_000);

/**
 * Keeps services running: one that ends unasked is started again, later each time; one that keeps ending at once is given up.
 * @param {{ children: object, progress: object, patient?: boolean, onGiveUp(stop: Stop): void, backOffMs?(attempt: number): number }} options
 *   patient: never give up (development, where the next save may mend it)
 */
export function createSupervisor({ children, progress, patient = false, onGiveUp, backOffMs = defaultBackOffMs }) {
  const services = [];

  /**
   * @param {{ name: string, log: object, launch(onLine: Function): Promise<object> | object, readyUrl?: string, readyTimeoutMs?: number }} options
   *   launch starts the process and resolves to the child
   */
  function service({ name, log, launch, readyUrl, readyTimeoutMs = 60_000 }) {
    let child;
    let quick = 0;
    let startedAt = 0;
    let ready = false;
    const self = { name, log, start, restart, child: () => child };
    services.push(self);

    async function launchOnce() {
      startedAt = Date.now();
      child = await launch((line, stream) => log.write(line, stream));
      watch(child);
    }

    function watch(current) {
      current.exited.then(async ({ code, signal, error }) => {
        if (current !== child || current.stopping || children.stopping || !ready) return;
        const lasted = Date.now() - startedAt;
        quick = lasted < quickMs ? quick + 1 : 0;
        const ending = error ? error.message : signal ? `was ended by ${signal}` : `ended with code ${code}`;
        if (quick >= tooManyQuick && !patient) return onGiveUp(gaveUp(ending));
        const waitMs = backOffMs(quick);
        progress.say(`  ! ${name} ${ending} after ${readableTime(lasted)}; starting it again in ${waitMs / 1000} s (log: ${log.file}).`);
        await sleep(waitMs);
        if (children.stopping || current !== child) return;
        try {
          await launchOnce();
        } catch (problem) {
          if (!children.stopping) onGiveUp(problem);
        }
      });
    }

    const gaveUp = (ending) =>
      new Stop(
        `${name} keeps failing (${ending}): ${explainOutput(log.recent(40)) || "the lines above say why; mend that and run npm start again."}`,
        {
          detail: log.recent(),
        },
      );

    /** Starts it and resolves when it is ready. A first start that fails is not tried again: its reason is shown at once. */
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
        if (!patient) {
          const ending = ended.error
            ? ended.error.message
            : ended.signal
              ? `was ended by ${ended.signal}`
              : `ended with code ${ended.code}`;
          throw new Stop(`${name} did not start (${ending}): ${explainOutput(log.recent(40)) || "the lines above say why."}`, {
            detail: log.recent(25),
          });
        }
        for (const line of log.recent(25)) progress.say(`  ${line}`);
        progress.say(`  ! ${name} did not start; waiting for a change.`);
      }
      ready = true;
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

function missingOf(text) {
  try {
    const { missing } = JSON.parse(text);
    return Array.isArray(missing) && missing.length ? missing.map(String).join("; ") : "not ready";
  } catch {
    return "not ready";
  }
}

const readableTime = (ms) =>
  ms < 60_000 ? `${Math.round(ms / 1000)} s` : ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
