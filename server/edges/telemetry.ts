import { status } from "@grpc/grpc-js";
import { recordedCost, splitNano } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { RejectedRecord, TelemetryAck, TelemetryBatch, UsageRecord } from "@portico/protocol/edge";
import { GrpcError } from "@portico/protocol/grpc-error";
import { faultOf, maxBatchCostNanoUsd, type Origin, removeForeignOwners } from "../usage/judge.ts";
import type { UsageStore } from "../usage/store.ts";

const maxRecords = 10_000;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Takes usage from edges: checked record by record, stored once, summed, announced. */
export function createTelemetry({
  store,
  announce,
  logger,
  announceMs = 1_000,
}: {
  store: UsageStore;
  /** Tells all replicas that usage was recorded. */
  announce(): Promise<void>;
  logger: Logger;
  /** Shortest time between two announcements. */
  announceMs?: number;
}) {
  let timer: NodeJS.Timeout | undefined;
  let announcedAtMs = Number.NEGATIVE_INFINITY;

  function announceSoon(): void {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        announcedAtMs = performance.now();
        announce().catch((error: unknown) => logger.warn("usage event could not be published", { error }));
      },
      Math.max(20, announcedAtMs + announceMs - performance.now()),
    );
  }

  return {
    /**
     * Stores the records that agree with what the edge was given, and returns which were rejected and why.
     * @throws GrpcError INVALID_ARGUMENT when the batch itself is malformed.
     */
    async take(edge: { edgeId: string; namespace: string }, { batchId, records, droppedBefore }: TelemetryBatch): Promise<TelemetryAck> {
      if (!uuid.test(batchId)) throw new GrpcError(status.INVALID_ARGUMENT, "batch_id must be a UUID");
      if (records.length > maxRecords) throw new GrpcError(status.INVALID_ARGUMENT, `records: must have at most ${maxRecords} per batch`);
      const { edgeId, namespace } = edge;
      const { accepted, rejected, ownerless } = judge(records, { namespace, known: await store.known(records) });
      const { duplicate, stored, usage } = await store.insertBatch({
        edgeId,
        batchId,
        records: accepted,
        judgement: { rejected: rejected.length, ownerless, reason: rejected[0]?.reason ?? "" },
      });
      if (!duplicate) {
        if (droppedBefore > 0) logger.warn("usage records lost by edge", { edge: edgeId, records: droppedBefore });
        if (rejected.length > 0)
          logger.warn("usage records rejected", { edge: edgeId, records: rejected.length, reason: rejected[0]?.reason });
        if (ownerless > 0)
          logger.warn("usage records refer to an app, LLM or user outside the edge's configuration: stored without it", {
            edge: edgeId,
            records: ownerless,
          });
      }
      if (stored > 0) announceSoon();
      return { batchId, duplicate, stored, usage, rejected };
    },

    close: () => clearTimeout(timer),
  };
}

function judge(records: UsageRecord[], origin: Origin) {
  const now = Date.now();
  const accepted: UsageRecord[] = [];
  const rejected: RejectedRecord[] = [];
  let ownerless = 0;
  let costNanoUsd = 0;
  for (const [index, record] of records.entries()) {
    const fault =
      faultOf(record, origin, now) ??
      (costNanoUsd + recordedCost(record) > maxBatchCostNanoUsd
        ? `cost_micro_usd: a batch may cost at most ${splitNano(maxBatchCostNanoUsd).microUsd}`
        : undefined);
    if (fault !== undefined) {
      rejected.push({ index, reason: `records[${index}].${fault}` });
      continue;
    }
    costNanoUsd += recordedCost(record);
    if (removeForeignOwners(record, origin)) ownerless++;
    accepted.push(record);
  }
  return { accepted, rejected, ownerless };
}
