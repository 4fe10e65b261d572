import { status } from "@grpc/grpc-js";
import type { Logger } from "@portico/core/logger";
import type { TelemetryAck, TelemetryBatch, UsageRecord } from "@portico/protocol/edge";
import { RpcError } from "./rpc-error.ts";
import type { UsageStore } from "./usage-store.ts";

const maxRecords = 10_000;
/** What one request can plausibly reach; beyond it the record is broken. */
const maxAmount = 1e12;
const maxInt = 2_147_483_647;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const outcomes = new Set(["completed", "failed", "aborted", "blocked"]);
const interactions = new Set(["proxy", "studio"]);

const dayMs = 86_400_000;
/** How long single requests are kept; their sums are kept longer. */
const recordsKeptMs = 90 * dayMs;
/** How long a batch is remembered, and so how late an edge may send it again. */
const batchesKeptMs = 30 * dayMs;
const trimChunk = 5_000;
const trimChunks = 200;

/** Takes usage from edges: judged, stored once, summed, announced. */
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
  let announcedAt = 0;

  function announceSoon(): void {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        announcedAt = Date.now();
        announce().catch((error: unknown) => logger.warn("cannot announce usage", { error }));
      },
      Math.max(20, announcedAt + announceMs - Date.now()),
    );
  }

  return {
    /** @throws RpcError INVALID_ARGUMENT naming the record that is malformed. */
    async take(edgeId: string, { batchId, records, droppedBefore }: TelemetryBatch): Promise<TelemetryAck> {
      if (!uuid.test(batchId)) throw new RpcError(status.INVALID_ARGUMENT, "batch_id must be a UUID");
      if (records.length > maxRecords) throw new RpcError(status.INVALID_ARGUMENT, `records: a batch takes at most ${maxRecords}`);
      const now = Date.now();
      for (const [index, record] of records.entries()) judge(record, index, now);
      const { duplicate, stored, usage } = await store.insertBatch({ edgeId, batchId, records });
      if (droppedBefore > 0 && !duplicate) logger.warn("an edge has lost usage records", { edge: edgeId, records: droppedBefore });
      if (stored > 0) announceSoon();
      return { batchId, duplicate, stored, usage };
    },

    /** Deletes what has been kept long enough, in small steps. */
    async trim(): Promise<void> {
      for (const [table, keptMs] of [
        ["usage_records", recordsKeptMs],
        ["telemetry_batches", batchesKeptMs],
      ] as const) {
        const olderThan = new Date(Date.now() - keptMs);
        for (let chunk = 0; chunk < trimChunks; chunk++) {
          if ((await store.deleteOld(table, olderThan, trimChunk)) < trimChunk) break;
        }
      }
    },

    close: () => clearTimeout(timer),
  };
}

/** Checks what the edge itself wrote; shortens what came from its clients, which must not make a batch undeliverable. */
function judge(record: UsageRecord, index: number, nowMs: number): void {
  const refuse = (field: string, rule: string): never => {
    throw new RpcError(status.INVALID_ARGUMENT, `records[${index}].${field} ${rule}`);
  };
  if (record.requestId === "" || record.requestId.length > 200 || record.requestId.includes("\0"))
    refuse("request_id", "must be 1 to 200 characters");
  if (record.startedAtMs <= 0) refuse("started_at_ms", "must be a time");
  if (!outcomes.has(record.outcome)) refuse("outcome", `must be one of ${[...outcomes].join(", ")}`);
  if (!interactions.has(record.interaction)) refuse("interaction", `must be one of ${[...interactions].join(", ")}`);
  if (record.statusCode > 999) refuse("status_code", "must be an HTTP status");
  for (const id of ["appId", "userId", "llmId"] as const) if (record[id] > maxInt) refuse(snake(id), "is not an id");
  for (const time of ["durationMs", "firstByteMs", "pluginMs"] as const)
    if (!(record[time] >= 0 && record[time] <= maxAmount)) refuse(snake(time), "must be a duration in milliseconds");
  for (const amount of [
    "promptTokens",
    "responseTokens",
    "cacheWriteTokens",
    "cacheReadTokens",
    "costMicroUsd",
    "requestBytes",
    "responseBytes",
  ] as const)
    if (!(record[amount] >= 0 && record[amount] <= maxAmount)) refuse(snake(amount), `must be from 0 to ${maxAmount}`);
  // An edge's clock may be ahead; nothing happens in the future.
  record.startedAtMs = Math.min(record.startedAtMs, nowMs);
  record.vendor = text(record.vendor, 64);
  record.model = text(record.model, 256);
  record.reason = text(record.reason, 200);
  record.path = text(record.path, 500);
}

const text = (value: string, max: number): string => (value.includes("\0") ? value.replaceAll("\0", "") : value).slice(0, max);
const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
