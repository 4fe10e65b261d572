/** A semaphore with a bounded queue, first come first served. */
export function createTurns({ atOnce, waiting }: { atOnce: number; waiting: number }) {
  let running = 0;
  const queue: (() => void)[] = [];

  function releaser(): () => void {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const next = queue.shift();
      if (next) next();
      else running--;
    };
  }

  return {
    /** @returns a function that gives the turn back; undefined when too many are waiting. */
    async take(): Promise<(() => void) | undefined> {
      if (running < atOnce) running++;
      else if (queue.length >= waiting) return undefined;
      else await new Promise<void>((resolve) => queue.push(resolve));
      return releaser();
    },
    isIdle: (): boolean => running === 0,
  };
}
