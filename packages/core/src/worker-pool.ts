import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { messageOf } from "./errors.ts";

export type WorkerPool<Question, Answer> = { ask(question: Question): Promise<Answer>; close(): Promise<void> };

/** Why a question was given up. */
export type GivenUp = "timeout" | "memory" | "other";

/** What each thread is given: where replies to its calls come, and what wakes it for them. */
export type ThreadData = { replies: MessagePort; signal: Int32Array };

/** Calls are numbered, so that a reply that comes too late is not taken for the next one. */
type CallOfThread = { number: number; name: string; args: unknown };
export type ReplyToThread = { number: number; value?: unknown; error?: string };
export type FromThread<Answer> = "ready" | { id: number; answer: Answer } | { id: number; call: CallOfThread };

const startMs = 20_000;
const idleMs = 60_000;

/**
 * Threads for work on what others supply, so that nothing of it runs on the event loop. A thread that does not answer in time is ended and
 * replaced; only its own question is given up.
 * @param script posts "ready", then `{ id, answer }` for each `{ id, question }` that it is sent.
 * @param giveUp the answer to a question whose thread was ended before it answered: with more time or memory it might. The reason is a
 * sentence's end.
 * @param isSpent whether the thread that gave this answer must not be used again.
 * @param onCall carries out what a thread asks for while it works on a question (worker-thread.ts); aborted when that ends.
 */
export function createWorkerPool<Question, Answer>({
  script,
  deadlineMs,
  giveUp,
  threads: most = 2,
  maxWaiting = 500,
  maxHeapMb = 128,
  stackMb = 4,
  isSpent = () => false,
  onCall,
}: {
  script: URL;
  deadlineMs: number;
  giveUp(reason: string, why: GivenUp): Answer;
  threads?: number;
  maxWaiting?: number;
  maxHeapMb?: number;
  stackMb?: number;
  isSpent?(answer: Answer): boolean;
  onCall?(call: { name: string; args: unknown }, question: Question, signal: AbortSignal): Promise<unknown>;
}): WorkerPool<Question, Answer> {
  type Waiting = { question: Question; resolve(answer: Answer): void };
  type Current = { id: number; waiting: Waiting; timer?: NodeJS.Timeout | undefined; calls: AbortController };
  type Thread = ThreadData & {
    worker: Worker;
    ready: boolean;
    current?: Current | undefined;
    idle?: NodeJS.Timeout | undefined;
  };
  const threads = new Set<Thread>();
  const queue: Waiting[] = [];
  let lastId = 0;
  let closed = false;

  function start(): void {
    const { port1: replies, port2 } = new MessageChannel();
    const signal = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(script, {
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb, maxYoungGenerationSizeMb: 16, stackSizeMb: stackMb },
      // It needs nothing of the environment, nor what this process was started with.
      env: {},
      execArgv: [],
      stderr: true,
      stdout: true,
      workerData: { replies: port2, signal } satisfies ThreadData,
      transferList: [port2],
    });
    worker.unref();
    replies.unref();
    const thread: Thread = { worker, replies, signal, ready: false };
    threads.add(thread);
    const startTimer = setTimeout(() => end(thread, "did not start"), startMs);
    startTimer.unref();
    worker.on("message", (message: FromThread<Answer>) => {
      if (message === "ready") {
        clearTimeout(startTimer);
        thread.ready = true;
      } else if (thread.current?.id === message.id) {
        if ("call" in message) return void call(thread, thread.current, message.call);
        settle(thread, message.answer);
        if (isSpent(message.answer)) end(thread, "was replaced");
      }
      next();
    });
    worker.on("error", (error: Error & { code?: string }) =>
      error.code === "ERR_WORKER_OUT_OF_MEMORY"
        ? end(thread, "needs too much memory to be validated", "memory")
        : end(thread, `cannot be validated: ${error.message}`),
    );
    worker.on("exit", () => end(thread, "cannot be validated: its worker thread ended"));
  }

  /** The thread sleeps until the reply is in its port. */
  async function call(thread: Thread, { waiting, calls }: Current, { number, name, args }: CallOfThread): Promise<void> {
    let reply: ReplyToThread;
    try {
      if (!onCall) throw new Error(`${name} is not available`);
      reply = { number, value: await onCall({ name, args }, waiting.question, calls.signal) };
    } catch (error) {
      reply = { number, error: messageOf(error) };
    }
    if (!threads.has(thread)) return;
    thread.replies.postMessage(reply);
    Atomics.store(thread.signal, 0, 1);
    Atomics.notify(thread.signal, 0);
  }

  function settle(thread: Thread, answer: Answer): void {
    const { current } = thread;
    thread.current = undefined;
    clearTimeout(current?.timer);
    current?.calls.abort();
    current?.waiting.resolve(answer);
  }

  function end(thread: Thread, reason: string, why: GivenUp = "other"): void {
    if (!threads.delete(thread)) return;
    clearTimeout(thread.idle);
    void thread.worker.terminate();
    thread.replies.close();
    settle(thread, giveUp(reason, why));
    if (!thread.ready) for (const { resolve } of queue.splice(0)) resolve(giveUp(reason, why));
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
    const current: Current = { id, waiting, calls: new AbortController() };
    thread.current = current;
    current.timer = setTimeout(() => {
      // An answer that came while this process was busy elsewhere is read first.
      setImmediate(() => {
        if (thread.current === current) end(thread, `takes longer than ${deadlineMs / 1000} s to be validated`, "timeout");
      });
    }, deadlineMs);
    thread.worker.postMessage({ id, question: waiting.question });
  }

  function rest(thread: Thread): void {
    thread.idle ??= setTimeout(() => end(thread, "was idle"), idleMs).unref();
  }

  return {
    ask(question) {
      if (closed) return Promise.resolve(giveUp("cannot be validated: studio is stopping", "other"));
      if (queue.length >= maxWaiting) return Promise.resolve(giveUp("cannot be validated now: too many validations are waiting", "other"));
      return new Promise((resolve) => {
        queue.push({ question, resolve });
        next();
      });
    },
    async close() {
      closed = true;
      const workers = [...threads].map(({ worker }) => worker);
      for (const { resolve } of queue.splice(0)) resolve(giveUp("cannot be validated: studio is stopping", "other"));
      for (const thread of threads) end(thread, "cannot be validated: studio is stopping");
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
