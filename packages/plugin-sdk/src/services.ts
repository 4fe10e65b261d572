import { type Client, status } from "@grpc/grpc-js";
import { messageOf, sleep } from "@portico/core";
import type { PluginRuntime } from "@portico/protocol";
import type { MicrogatewayManagementServiceService } from "@portico/protocol/gateway-management";
import type { AIStudioManagementServiceService } from "@portico/protocol/studio-management";
import type { GatewayClient, Kv, PluginLogger, Services, StudioClient } from "./context.ts";
import { createEvents } from "./events.ts";
import type { Broker } from "./wire/broker.ts";
import { carryToken, createServiceClient, openChannel } from "./wire/client.ts";

const kvTimeoutMs = 10_000;
const dialAttempts = 5;

const codeOf = (error: unknown): number | undefined =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "number" ? error.code : undefined;

/** The three operations of a key-value store, which both hosts serve alike. */
export type KvClient = {
  read(key: string): Promise<Buffer>;
  write(key: string, value: Buffer, expireAt: Date | undefined): Promise<boolean>;
  delete(key: string): Promise<boolean>;
};

const settings = { timeoutMs: kvTimeoutMs };
function kvOf(studio: StudioClient | null, gateway: GatewayClient | null): KvClient {
  const host = studio ?? gateway;
  if (!host) throw new Error("There is neither a Studio nor a gateway to keep data in.");
  return {
    read: async (key) => (await host.readPluginKv({ key }, settings)).value,
    write: async (key, value, expireAt) => (await host.writePluginKv({ key, value, expireAt }, settings)).created,
    delete: async (key) => (await host.deletePluginKv({ key }, settings)).deleted,
  };
}

/** Services, and what only the serving side of the SDK does with them. */
export type HostServices = Services & {
  /** Names the broker id behind which the host serves its API. */
  useBroker(id: number): void;
  close(): Promise<void>;
};

/** The key-value store on top of either host's service API. */
export function createKv(client: KvClient): Kv {
  const kv: Kv = {
    async read(key) {
      try {
        return await client.read(key);
      } catch (error) {
        if (codeOf(error) === status.NOT_FOUND) return undefined;
        throw error;
      }
    },
    async write(key, value, { ttlMs, expireAt } = {}) {
      const at = ttlMs === undefined ? expireAt : new Date(Date.now() + ttlMs);
      return client.write(key, Buffer.from(value), at);
    },
    async getJson<T>(key: string) {
      const bytes = await kv.read(key);
      return bytes === undefined ? undefined : (JSON.parse(bytes.toString("utf8")) as T);
    },
    setJson: (key, value, expiry) => kv.write(key, JSON.stringify(value), expiry),
    async delete(key) {
      try {
        return await client.delete(key);
      } catch (error) {
        if (codeOf(error) === status.NOT_FOUND) return false;
        throw error;
      }
    },
  };
  return kv;
}

/** One line per entry on stderr, `[LEVEL] message {fields}`, which every go-plugin host understands. */
export function createPluginLogger(write: (line: string) => void = (line) => void process.stderr.write(line)): PluginLogger {
  const at = (level: string) => (message: string, fields?: Record<string, unknown>) => {
    const more = fields && Object.keys(fields).length > 0 ? ` ${safeJson(fields)}` : "";
    write(`[${level}] ${message}${more}`.replaceAll(/[\r\n]+/g, "\\n").concat("\n"));
  };
  return { debug: at("DEBUG"), info: at("INFO"), warn: at("WARN"), error: at("ERROR") };
}

function safeJson(fields: Record<string, unknown>): string {
  try {
    return JSON.stringify(fields, (_, value) =>
      value instanceof Error ? value.message : typeof value === "bigint" ? String(value) : value,
    );
  } catch (error) {
    return JSON.stringify({ unprintable: messageOf(error) });
  }
}

/** Opens one connection to the host's service API when it is first needed, and keeps it. */
function createConnection(broker: Broker, token: string, brokerId: () => number) {
  let channel: Promise<Client> | undefined;
  async function dial(): Promise<Client> {
    for (let attempt = 0; ; attempt++) {
      const id = brokerId();
      try {
        if (id === 0) throw new Error("This host offers no service API.");
        return openChannel(await broker.resolve(id), token === "" ? {} : { interceptors: [carryToken(token)] });
      } catch (error) {
        if (id === 0 || attempt + 1 >= dialAttempts) throw error;
        await sleep(50 * (attempt + 1));
      }
    }
  }
  return {
    get isOpen() {
      return channel !== undefined;
    },
    connect(): Promise<Client> {
      channel ??= dial().catch((error) => {
        channel = undefined;
        throw error;
      });
      return channel;
    },
    async close() {
      const opened = await channel?.catch(() => undefined);
      opened?.close();
    },
  };
}

/** The stubs of this host's service API; they are large, so a process loads only its own host's. */
export type ServiceApi =
  | { runtime: "studio"; definition: typeof AIStudioManagementServiceService }
  | { runtime: "gateway"; definition: typeof MicrogatewayManagementServiceService };
export async function loadServiceApi(runtime: PluginRuntime): Promise<ServiceApi> {
  return runtime === "studio"
    ? { runtime, definition: (await import("@portico/protocol/studio-management")).AIStudioManagementServiceService }
    : { runtime, definition: (await import("@portico/protocol/gateway-management")).MicrogatewayManagementServiceService };
}

/** The host's services for this process. */
export function createServices({
  api,
  broker,
  logger,
  pluginId,
  token,
}: {
  api: ServiceApi;
  broker: Broker;
  logger: PluginLogger;
  pluginId: () => number;
  /** Shown to the host in every call; "" for hosts that gave none. */
  token: string;
}): HostServices {
  let brokerId = 0;
  const connection = createConnection(broker, token, () => brokerId);
  const base = () => ({ context: { pluginId: pluginId(), methodScope: "" } });
  const studio = api.runtime === "studio" ? createServiceClient(api.definition, connection.connect, base) : null;
  const gateway = api.runtime === "gateway" ? createServiceClient(api.definition, connection.connect, base) : null;
  const events = createEvents({ connect: connection.connect, logger, pluginId });
  return {
    kv: createKv(kvOf(studio, gateway)),
    logger,
    events,
    studio,
    gateway,
    // A later id replaces the first only until a connection stands: all calls share one.
    useBroker(id) {
      if (id > 0 && !connection.isOpen) brokerId = id;
    },
    async close() {
      events.close();
      await connection.close();
    },
  };
}
