import { AppError, backoffMs, messageOf, sleep } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { PluginHost } from "@portico/plugin-host";
import { nextRun } from "./cron.ts";
import type { Begun, Decision, Due, Ended, RunStore } from "./run-store.ts";

export type RunnerTimings = {
  /** Longest time without a look at what is due. */
  lookMs: number;
  /** A run that is later than this was missed. */
  missedMs: number;
  /** How long after its deadline a run counts as abandoned by its replica. */
  graceSeconds: number;
  expireMs: number;
  /** Before the first retry; doubled for each further one. */
  retryMs: number;
};

export const defaultTimings: RunnerTimings = { lookMs: 5_000, missedMs: 60_000, graceSeconds: 60, expireMs: 10_000, retryMs: 30_000 };

const runsAtOnce = 500;
const runsOfPlugin = 100;
const soonestMs = 10;
const troubleMs = 1_000;
const longestRetryMs = 3_600_000;
const closeMs = 3_000;
const maxErrorChars = 2_000;

/** Runs the schedules of plugins that are healthy in this replica; several replicas share the work. */
export type Runner = {
  start(): void;
  /** Something about schedules or plugins has changed. */
  wake(): void;
  /** @returns the id of the run; undefined when the schedule is running already. @throws AppError when the plugin is not available. */
  runNow(schedule: { id: number; pluginId: number }): Promise<string | undefined>;
  /** Cancels what runs. */
  close(): Promise<void>;
};

export function createRunner({
  store,
  host,
  replica,
  logger,
  timings: { lookMs, missedMs, graceSeconds, expireMs, retryMs } = defaultTimings,
}: {
  store: RunStore;
  host: Pick<PluginHost, "get" | "require" | "statuses">;
  /** Names this process in the history of runs. */
  replica: string;
  logger: Logger;
  timings?: RunnerTimings | undefined;
}): Runner {
  const closing = new AbortController();
  const inFlight = new Map<number, number>();
  const running = new Set<Promise<void>>();
  let ended: Ended[] = [];
  let saving: Promise<void> | undefined;
  let loop: Promise<void> | undefined;
  let nap = new AbortController();
  let expiredAtMs = Number.NEGATIVE_INFINITY;

  const wake = () => nap.abort();

  const available = (): number[] =>
    host
      .statuses()
      .filter(({ id, state }) => state === "healthy" && (inFlight.get(id) ?? 0) < runsOfPlugin)
      .map(({ id }) => id);

  function decide(due: readonly Due[]): Decision[] {
    return due.map((one) => {
      const { cronExpr: cron, timezone, now, attempt } = one;
      const isMissed = now.getTime() - one.nextRunAt.getTime() > missedMs;
      const begins = one.isRunning || (isMissed && !one.catchUp) ? undefined : attempt > 0 ? "retry" : "schedule";
      return { due: one, nextRunAt: nextOf({ cron, timezone }, now) ?? null, attempt: 0, begins };
    });
  }

  /** What can no longer be read (by a release that reads expressions in another way) does not stop the others. */
  function nextOf(when: { cron: string; timezone: string }, now: Date): Date | undefined {
    try {
      return nextRun(when, now);
    } catch (error) {
      logger.error("the time of a schedule cannot be read", { cron: when.cron, timezone: when.timezone, error: messageOf(error) });
      return undefined;
    }
  }

  /** @returns how long to wait before the next look. */
  async function look(): Promise<number> {
    const nowMs = performance.now();
    if (nowMs - expiredAtMs > expireMs) {
      expiredAtMs = nowMs;
      const runs = await store.expire();
      if (runs > 0) logger.warn("runs of schedules were abandoned by their process", { runs });
    }
    const pluginIds = available();
    const limit = runsAtOnce - running.size;
    if (pluginIds.length === 0 || limit <= 0) return lookMs;
    const begun = await store.claim({ pluginIds, limit, replica, graceSeconds }, decide);
    for (const one of begun) begin(one);
    if (begun.length > 0) return 0;
    const dueMs = await store.dueInMs(pluginIds);
    return dueMs === undefined ? lookMs : Math.min(Math.max(dueMs, soonestMs), lookMs);
  }

  async function work(): Promise<void> {
    while (!closing.signal.aborted) {
      nap = new AbortController();
      let waitMs = troubleMs;
      try {
        waitMs = await look();
      } catch (error) {
        logger.warn("schedules cannot be looked through, retrying", { error: messageOf(error) });
      }
      if (waitMs > 0) await sleep(waitMs, AbortSignal.any([nap.signal, closing.signal]));
    }
  }

  function begin(one: Begun): void {
    const { pluginId } = one.due;
    inFlight.set(pluginId, (inFlight.get(pluginId) ?? 0) + 1);
    const run = execute(one)
      .then((result) => {
        ended.push({ executionId: one.executionId, ...result });
        save();
      })
      .finally(() => {
        const left = (inFlight.get(pluginId) ?? 1) - 1;
        if (left > 0) inFlight.set(pluginId, left);
        else inFlight.delete(pluginId);
        running.delete(run);
        if (running.size === runsAtOnce - 1 || left === runsOfPlugin - 1) wake();
      });
    running.add(run);
  }

  async function execute({ executionId, due }: Begun): Promise<Omit<Ended, "executionId">> {
    try {
      const plugin = host.require(due.pluginId);
      const { success, errorMessage } = await plugin.call(
        "executeScheduledTask",
        {
          schedule: {
            id: due.scheduleId,
            name: due.name,
            cron: due.cronExpr,
            timezone: due.timezone,
            enabled: true,
            timeoutSeconds: due.timeoutSeconds,
            configJson: JSON.stringify(due.config),
          },
          context: {
            requestId: `schedule:${executionId}`,
            vendor: "",
            llmId: 0,
            llmSlug: "",
            appId: 0,
            userId: 0,
            metadata: {},
            traceContext: {},
          },
          serviceBrokerId: plugin.brokerId,
        },
        { timeoutMs: due.timeoutSeconds * 1_000, signal: closing.signal },
      );
      if (success) return { status: "completed", error: "" };
      return await failed(due, "failed", errorMessage || "The plugin did not say why it failed.");
    } catch (error) {
      if (closing.signal.aborted) return { status: "failed", error: "Studio stopped while it ran." };
      const isLate = error instanceof AppError && error.code === "plugin_timeout";
      return failed(due, isLate ? "timeout" : "failed", isLate ? `It did not finish within ${due.timeoutSeconds} s.` : messageOf(error));
    }
  }

  async function failed(due: Due, status: "failed" | "timeout", text: string): Promise<Omit<Ended, "executionId">> {
    const error = text.slice(0, maxErrorChars);
    logger.warn("a scheduled task failed", { plugin_id: due.pluginId, schedule: due.scheduleId, error });
    if (due.attempt >= due.retries) return { status, error };
    const afterMs = Math.min(retryMs * 2 ** due.attempt, longestRetryMs);
    try {
      await store.retry(due.id, new Date(Date.now() + afterMs), due.attempt + 1);
      wake();
    } catch (cause) {
      logger.error("a scheduled task cannot be retried", { schedule: due.scheduleId, error: messageOf(cause) });
    }
    return { status, error };
  }

  /** Many that end together are written down together. */
  function save(): void {
    saving ??= saveAll().finally(() => {
      saving = undefined;
      if (ended.length > 0) save();
    });
  }

  async function saveAll(): Promise<void> {
    await sleep(soonestMs);
    for (let failures = 0; ended.length > 0; ) {
      const batch = ended;
      ended = [];
      try {
        await store.end(batch);
        return;
      } catch (error) {
        ended = [...batch, ...ended];
        logger.warn("the ends of runs cannot be stored, retrying", { runs: ended.length, error: messageOf(error) });
        if (closing.signal.aborted && failures > 0) {
          ended = [];
          return;
        }
        await sleep(backoffMs(failures++, { baseMs: 200, capMs: troubleMs }));
      }
    }
  }

  return {
    start() {
      loop ??= work();
    },
    wake,
    async runNow({ id, pluginId }) {
      // Before a run is written down that cannot begin.
      host.require(pluginId);
      const begun = await store.begin(id, { replica, graceSeconds });
      if (begun) begin(begun);
      return begun?.executionId;
    },
    async close() {
      closing.abort();
      wake();
      await loop;
      await Promise.race([Promise.all(running), sleep(closeMs)]);
      if (saving) await Promise.race([saving, sleep(closeMs)]);
    },
  };
}
