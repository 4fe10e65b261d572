import { periodStart } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { BudgetUsage } from "@portico/protocol/edge";
import { decides } from "@portico/protocol/kinds";
import type { EventBus } from "../events/bus.ts";
import type { Budgeted, UsageStore } from "./usage-store.ts";

const coalesceMs = 100;
/** Periods begin by themselves, without an event. Then everything is told again, so that nothing an edge got wrong stays wrong. */
const refreshMs = 60_000;

/** Announced by every replica that has stored usage, at most once a second each. */
export const usageTopic = "system.usage.recorded";

/** Keeps edges told of what apps and LLMs with a budget have spent over all edges. */
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
}) {
  /** What was last pushed, by namespace and object: only differences are worth a message. */
  const told = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  /** Looks one after the other: what an edge hears later was read later. */
  let running: Promise<unknown> = Promise.resolve();
  function inTurn<T>(look: () => Promise<T>): Promise<T> {
    const result = running.then(look);
    running = result.catch(() => {});
    return result;
  }

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

  async function tell(): Promise<void> {
    const here = namespaces();
    if (here.length === 0) return told.clear();
    const states = await read();
    for (const namespace of here) {
      const news = visible(states, namespace).filter((usage) => {
        const key = `${namespace} ${usage.kind} ${usage.id}`;
        const value = `${usage.periodStartMs} ${usage.spentMicroUsd}`;
        if (told.get(key) === value) return false;
        told.set(key, value);
        return true;
      });
      if (news.length > 0) push(namespace, news);
    }
  }

  function schedule(): void {
    if (closed) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      inTurn(tell).catch((error: unknown) => logger.error("cannot tell edges what was spent", { error }));
    }, coalesceMs);
  }

  const unsubscribe = events.subscribe(({ topic }) => {
    if (topic === usageTopic || decides(topic, "budgets")) schedule();
  }, schedule);
  const refresh = setInterval(() => {
    told.clear();
    schedule();
  }, refreshMs);
  refresh.unref();

  return {
    /** Everything an edge of the namespace has to know when it connects. */
    state: (namespace: string): Promise<BudgetUsage[]> => inTurn(async () => visible(await read(), namespace)),
    async close(): Promise<void> {
      closed = true;
      clearTimeout(timer);
      clearInterval(refresh);
      unsubscribe();
      await running;
    },
  };
}
