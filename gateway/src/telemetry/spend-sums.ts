import type { Spend } from "../budget/ledger.ts";

/** Sums spends in one line for each app, LLM and day, so that a batch says in a few words what it cost. */
export function createSpendSums() {
  const sums = new Map<string, Spend>();
  // Requests of one app at one LLM often come together.
  let last: Spend | undefined;
  return {
    add({ appId, llmId, startedAtMs, costNanoUsd }: Spend): void {
      if (costNanoUsd === 0) return;
      const day = dayOf(startedAtMs);
      if (!last || last.appId !== appId || last.llmId !== llmId || dayOf(last.startedAtMs) !== day) {
        const key = `${appId} ${llmId} ${day}`;
        last = sums.get(key);
        if (!last) {
          last = { appId, llmId, startedAtMs, costNanoUsd: 0 };
          sums.set(key, last);
        }
      }
      last.costNanoUsd += costNanoUsd;
    },
    all: (): Spend[] => [...sums.values()],
    clear(): void {
      sums.clear();
      last = undefined;
    },
  };
}

const dayOf = (ms: number): number => Math.floor(ms / 86_400_000);
