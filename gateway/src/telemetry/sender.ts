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
/** How often a batch is sent again while its acknowledgement cannot be decoded; after that it counts as delivered. */
const unreadableTries = 3;
/** How often a batch is sent again while the hub fails on it; after that it is set aside, so that the others are delivered. */
const failedTries = 10;
/** The hub itself, not the connection, fails on these bytes. */
const failsOnBytes = new Set<status>([status.INTERNAL, status.DATA_LOSS, status.OUT_OF_RANGE]);

/** The hub has answered, and the answer cannot be decoded. */
class UnreadableAck extends Error {}

/**
 * Delivers the journal, oldest batch first; a batch leaves the journal only when the hub has acknowledged it, or when it is clear that it
 * never will. Rejected records are set aside and do not delay the others.
 */
export function startSender({
  journal,
  session,
  onAcknowledged,
  onUnreadable,
  logger,
}: {
  journal: Journal;
  session(): HubSession | undefined;
  onAcknowledged(batch: StoredBatch, ack: TelemetryAck): void;
  /** An acknowledgement could not be decoded. */
  onUnreadable(): void;
  logger: Logger;
}): Sender {
  const stopping = new AbortController();
  let woken: () => void = () => undefined;
  let isWoken = false;
  /** Attempts at the batch that is the oldest, by how they ended. */
  let tries = { batchId: "", unreadable: 0, failed: 0 };

  const running = (async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const open = session();
      const batch = open && journal.oldest();
      if (!open || !batch) {
        await idle();
        continue;
      }
      if (tries.batchId !== batch.batchId) tries = { batchId: batch.batchId, unreadable: 0, failed: 0 };
      try {
        const droppedBefore = journal.droppedUntold();
        acknowledge(batch, droppedBefore, await send(open, batch, droppedBefore));
        failures = 0;
      } catch (error) {
        if (stopping.signal.aborted) break;
        if (giveUp(batch, error)) continue;
        logger.warn("cannot deliver usage records; keeping them", { error: messageOf(error) });
        await sleep(backoffMs(failures++, backoff), stopping.signal);
      }
    }
  })();

  async function idle(): Promise<void> {
    if (!isWoken && !stopping.signal.aborted) await new Promise<void>((resolve) => (woken = resolve));
    isWoken = false;
  }

  function acknowledge(batch: StoredBatch, droppedBefore: number, ack: TelemetryAck): void {
    let stored: StoredBatch | undefined = batch;
    if (ack.rejected.length > 0) {
      const { reason } = ack.rejected[0] as TelemetryAck["rejected"][number];
      logger.error("the hub rejected usage records; they are kept in the journal", { records: ack.rejected.length, reason });
      stored = journal.setAside(batch, { reason, records: ack.rejected.map(({ index }) => index) });
    }
    if (stored) journal.remove(stored);
    journal.droppedTold(droppedBefore);
    onAcknowledged(batch, ack);
  }

  /** Ends a batch that will not be acknowledged however often it is sent. @returns false when it should be sent again. */
  function giveUp(batch: StoredBatch, error: unknown): boolean {
    const reason = messageOf(error);
    if (error instanceof UnreadableAck) {
      onUnreadable();
      if (++tries.unreadable < unreadableTries) return false;
      logger.error("acknowledgements of the hub cannot be decoded; counting the batch as delivered", {
        batch: batch.batchId,
        error: reason,
      });
      acknowledge(batch, 0, TelemetryAck.fromPartial({ batchId: batch.batchId }));
      return true;
    }
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === status.INVALID_ARGUMENT) {
      const index = /records\[(\d+)\]/.exec(reason)?.[1];
      logger.error("the hub rejected usage records; they are kept in the journal", { batch: batch.batchId, reason });
      const records = index === undefined || Number(index) >= batch.count ? undefined : [Number(index)];
      journal.setAside(batch, { reason, records });
      return true;
    }
    if (!failsOnBytes.has(code as status) || ++tries.failed < failedTries) return false;
    logger.error("the hub fails on a batch of usage records; it is kept in the journal", { batch: batch.batchId, reason });
    journal.setAside(batch, { reason });
    return true;
  }

  async function send({ client, metadata, sessionId }: HubSession, batch: StoredBatch, droppedBefore: number): Promise<TelemetryAck> {
    const head = TelemetryBatch.encode({ sessionId, batchId: batch.batchId, records: [], droppedBefore }).finish();
    // Encoded messages joined are one message with the fields of both: the records need not be decoded to be sent.
    const message = Buffer.concat([head, batch.body]);
    const { path } = EdgeServiceService.sendTelemetry;
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const onAnswer = (error: ServiceError | null, bytes?: Buffer) => {
        stopping.signal.removeEventListener("abort", cancel);
        if (error) reject(error);
        else if (bytes) resolve(bytes);
      };
      const options = { deadline: Date.now() + sendTimeoutMs };
      // Decoded here and not by the client, which would say INTERNAL of what the hub has taken.
      const asIs = (bytes: Buffer) => bytes;
      const call = client.makeUnaryRequest(path, asIs, asIs, message, metadata, options, onAnswer);
      const cancel = () => call.cancel();
      stopping.signal.addEventListener("abort", cancel, { once: true });
    });
    let ack: TelemetryAck;
    try {
      ack = TelemetryAck.decode(answer);
    } catch (error) {
      throw new UnreadableAck(`an acknowledgement cannot be decoded: ${messageOf(error)}`);
    }
    if (ack.batchId !== batch.batchId) throw new UnreadableAck(`the hub acknowledged batch "${ack.batchId}" instead of "${batch.batchId}"`);
    return ack;
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
