import type { PluginRuntime } from "@portico/protocol";
import type { MicrogatewayManagementServiceService } from "@portico/protocol/gateway-management";
import type { AIStudioManagementServiceService } from "@portico/protocol/studio-management";
import type { ServiceClient } from "./wire/client.ts";

/** When a stored value is forgotten: after a time, or at a moment; absent: never. */
export type KvExpiry = {
  /** Milliseconds from now. */
  ttlMs?: number;
  expireAt?: Date;
};

/**
 * The plugin's own key-value store (scope `kv.readwrite`). Keys are 1 to 255 bytes, values at most 4 MB. Studio's store
 * is shared by all its replicas; each gateway has its own. Every operation takes at most ten seconds.
 */
export type Kv = {
  /** The stored bytes, or undefined when there are none or they have expired. */
  read(key: string): Promise<Buffer | undefined>;
  /** Stores text or bytes; true when the key did not exist before. */
  write(key: string, value: string | Uint8Array, expiry?: KvExpiry): Promise<boolean>;
  /** The stored JSON value, or undefined; throws when what is stored is not JSON. */
  getJson<T>(key: string): Promise<T | undefined>;
  /** Stores a value as JSON; true when the key did not exist before. */
  setJson(key: string, value: unknown, expiry?: KvExpiry): Promise<boolean>;
  /** Forgets a key; true when it existed. */
  delete(key: string): Promise<boolean>;
};

/** Writes to the plugin's log in the host. Never pass secrets, bodies or headers. */
export type PluginLogger = {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
};

/** Where an event goes besides this host: nowhere, from an edge to the control plane, or from there to the edges. */
export type EventDirection = "local" | "up" | "down";

/** An event of the host's bus. */
export type PluginEvent = { id: string; topic: string; origin: string; direction: EventDirection; payload: Buffer; json<T>(): T };

/** The host's event bus. On a host without one, publishing does nothing and subscribing never delivers. */
export type Events = {
  /** Sends a JSON value; default direction is `local`. */
  publish(topic: string, payload: unknown, direction?: EventDirection): Promise<void>;
  publishLocal(topic: string, payload: unknown): Promise<void>;
  /** To the control plane, from an edge. */
  publishUp(topic: string, payload: unknown): Promise<void>;
  /** To every connected edge, from the control plane. */
  publishDown(topic: string, payload: unknown): Promise<void>;
  /**
   * Calls `handler` for every event of exactly this topic, or of all topics for `"*"`. Reconnects by itself; events of
   * the time in between are lost. `close()` ends it.
   */
  subscribe(topic: string, handler: (event: PluginEvent) => void | Promise<void>): { close(): void };
};

/** The control plane's service API; each rpc needs the scope that the plugin guide lists. */
export type StudioClient = ServiceClient<typeof AIStudioManagementServiceService>;
/** An edge gateway's service API. */
export type GatewayClient = ServiceClient<typeof MicrogatewayManagementServiceService>;

/** What the host offers to its plugins. */
export type Services = {
  kv: Kv;
  logger: PluginLogger;
  events: Events;
  /** Null under a gateway. */
  studio: StudioClient | null;
  /** Null under Studio. */
  gateway: GatewayClient | null;
};

/** Everything a handler knows besides its own argument. Ids are 0 and texts "" where they do not apply. */
export type PluginContext<Config = Record<string, unknown>> = {
  /** Which host runs this process. */
  runtime: PluginRuntime;
  /** The plugin's settings, typed and with defaults; in the hooks of a request those that hold for its LLM. */
  config: Config;
  /** The plugin's id in the control plane; the same on every host. */
  pluginId: number;
  requestId: string;
  appId: number;
  userId: number;
  llmId: number;
  llmSlug: string;
  vendor: string;
  edgeId: string;
  edgeNamespace: string;
  metadata: Record<string, string>;
  traceContext: Record<string, string>;
  services: Services;
  /** Aborted when the host no longer waits: it cancelled, or its deadline passed. Hand it to `fetch`. */
  signal: AbortSignal;
};
