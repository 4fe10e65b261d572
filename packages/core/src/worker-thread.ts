import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { FromThread, ReplyToThread, ThreadData } from "./worker-pool.ts";

/** Calls the pool's owner and waits: the thread sleeps meanwhile. Throws what the owner refuses, and when `timeoutMs` are over. */
export type CallOwner = (name: string, args: unknown, timeoutMs: number) => unknown;

/** Makes this module a thread of a pool. */
export function answerQuestions<Question, Answer>(answer: (question: Question, call: CallOwner) => Answer): void {
  const { replies, signal } = workerData as ThreadData;
  let lastCall = 0;
  const send = (message: FromThread<Answer>) => parentPort?.postMessage(message);

  parentPort?.on("message", ({ id, question }: { id: number; question: Question }) => {
    const call: CallOwner = (name, args, timeoutMs) => {
      const number = ++lastCall;
      const until = performance.now() + timeoutMs;
      Atomics.store(signal, 0, 0);
      send({ id, call: { number, name, args } });
      for (;;) {
        const reply = receiveMessageOnPort(replies)?.message as ReplyToThread | undefined;
        if (reply?.number === number) {
          if (reply.error !== undefined) throw new Error(reply.error);
          return reply.value;
        }
        if (reply) continue;
        if (Atomics.wait(signal, 0, 0, Math.max(0, until - performance.now())) === "timed-out")
          throw new Error(`${name} did not answer in time`);
        Atomics.store(signal, 0, 0);
      }
    };
    send({ id, answer: answer(question, call) });
  });
  send("ready");
}
