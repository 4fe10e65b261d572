import { createWorkerPool, type WorkerPool } from "@portico/core/worker-pool";

/** A schema to compile and, if there is one, a config to complete and to check; both as JSON. */
export type Question = { schema: string; config?: string | undefined };

export type Answer = {
  config?: string;
  issues?: { path: string[]; message: string }[] | undefined;
  /** Why the schema cannot be used, as a sentence's end. */
  refused?: string;
  /** The thread was ended before it answered: with more time or memory it might. */
  gaveUp?: boolean;
};

/** Checks what plugins supply off the event loop. */
export const createPool = ({ deadlineMs }: { deadlineMs: number }): WorkerPool<Question, Answer> =>
  createWorkerPool({
    script: new URL("./worker.ts", import.meta.url),
    deadlineMs,
    giveUp: (reason) => ({ refused: reason, gaveUp: true }),
  });
