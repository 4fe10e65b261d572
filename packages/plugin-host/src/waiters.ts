/** Callers that wait for something to happen to a plugin. */
export type Waiters = {
  /** Settles when the plugin is woken, after the timeout, or when the signal aborts. */
  wait(id: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<void>;
  wake(id: number): void;
  wakeAll(): void;
};

export function createWaiters(): Waiters {
  const waiting = new Map<number, Set<() => void>>();
  const wake = (id: number) => {
    for (const resume of [...(waiting.get(id) ?? [])]) resume();
  };
  return {
    wait: (id, timeoutMs, signal) =>
      new Promise((resolve) => {
        const ofPlugin = waiting.get(id) ?? new Set();
        waiting.set(id, ofPlugin);
        const resume = () => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", resume);
          ofPlugin.delete(resume);
          if (ofPlugin.size === 0 && waiting.get(id) === ofPlugin) waiting.delete(id);
          resolve();
        };
        const timer = setTimeout(resume, timeoutMs);
        signal?.addEventListener("abort", resume, { once: true });
        ofPlugin.add(resume);
      }),
    wake,
    wakeAll() {
      for (const id of [...waiting.keys()]) wake(id);
    },
  };
}
