import { TelemetryBatch, type UsageRecord } from "@portico/protocol/edge";
import { expect, test } from "vitest";
import { RecordWriter } from "./record-writer.ts";

const texts = [
  "",
  "proxy",
  "req_mb2k3j4kabc",
  "/v1/chat/completions",
  "modèle-東京-🚀",
  "\ud800 alone",
  "\0",
  "x".repeat(127),
  "é".repeat(64),
  "y".repeat(9_000),
];
const numbers = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const large = [...numbers, 2 ** 32, 2 ** 42 + 5, Number.MAX_SAFE_INTEGER];
const times = [0, 0.1, 3.25, 1e9, -1];

/** Every value of each field at some time, and in other company each time. */
const record = (n: number): UsageRecord => {
  const pick = <T>(values: readonly T[], salt: number) => values[(n * salt + (n >> 3) + salt) % values.length] as T;
  return {
    requestId: pick(texts, 1),
    startedAtMs: pick(large, 3),
    appId: pick(numbers, 5),
    userId: pick(numbers, 7),
    llmId: pick(numbers, 11),
    vendor: pick(texts, 3),
    model: pick(texts, 7),
    outcome: pick(texts, 9),
    statusCode: pick([0, 200, 499, 999], 1),
    reason: pick(texts, 11),
    streamed: n % 2 === 1,
    durationMs: pick(times, 1),
    firstByteMs: pick(times, 2),
    pluginMs: pick(times, 3),
    promptTokens: pick(large, 5),
    responseTokens: pick(large, 7),
    cacheWriteTokens: pick(large, 11),
    cacheReadTokens: pick(large, 13),
    costMicroUsd: pick(large, 17),
    requestBytes: pick(large, 19),
    responseBytes: pick(large, 23),
    path: pick(texts, 13),
    interaction: pick(texts, 17),
    usageEstimated: n % 3 === 1,
    costNanoUsd: pick([undefined, ...large], 3),
    cacheWriteHourTokens: pick(large, 29),
  };
};

test("writes what the generated code of the protocol writes, byte for byte", () => {
  const records = Array.from({ length: 2_000 }, (_, n) => record(n));
  const writer = new RecordWriter();
  for (const one of records) {
    // One by one, so that a difference says where it is.
    const alone = new RecordWriter();
    alone.add(one);
    expect(alone.bytes().equals(TelemetryBatch.encode(TelemetryBatch.fromPartial({ records: [one] })).finish()), JSON.stringify(one)).toBe(
      true,
    );
    writer.add(one);
  }
  expect(writer.count).toBe(records.length);
  expect(TelemetryBatch.decode(writer.bytes()).records).toEqual(
    records.map((one) => ({
      ...one,
      requestId: one.requestId.toWellFormed(),
      vendor: one.vendor.toWellFormed(),
      model: one.model.toWellFormed(),
      outcome: one.outcome.toWellFormed(),
      reason: one.reason.toWellFormed(),
      path: one.path.toWellFormed(),
      interaction: one.interaction.toWellFormed(),
    })),
  );
  writer.clear();
  writer.add(records[3] as UsageRecord);
  expect(TelemetryBatch.decode(writer.bytes()).records).toHaveLength(1);
});

test("an amount that the protocol has no number for cannot keep the others from being written", () => {
  const writer = new RecordWriter();
  for (const odd of [Number.NaN, -5, 1e300, Number.POSITIVE_INFINITY, 2.6]) writer.add({ ...record(1), promptTokens: odd });
  expect(TelemetryBatch.decode(writer.bytes()).records.map((one) => one.promptTokens)).toEqual([
    0,
    0,
    Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
    3,
  ]);
});
