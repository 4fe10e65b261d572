import { Worker } from "node:worker_threads";

export type WorkerPool<Question, Answer> = { ask(question: Question): Promise<Answer>; close(): Promise<void> };

const startMs = 20_000;
const idleMs = 60_000;

/**
 * Threads for work on what others supply, so that nothing of it runs on the event loop. A thread that does not answer in time is ended and
 * replaced; only its own question is given up.
 * @param script posts "ready", then `{ id, answer }` for each `{ id, question }` that it is sent.
 * @param giveUp the answer to a question whose thread was ended before it answered: with more time or memory it might. The reason is a
 * sentence's end.
 */
export function createWorkerPool<Question, Answer>({
  script,
  deadlineMs,
  giveUp,
  threads: most = 2,
  maxWaiting = 500,
  maxHeapMb = 128,
}: {
  script: URL;
  deadlineMs: number;
  giveUp(reason: string): Answer;
  threads?: number;
  maxWaiting?: number;
  maxHeapMb?: number;
}): WorkerPool<Question, Answer> {
  type Waiting = { question: Question; resolve(answer: Answer): void };
  type Thread = {
    worker: Worker;
    ready: boolean;
    current?: { id: number; waiting: Waiting; timer?: NodeJS.Timeout | undefined } | undefined;
    idle?: NodeJS.Timeout | undefined;
  };
  const threads = new Set<Thread>();
  const queue: Waiting[] = [];
  let lastId = 0;
  let closed = false;

  function start(): void {
    const worker = new Worker(script, {
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
      // It needs nothing of the environment, nor what this process was started with.
      env: {},
      execArgv: [],
      stderr: true,
      stdout: true,
    });
    worker.unref();
    const thread: Thread = { worker, ready: false };
    threads.add(thread);
    const startTimer = setTimeout(() => end(thread, "did not start"), startMs);
    startTimer.unref();
    worker.on("message", (message: "ready" | { id: number; answer: Answer }) => {
      if (message === "ready") {
        clearTimeout(startTimer);
        thread.ready = true;
      } else if (thread.current?.id === message.id) {
        settle(thread, message.answer);
      }
      next();
    });
    worker.on("error", (error: Error & { code?: string }) =>
      end(
        thread,
        error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "needs too much memory to be validated" : `cannot be validated: ${error.message}`,
      ),
    );
    worker.on("exit", () => end(thread, "cannot be validated: its worker thread ended"));
  }

  function settle(thread: Thread, answer: Answer): void {
    const { current } = thread;
    thread.current = undefined;
    clearTimeout(current?.timer);
    current?.waiting.resolve(answer);
  }

  function end(thread: Thread, reason: string): void {
    if (!threads.delete(thread)) return;
    clearTimeout(thread.idle);
    void thread.worker.terminate();
    settle(thread, giveUp(reason));
    if (!thread.ready) for (const { resolve } of queue.splice(0)) resolve(giveUp(reason));
    next();
  }

  function next(): void {
    for (const thread of threads) {
      if (!thread.ready || thread.current) continue;
      const waiting = queue.shift();
      if (waiting) give(thread, waiting);
      else rest(thread);
    }
    if (queue.length > 0 && threads.size < most) start();
  }

  function give(thread: Thread, waiting: Waiting): void {
    const id = ++lastId;
    clearTimeout(thread.idle);
    thread.idle = undefined;
    const current: NonNullable<Thread["current"]> = { id, waiting };
    thread.current = current;
    current.timer = setTimeout(() => {
      // An answer that came while this process was busy elsewhere is read first.
      setImmediate(() => {
        if (thread.current === current) end(thread, `takes longer than ${deadlineMs / 1000} s to be validated`);
      });
    }, deadlineMs);
    thread.worker.postMessage({ id, question: waiting.question });
  }

  function rest(thread: Thread): void {
    thread.idle ??= setTimeout(() => end(thread, "was idle"), idleMs).unref();
  }

  return {
    ask(question) {
      if (closed) return Promise.resolve(giveUp("cannot be validated: studio is stopping"));
      if (queue.length >= maxWaiting) return Promise.resolve(giveUp("cannot be validated now: too many validations are waiting"));
      return new Promise((resolve) => {
        queue.push({ question, resolve });
        next();
      });
    },
    async close() {
      closed = true;
      const workers = [...threads].map(({ worker }) => worker);
      for (const { resolve } of queue.splice(0)) resolve(giveUp("cannot be validated: studio is stopping"));
      for (const thread of threads) end(thread, "cannot be validated: studio is stopping");
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
