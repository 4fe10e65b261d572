import { type ServiceError, status } from "@grpc/grpc-js";
import { backoffMs, messageOf, sleep } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { EdgeServiceService, TelemetryAck, TelemetryBatch } from "@portico/protocol/edge";
import type { HubSession } from "../config/hub-link.ts";
import type { Journal, StoredBatch } from "./journal.ts";

export type Sender = {
  /** Says that there may be something to send, or somebody to send it to. */
  wake(): void;
  close(): Promise<void>;
};

const sendTimeoutMs = 15_000;
const backoff = { baseMs: 250, capMs: 10_000 };

/** Delivers the journal, oldest batch first; a batch leaves the journal only when the hub has acknowledged it. */
export function startSender({
  journal,
  session,
  onAcknowledged,
  logger,
}: {
  journal: Journal;
  session(): HubSession | undefined;
  onAcknowledged(batch: StoredBatch, ack: TelemetryAck): void;
  logger: Logger;
}): Sender {
  const stopping = new AbortController();
  let woken: () => void = () => undefined;
  let isWoken = false;

  const running = (async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const open = session();
      const batch = open && journal.oldest();
      if (!open || !batch) {
        await idle();
        continue;
      }
      try {
        await send(open, batch);
        failures = 0;
      } catch (error) {
        if (stopping.signal.aborted) break;
        if (isRefusal(error)) {
          logger.error("the hub refused usage records; they are lost", {
            batch: batch.batchId,
            records: batch.count,
            error: messageOf(error),
          });
          journal.discard(batch);
          continue;
        }
        logger.warn("cannot deliver usage records; keeping them", { error: messageOf(error) });
        await sleep(backoffMs(failures++, backoff), stopping.signal);
      }
    }
  })();

  async function idle(): Promise<void> {
    if (!isWoken && !stopping.signal.aborted) await new Promise<void>((resolve) => (woken = resolve));
    isWoken = false;
  }

  async function send({ client, metadata, sessionId }: HubSession, batch: StoredBatch): Promise<void> {
    const droppedBefore = journal.droppedUntold();
    const head = TelemetryBatch.encode({ sessionId, batchId: batch.batchId, records: [], droppedBefore }).finish();
    // Encoded messages joined are one message with the fields of both: the records need not be decoded to be sent.
    const message = Buffer.concat([head, batch.body]);
    const { path } = EdgeServiceService.sendTelemetry;
    const ack = await new Promise<TelemetryAck>((resolve, reject) => {
      const onAnswer = (error: ServiceError | null, answer?: TelemetryAck) => {
        stopping.signal.removeEventListener("abort", cancel);
        if (error) reject(error);
        else if (answer) resolve(answer);
      };
      const options = { deadline: Date.now() + sendTimeoutMs };
      const asIs = (bytes: Buffer) => bytes;
      const call = client.makeUnaryRequest(path, asIs, (bytes: Buffer) => TelemetryAck.decode(bytes), message, metadata, options, onAnswer);
      const cancel = () => call.cancel();
      stopping.signal.addEventListener("abort", cancel, { once: true });
    });
    if (ack.batchId !== batch.batchId) throw new Error(`the hub acknowledged batch "${ack.batchId}" instead of "${batch.batchId}"`);
    journal.remove(batch);
    journal.droppedTold(droppedBefore);
    onAcknowledged(batch, ack);
  }

  const wake = () => {
    isWoken = true;
    woken();
  };
  return {
    wake,
    async close() {
      stopping.abort();
      wake();
      await running;
    },
  };
}

const isRefusal = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === status.INVALID_ARGUMENT;
