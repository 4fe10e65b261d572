import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@portico/core/logger";
import { afterEach, expect, test } from "vitest";
import { openKvStore } from "./kv.ts";

const logger = createLogger({ write: () => undefined });

const folders: string[] = [];
afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))));

async function aStore({ quotaBytes, now }: { quotaBytes?: number; now?: () => number } = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), "portico-kv-"));
  folders.push(dataDir);
  return { dataDir, kv: openKvStore({ dataDir, logger, ...(quotaBytes ? { quotaBytes } : {}), ...(now ? { now } : {}) }) };
}

test("each plugin sees only its own keys, and what it wrote is there after a restart", async () => {
  const { kv, dataDir } = await aStore();
  expect(kv.write(1, "key", Buffer.from("one"), null)).toBe("created");
  expect(kv.write(1, "key", Buffer.from("two"), null)).toBe("replaced");
  expect(kv.read(2, "key")).toBeUndefined();
  expect(kv.delete(2, "key")).toBe(false);
  kv.close();
  const again = openKvStore({ dataDir, logger });
  expect(again.read(1, "key")?.toString()).toBe("two");
  expect(again.delete(1, "key")).toBe(true);
  expect(again.write(1, "key", Buffer.from("three"), null)).toBe("created");
  again.close();
});

test("an expired value is gone, and writing it again creates it", async () => {
  let nowMs = 1_000;
  const { kv } = await aStore({ now: () => nowMs });
  kv.write(1, "key", Buffer.from("x"), 2_000);
  expect(kv.read(1, "key")).toBeDefined();
  nowMs = 2_000;
  expect(kv.read(1, "key")).toBeUndefined();
  expect(kv.write(1, "key", Buffer.from("y"), null)).toBe("created");
  kv.close();
});

test("a plugin cannot fill the disk: its quota counts what it holds, not what it ever wrote", async () => {
  const { kv } = await aStore({ quotaBytes: 100 });
  for (let i = 0; i < 10; i++) expect(kv.write(1, "same", Buffer.alloc(80), null)).not.toBe("quota_exceeded");
  expect(kv.write(1, "more", Buffer.alloc(80), null)).toBe("quota_exceeded");
  expect(kv.write(2, "more", Buffer.alloc(80), null)).toBe("created");
  kv.delete(1, "same");
  expect(kv.write(1, "more", Buffer.alloc(80), null)).toBe("created");
  kv.close();
});
