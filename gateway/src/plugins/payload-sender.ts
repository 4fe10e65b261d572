import { type ServiceError, status } from "@grpc/grpc-js";
import { backoffMs, messageOf, sleep } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { PayloadAck, PayloadBatch } from "@portico/protocol/edge";
import type { HubSession } from "../config/hub-link.ts";
import type { PayloadQueue } from "./payload-queue.ts";

export type PayloadSender = {
  /** Says that there may be something to send, or somebody to send it to. */
  wake(): void;
  close(): Promise<void>;
};

const sendTimeoutMs = 15_000;
/** Payloads that come within this time leave together. */
const gatherMs = 20;
const backoff = { baseMs: 250, capMs: 10_000 };
/** How long a plugin's payloads wait when the hub takes no more of them for now. */
const pauseMs = 10_000;
/** A hub that is older does not take payloads; it may be upgraded. */
const olderHubMs = 60_000;

/** Delivers plugins' payloads, oldest first; each stays in the queue until the hub has it, or says that it never will. */
export function startPayloadSender({
  queue,
  session,
  logger,
}: {
  queue: PayloadQueue;
  session(): HubSession | undefined;
  logger: Logger;
}): PayloadSender {
  const stopping = new AbortController();
  const pausedUntilMs = new Map<number, number>();
  let nap = new AbortController();
  let isToldOfOlderHub = false;

  const running = (async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      nap = new AbortController();
      const open = session();
      const nowMs = performance.now();
      for (const [id, untilMs] of pausedUntilMs) if (untilMs <= nowMs) pausedUntilMs.delete(id);
      const payloads = open ? queue.oldest([...pausedUntilMs.keys()]) : [];
      if (!open || payloads.length === 0) {
        await rest(pausedUntilMs.size > 0 ? pauseMs : undefined);
        continue;
      }
      try {
        take(payloads, await send(open, payloads));
        failures = 0;
      } catch (error) {
        if (stopping.signal.aborted) break;
        if ((error as Partial<ServiceError>).code === status.UNIMPLEMENTED) {
          if (!isToldOfOlderHub) logger.warn("the hub is older and takes no payloads of plugins; keeping them");
          isToldOfOlderHub = true;
          await sleep(olderHubMs, stopping.signal);
          continue;
        }
        logger.warn("cannot deliver payloads of plugins; keeping them", { error: messageOf(error) });
        await sleep(backoffMs(failures++, backoff), stopping.signal);
      }
    }
  })();

  /** Until somebody wakes it, or the time is over. */
  async function rest(ms: number | undefined): Promise<void> {
    const signal = AbortSignal.any([nap.signal, stopping.signal]);
    if (ms === undefined) {
      if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    } else await sleep(ms, signal);
    await sleep(gatherMs, stopping.signal);
  }

  function take(payloads: PayloadBatch["payloads"], { refused }: PayloadAck): void {
    const kept = new Set<string>();
    const pluginOf = new Map(payloads.map(({ id, pluginId }) => [id, pluginId]));
    for (const { id, reason, retry } of refused) {
      const pluginId = pluginOf.get(id);
      if (pluginId === undefined) continue;
      if (retry) {
        kept.add(id);
        pausedUntilMs.set(pluginId, performance.now() + pauseMs);
      }
      logger.warn(retry ? "the hub takes a payload later" : "the hub refused a payload, which is dropped", {
        plugin_id: pluginId,
        payload: id,
        reason,
      });
    }
    queue.remove(payloads.map(({ id }) => id).filter((id) => !kept.has(id)));
  }

  function send({ client, metadata, sessionId }: HubSession, payloads: PayloadBatch["payloads"]): Promise<PayloadAck> {
    return new Promise((resolve, reject) => {
      const call = client.sendPayloads({ sessionId, payloads }, metadata, { deadline: Date.now() + sendTimeoutMs }, (error, ack) => {
        stopping.signal.removeEventListener("abort", cancel);
        if (error) reject(error);
        else resolve(ack);
      });
      const cancel = () => call.cancel();
      stopping.signal.addEventListener("abort", cancel, { once: true });
    });
  }

  const wake = () => nap.abort();
  return {
    wake,
    async close() {
      stopping.abort();
      wake();
      await running;
    },
  };
}
