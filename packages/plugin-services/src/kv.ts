import { status } from "@grpc/grpc-js";
import { GrpcError } from "@portico/protocol/grpc-error";
import type { PluginCaller } from "./callers.ts";
import type { Operation } from "./operation.ts";

export const maxKeyBytes = 255;
export const maxValueBytes = 5 * 1024 * 1024;
/** A plugin that keeps its state here calls often, and each call is small. */
const cost = 0.1;

/** Where a host keeps the data of its plugins. */
export type KvPort = {
  read(pluginId: number, key: string): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** @returns whether the key held nothing before. @throws GrpcError RESOURCE_EXHAUSTED when the plugin's quota is used up. */
  write(pluginId: number, key: string, value: Buffer, expiresAt: Date | null): boolean | Promise<boolean>;
  /** @returns whether there was something to delete. */
  delete(pluginId: number, key: string): boolean | Promise<boolean>;
};

const invalid = (message: string) => new GrpcError(status.INVALID_ARGUMENT, message);

function checkKey(key: string): void {
  if (key === "") throw invalid("key is required");
  if (Buffer.byteLength(key) > maxKeyBytes) throw invalid(`key is longer than ${maxKeyBytes} bytes`);
  if (key.includes("\0")) throw invalid("key contains a NUL character");
}

type Call = { plugin: PluginCaller };
type Key = { key: string };

/** A plugin's own data: kept apart by the id of its socket. Both hosts name these rpcs and their fields alike. */
export const kvOperations = (kv: KvPort): Operation<Call>[] => [
  {
    rpc: "writePluginKv",
    scope: "kv.readwrite",
    cost,
    async handle({ plugin }: Call, { key, value, expireAt }: Key & { value: Buffer; expireAt?: Date | undefined }) {
      checkKey(key);
      if (value.length > maxValueBytes) throw invalid(`value is larger than ${maxValueBytes} bytes`);
      if (expireAt && Number.isNaN(expireAt.getTime())) throw invalid("expire_at is not a time");
      return { created: await kv.write(plugin.id, key, value, expireAt ?? null), message: "" };
    },
  },
  {
    rpc: "readPluginKv",
    scope: "kv.readwrite",
    cost,
    async handle({ plugin }: Call, { key }: Key) {
      checkKey(key);
      const value = await kv.read(plugin.id, key);
      if (!value) throw new GrpcError(status.NOT_FOUND, `key not found: ${key}`);
      return { value, message: "" };
    },
  },
  {
    rpc: "deletePluginKv",
    scope: "kv.readwrite",
    cost,
    async handle({ plugin }: Call, { key }: Key) {
      checkKey(key);
      return { deleted: await kv.delete(plugin.id, key), message: "" };
    },
  },
];
