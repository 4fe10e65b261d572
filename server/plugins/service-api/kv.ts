import { status } from "@grpc/grpc-js";
import { type Handlers, invalidArgument, missing, ServiceError } from "./dispatcher.ts";
import type { KvStore } from "./kv-store.ts";

export const maxKeyBytes = 255;
export const maxValueBytes = 5 * 1024 * 1024;
const rowBytes = 200;
/** How long a known total is trusted; other replicas may have written meanwhile, so the quota may be passed by a little. */
const totalTrustMs = 10_000;

function checkKey(key: string): void {
  if (key === "") throw invalidArgument("key is required");
  if (Buffer.byteLength(key) > maxKeyBytes) throw invalidArgument(`key is longer than ${maxKeyBytes} bytes`);
  if (key.includes("\0")) throw invalidArgument("key contains a NUL character");
}

/** A plugin's own data: kept apart by the id of its socket, bounded, really gone when deleted. */
export function kvHandlers({ kv, quotaBytes, now = Date.now }: { kv: KvStore; quotaBytes: number; now?: () => number }): Handlers {
  const totals = new Map<number, { bytes: number; at: number }>();

  async function reserve(pluginId: number, bytes: number): Promise<void> {
    let total = totals.get(pluginId);
    if (!total || now() - total.at > totalTrustMs || total.bytes + bytes > quotaBytes) {
      total = { bytes: await kv.size(pluginId), at: now() };
      totals.set(pluginId, total);
    }
    if (total.bytes + bytes > quotaBytes)
      throw new ServiceError(status.RESOURCE_EXHAUSTED, `the plugin's quota of ${quotaBytes} bytes is used up; delete something first`);
    // Counted in full also where a value is replaced: the next fresh total is exact again.
    total.bytes += bytes;
  }

  return {
    async writePluginKv({ id }, { key, value, expireAt }) {
      checkKey(key);
      if (value.length > maxValueBytes) throw invalidArgument(`value is larger than ${maxValueBytes} bytes`);
      if (expireAt && Number.isNaN(expireAt.getTime())) throw invalidArgument("expire_at is not a time");
      await reserve(id, value.length + Buffer.byteLength(key) + rowBytes);
      const created = await kv.write(id, key, value, expireAt ?? null);
      return { created, message: "" };
    },
    async readPluginKv({ id }, { key }) {
      checkKey(key);
      const value = await kv.read(id, key);
      if (!value) throw missing(`key not found: ${key}`);
      return { value, message: "" };
    },
    async deletePluginKv({ id }, { key }) {
      checkKey(key);
      return { deleted: await kv.delete(id, key), message: "" };
    },
  };
}
