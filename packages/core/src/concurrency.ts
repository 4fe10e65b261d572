export type Serial = {
  /** Runs the step when all earlier ones have ended, however they ended. */
  run<T>(step: () => Promise<T> | T): Promise<T>;
  /** Resolves when every step so far has ended. */
  idle(): Promise<void>;
};

/** Runs steps one after the other, in the order in which they were asked for. A step that fails does not hold up the next. */
export function serial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(step) {
      const result = last.then(step);
      last = result.catch(() => {});
      return result;
    },
    idle: async () => void (await last),
  };
}

export type Coalesced = {
  /** Asks for a run. Requests that come before it begins share it; one that comes while it runs leads to exactly one more. */
  request(delayMs?: number): void;
  /** Takes no more requests, forgets a run that has not begun, and resolves when one that has is over. */
  close(): Promise<void>;
};

/**
 * Turns any number of requests into as few runs as see every request: one at a time, each begun after the last request it answers.
 * @param run must handle its own errors; one that it throws goes to `onError`.
 */
export function coalesced(
  run: () => Promise<void>,
  { delayMs = 0, onError }: { delayMs?: number; onError: (error: unknown) => void },
): Coalesced {
  let timer: NodeJS.Timeout | undefined;
  let dueMs = Number.POSITIVE_INFINITY;
  let running: Promise<void> | undefined;
  let isWanted = false;
  let closed = false;

  function begin(): void {
    timer = undefined;
    dueMs = Number.POSITIVE_INFINITY;
    if (running) {
      isWanted = true;
      return;
    }
    running = (async () => {
      do {
        isWanted = false;
        await run().catch(onError);
      } while (isWanted && !closed);
      running = undefined;
    })();
  }

  return {
    request(after = delayMs) {
      if (closed) return;
      const at = performance.now() + after;
      // An earlier request keeps its time: a stream of requests must not postpone the run for good.
      if (timer && dueMs <= at) return;
      clearTimeout(timer);
      dueMs = at;
      timer = setTimeout(begin, after);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      timer = undefined;
      await running;
    },
  };
}

/** Lets other work take its turn whenever this has held the event loop for `sliceMs`. */
export function timeSlices(sliceMs = 2): () => Promise<void> | undefined {
  let startedMs = performance.now();
  return () => {
    if (performance.now() - startedMs < sliceMs) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        startedMs = performance.now();
        resolve();
      }),
    );
  };
}
