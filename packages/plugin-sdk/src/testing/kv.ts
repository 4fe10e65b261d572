import { status } from "@grpc/grpc-js";
import { GrpcError } from "@portico/protocol/grpc-error";
import type { KvClient } from "../services.ts";

/** A key-value store in memory with the rules of the real one; give one to several plugins to play a restart or replicas. */
export type TestKv = KvClient & {
  /** Every live entry, as text. */
  entries(): Record<string, string>;
  /** Makes the next calls fail with UNAVAILABLE until set to false again. */
  setDown(isDown: boolean): void;
};

/** An empty store. */
export function createTestKv(): TestKv {
  const stored = new Map<string, { value: Buffer; expireAt: Date | undefined }>();
  let down = false;
  const live = (key: string) => {
    if (down) throw new GrpcError(status.UNAVAILABLE, "the store is down");
    const bytes = Buffer.byteLength(key);
    if (bytes < 1 || bytes > 255) throw new GrpcError(status.INVALID_ARGUMENT, "key must have 1 to 255 bytes");
    const entry = stored.get(key);
    return entry && (!entry.expireAt || entry.expireAt.getTime() > Date.now()) ? entry : undefined;
  };
  return {
    async read(key) {
      const entry = live(key);
      if (!entry) throw new GrpcError(status.NOT_FOUND, `key not found: ${key}`);
      return entry.value;
    },
    async write(key, value, expireAt) {
      const created = !live(key);
      stored.set(key, { value: Buffer.from(value), expireAt });
      return created;
    },
    async delete(key) {
      const existed = live(key) !== undefined;
      stored.delete(key);
      return existed;
    },
    entries: () => Object.fromEntries([...stored].filter(([key]) => live(key)).map(([key, { value }]) => [key, value.toString("utf8")])),
    setDown(isDown) {
      down = isDown;
    },
  };
}
