import type { BudgetUsage } from "@portico/protocol/edge";
import { expect, test } from "vitest";
import type { EventBus } from "../events/bus.ts";
import type { UsageStore } from "../usage/store.ts";
import { createBudgets, usageTopic } from "./budgets.ts";

test("what an edge hears when it connects is never older than what it is told next", async () => {
  let spent = 10;
  let looks = 0;
  let release = (): void => {};
  const heard: number[] = [];
  const note = (usage: BudgetUsage[]) => heard.push(...usage.map(({ spentMicroUsd }) => spentMicroUsd));
  const store = {
    listBudgeted: async () => [{ kind: "app", id: 1, namespace: "", budgetStartAt: null }],
    async spent() {
      const figure = spent;
      // The first look takes long.
      if (++looks === 1) await new Promise<void>((resolve) => (release = resolve));
      return [{ kind: "app", id: 1, periodStartMs: 1, spentMicroUsd: figure, readAtUs: 0 }];
    },
  } as unknown as UsageStore;
  let publish = (_topic: string): void => {};
  const events = {
    subscribe(listener: (event: { topic: string }) => void) {
      publish = (topic) => listener({ topic });
      return () => {};
    },
  } as unknown as EventBus;
  const budgets = createBudgets({
    store,
    events,
    logger: console as never,
    namespaces: () => [""],
    push: (_namespace, usage) => note(usage),
  });
  const connecting = budgets.state("").then(note);
  while (looks === 0) await Promise.resolve();
  spent = 20;
  publish(usageTopic);
  await new Promise((resolve) => setTimeout(resolve, 200));
  release();
  await connecting;
  await budgets.close();
  expect(heard).toEqual([10, 20]);
});
