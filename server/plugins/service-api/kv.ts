import { status } from "@grpc/grpc-js";
import type { KvPort } from "@portico/plugin-services";
import { GrpcError } from "@portico/protocol/grpc-error";
import type { KvStore } from "./kv-store.ts";

const rowBytes = 200;
/** How long a known total is trusted; other replicas may have written meanwhile, so the quota may be passed by a little. */
const totalTrustMs = 10_000;

/** A plugin's own data: bounded, really gone when deleted. */
export function createKv({ store, quotaBytes, now = Date.now }: { store: KvStore; quotaBytes: number; now?: () => number }): KvPort {
  const totals = new Map<number, { bytes: number; at: number }>();

  async function reserve(pluginId: number, bytes: number): Promise<void> {
    let total = totals.get(pluginId);
    if (!total || now() - total.at > totalTrustMs || total.bytes + bytes > quotaBytes) {
      total = { bytes: await store.size(pluginId), at: now() };
      totals.set(pluginId, total);
    }
    if (total.bytes + bytes > quotaBytes)
      throw new GrpcError(status.RESOURCE_EXHAUSTED, `the plugin's quota of ${quotaBytes} bytes is used up; delete something first`);
    // Counted in full also where a value is replaced: the next fresh total is exact again.
    total.bytes += bytes;
  }

  return {
    async write(pluginId, key, value, expiresAt) {
      await reserve(pluginId, value.length + Buffer.byteLength(key) + rowBytes);
      return store.write(pluginId, key, value, expiresAt);
    },
    read: store.read,
    delete: store.delete,
  };
}
