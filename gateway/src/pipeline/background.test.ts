import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@portico/core/logger";
import { UsageRecord } from "@portico/protocol/edge";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { createBackgroundCalls } from "./background.ts";

afterEach(() => void vi.useRealTimers());

async function aFolder() {
  const dataDir = await mkdtemp(join(tmpdir(), "background-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

const logger = createLogger({ level: "error" });

test("a call whose result nobody reads is charged its estimate after six hours, over a restart, and what it held is released", async () => {
  vi.useFakeTimers({ now: 1_000_000 });
  const dataDir = await aFolder();
  const charged: string[] = [];
  let released = 0;
  const open = () => createBackgroundCalls({ dataDir, now: Date.now, charge: ({ requestId }) => charged.push(requestId), logger });
  const first = open();
  const reservation = { release: () => void released++ };
  first.defer(UsageRecord.fromPartial({ requestId: "a", promptTokens: 5 }), reservation);
  vi.advanceTimersByTime(3 * 60 * 60_000);
  first.defer(UsageRecord.fromPartial({ requestId: "b" }), reservation);
  first.defer(UsageRecord.fromPartial({ requestId: "c" }), reservation);
  expect(first.take("c")?.requestId).toBe("c");
  expect(first.take("c")).toBeUndefined();
  expect(released).toBe(1);
  vi.advanceTimersByTime(3 * 60 * 60_000);
  expect(charged).toEqual(["a"]);
  expect(released).toBe(2);
  expect(first.isCharged("a")).toBe(true);
  first.close();
  const second = open();
  vi.advanceTimersByTime(3 * 60 * 60_000);
  expect(charged).toEqual(["a", "b"]);
  second.close();
});
