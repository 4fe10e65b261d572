import { periodStart } from "@portico/core";
import { coalesced, serial } from "@portico/core/concurrency";
import type { Logger } from "@portico/core/logger";
import type { BudgetUsage } from "@portico/protocol/edge";
import { decides } from "@portico/protocol/kinds";
import type { EventBus } from "../events/bus.ts";
import type { Budgeted, UsageStore } from "../usage/store.ts";

const coalesceMs = 100;
/** Periods begin by themselves, without an event. Then everything is sent again, so that nothing an edge got wrong stays wrong. */
const refreshMs = 60_000;

/** Announced by every replica that has stored usage, at most once a second each. */
export const usageTopic = "system.usage.recorded";

export type Budgets = {
  /** Everything an edge of the namespace has to know when it connects. */
  state(namespace: string): Promise<BudgetUsage[]>;
  close(): Promise<void>;
};

/** Sends edges what apps and LLMs with a budget have spent over all edges. */
export function createBudgets({
  store,
  events,
  logger,
  namespaces,
  push,
}: {
  store: UsageStore;
  events: EventBus;
  logger: Logger;
  /** Namespaces with edges connected to this replica. */
  namespaces(): string[];
  push(namespace: string, usage: BudgetUsage[]): void;
}): Budgets {
  /** What was last pushed, by namespace and object: only differences are worth a message. */
  const pushed = new Map<string, string>();
  /** One read after the other: what an edge gets later was read later. */
  const { run, idle } = serial();

  async function read(): Promise<{ of: Budgeted; usage: BudgetUsage }[]> {
    const now = new Date();
    const budgeted = await store.listBudgeted();
    const usage = await store.spent(
      budgeted.map(({ kind, id, budgetStartAt }) => ({ kind, id, periodStart: periodStart(now, budgetStartAt) })),
    );
    return budgeted.flatMap((of, at) => (usage[at] ? [{ of, usage: usage[at] }] : []));
  }

  const visible = (states: { of: Budgeted; usage: BudgetUsage }[], namespace: string) =>
    states.filter(({ of }) => of.namespace === "" || of.namespace === namespace).map(({ usage }) => usage);

  async function pushChanges(): Promise<void> {
    const here = namespaces();
    if (here.length === 0) return pushed.clear();
    const states = await read();
    for (const namespace of here) {
      const news = visible(states, namespace).filter((usage) => {
        const key = `${namespace} ${usage.kind} ${usage.id}`;
        const value = `${usage.periodStartMs} ${usage.spentMicroUsd} ${usage.spentRestNanoUsd}`;
        if (pushed.get(key) === value) return false;
        pushed.set(key, value);
        return true;
      });
      if (news.length > 0) push(namespace, news);
    }
  }

  const changed = coalesced(() => run(pushChanges), {
    delayMs: coalesceMs,
    onError: (error) => logger.error("budget push failed", { error }),
  });

  const unsubscribe = events.subscribe(
    ({ topic }) => {
      if (topic === usageTopic || decides(topic, "budgets")) changed.request();
    },
    () => changed.request(),
  );
  const refresh = setInterval(() => {
    pushed.clear();
    changed.request();
  }, refreshMs);
  refresh.unref();

  return {
    state: (namespace) => run(async () => visible(await read(), namespace)),
    async close() {
      clearInterval(refresh);
      unsubscribe();
      await changed.close();
      await idle();
    },
  };
}
