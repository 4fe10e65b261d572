import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Logger, LogLevel } from "@portico/core/logger";
import type { PluginRuntime } from "@portico/protocol";
import type { PluginServiceService } from "@portico/protocol/plugin";

/** What a plugin process should be. A change of command, checksum, config or generation replaces it. */
export type PluginSpec = {
  id: number;
  name: string;
  slug: string;
  /** `file:///path` or a path; exactly one executable, no arguments. */
  command: string;
  /** Hex SHA-256 of the executable; "" accepts any content. */
  checksum: string;
  /** What `inspect` answered when the plugin was approved; code that hashes to anything else is not started. Absent or "" accepts any code. */
  codeHash?: string | undefined;
  /** A plugin under development: its code may change, so `codeHash` is not compared. */
  dev?: boolean | undefined;
  config: Record<string, unknown>;
  /** Raised to get a new process although nothing else changed. */
  generation: number;
};

/** A service the host offers to a plugin over the broker, as grpc-js takes it. */
export type GrpcService = { definition: ServiceDefinition; implementation: UntypedServiceImplementation };

/** `unhealthy` waits for its next start after a crash; `failed` crashed too often or was refused, and is still retried now and then. */
export type PluginState = "starting" | "healthy" | "unhealthy" | "failed" | "stopped";

/**
 * What keeps a process from the host and from other plugins: a user of its own, namespaces of its own under the host's user, or nothing
 * but good manners.
 */
export type Isolation = "user" | "namespace" | "none";

export type PluginStatus = {
  id: number;
  state: PluginState;
  /** Why the plugin is not healthy. Of a healthy one: why the last change was not applied; the process from before it still runs then. */
  error: string;
  /** A change is being applied; until the new process is healthy, the one from before it runs. */
  isChanging: boolean;
  /** Starts after the first one of this spec. */
  restarts: number;
  startedAt: Date | null;
  lastPingAt: Date | null;
  pid: number | null;
  /** Of the running process; null without one. */
  isolation: Isolation | null;
  /** What an administrator should know about how the process runs; "" when there is nothing. */
  note: string;
  /** Of the last spec that was tried to the end, however that ended. */
  generation: number;
};

/** `seq` grows by one for each line of a plugin, across restarts. */
export type LogLine = { seq: number; at: Date; stream: "stdout" | "stderr" | "host"; level: LogLevel; text: string };

type Definitions = typeof PluginServiceService;

/** Request and response of every unary method of `plugin.PluginService`, under its generated name. */
export type PluginUnaryMethods = {
  [M in keyof Definitions as Definitions[M]["responseStream"] extends false ? M : never]: {
    request: Parameters<Definitions[M]["requestSerialize"]>[0];
    response: ReturnType<Definitions[M]["responseDeserialize"]>;
  };
};

/** The same for the server-streaming methods. */
export type PluginStreamMethods = {
  [M in keyof Definitions as Definitions[M]["responseStream"] extends true ? M : never]: {
    request: Parameters<Definitions[M]["requestSerialize"]>[0];
    response: ReturnType<Definitions[M]["responseDeserialize"]>;
  };
};

export type CallOptions = {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** The largest answer that is taken; 4 MiB unless given. */
  maxBytes?: number | undefined;
};

export type StreamOptions = {
  /** For the whole stream. */
  timeoutMs: number;
  /** For each message that the reader waits for. */
  idleTimeoutMs: number;
  signal?: AbortSignal | undefined;
};

/** Figures of one rpc since the host first ran the plugin. */
export type RpcMetrics = {
  calls: number;
  /** Of `calls`: ended with any error; `timeouts` of them passed their deadline. */
  errors: number;
  timeouts: number;
  /** Not sent at all: too many in flight, the circuit breaker is open, or the process is going away. */
  refused: number;
  /** `counts[i]` calls took at most `bounds[i]`, and more than the bound before it; the last one counts everything slower. */
  latencyMs: { bounds: number[]; counts: number[]; sum: number };
};

/** One connected process. Stays valid as a value after the process is gone; its calls then reject. */
export type RunningPlugin = {
  readonly id: number;
  readonly spec: PluginSpec;
  /** Id under which the plugin reaches the host's services; belongs in `service_broker_id` of requests. */
  readonly brokerId: number;
  /**
   * Calls a unary method.
   * @throws AppError plugin_timeout (deadline passed), plugin_unavailable (no process, too many calls in flight), plugin_failed (the
   * plugin answered with an error; `meta.grpcCode` holds the gRPC status, `meta.detail` the plugin's own words).
   */
  call<M extends keyof PluginUnaryMethods>(
    method: M,
    request: PluginUnaryMethods[M]["request"],
    options: CallOptions,
  ): Promise<PluginUnaryMethods[M]["response"]>;
  /**
   * Calls a server-streaming method; the call begins with the first read and ends when the loop over it is left.
   * @throws AppError like `call`, from the read during which it happens.
   */
  stream<M extends keyof PluginStreamMethods>(
    method: M,
    request: PluginStreamMethods[M]["request"],
    options: StreamOptions,
  ): AsyncIterable<PluginStreamMethods[M]["response"]>;
};

/** Every duration and limit of supervision; the defaults are the product's. */
export type Timings = {
  handshakeTimeoutMs: number;
  initializeTimeoutMs: number;
  /** Bound of the caller's `onReady`. */
  readyTimeoutMs: number;
  /** How long a plugin holds one OpenSession call. */
  sessionTimeoutMs: number;
  sessionRetryMs: number;
  /** Between two announcements of the way back; more than the 5 s a plugin remembers one, as two must not be pending at once. */
  announceEveryMs: number;
  pingIntervalMs: number;
  pingTimeoutMs: number;
  /** Pings missed in a row before the process is replaced. */
  pingMisses: number;
  /** Calls waiting this long without any answer are reason for a ping before it is due. */
  hangAfterMs: number;
  /** A ping unanswered for this long while calls wait makes the plugin unhealthy; a new process is started. */
  unresponsiveAfterMs: number;
  restartBaseMs: number;
  restartCapMs: number;
  /** A process that lived this long starts with a clean record. */
  healthyAfterMs: number;
  /** Crashes in a row after which the plugin counts as failed and is retried at the cap. */
  crashesUntilFailed: number;
  /** Between two looks at whether the file of a plugin that could not be started was replaced. */
  fileCheckMs: number;
  /** Calls of one rpc in a row that were not answered, after which it is refused for `breakerOpenMs`. */
  breakerFailures: number;
  breakerOpenMs: number;
  closeSessionTimeoutMs: number;
  /** Sent to the plugin as Shutdown's timeout, in whole seconds. */
  shutdownTimeoutMs: number;
  /** Between GRPCController.Shutdown and SIGKILL. */
  exitGraceMs: number;
  /** How long calls in flight may still finish when their plugin is stopped. */
  drainTimeoutMs: number;
};

export const defaultTimings: Timings = {
  handshakeTimeoutMs: 60_000,
  initializeTimeoutMs: 30_000,
  readyTimeoutMs: 30_000,
  // Plugins in Go write several lines at each renewal; pings notice a process that hangs.
  sessionTimeoutMs: 600_000,
  sessionRetryMs: 1_000,
  announceEveryMs: 5_500,
  pingIntervalMs: 10_000,
  pingTimeoutMs: 5_000,
  pingMisses: 3,
  hangAfterMs: 1_000,
  unresponsiveAfterMs: 3_000,
  restartBaseMs: 500,
  restartCapMs: 60_000,
  healthyAfterMs: 60_000,
  crashesUntilFailed: 5,
  fileCheckMs: 2_000,
  breakerFailures: 10,
  breakerOpenMs: 5_000,
  closeSessionTimeoutMs: 5_000,
  shutdownTimeoutMs: 5_000,
  exitGraceMs: 2_000,
  drainTimeoutMs: 5_000,
};

export type PluginHostOptions = {
  runtime: PluginRuntime;
  logger: Logger;
  /** Services brokered to one plugin. Served on a socket of that plugin alone, so the id needs no proof from the caller. */
  services: (pluginId: number) => GrpcService[];
  /** Folders an executable must lie in after symlinks are resolved; undefined allows every folder. */
  allowedDirs?: string[] | undefined;
  /**
   * `auto` isolates processes as well as the system allows and says so where it does not; `required` starts none that is not isolated;
   * `off` runs them as the host's user.
   */
  isolation?: "auto" | "required" | "off" | undefined;
  /** Folders that plugins have no business in; hidden where they run as the host's user. */
  hiddenDirs?: string[] | undefined;
  /** Names of variables that plugins inherit besides the usual ones. */
  passEnvironment?: string[] | undefined;
  timings?: Partial<Timings> | undefined;
  /** Runs after Initialize and before the plugin counts as healthy; a rejection is a failed start. */
  onReady?: ((plugin: RunningPlugin) => Promise<void>) | undefined;
  onState?: ((status: PluginStatus) => void) | undefined;
};

export type Inspection = {
  /** "" when the plugin is older than manifests. */
  manifest: string;
  configSchema: string;
  /** SHA-256 in hex: of a binary the file, of a script its folder without installed dependencies. */
  codeHash: string;
};

export type PluginHost = {
  /**
   * Makes the running processes match the specs. A changed plugin keeps its process until the new one is healthy; one that cannot be
   * started leaves it running. Settles when every changed plugin has finished its first attempt to start or its stop; never rejects
   * because of a plugin. A later call does not wait for an earlier one: the last specs win.
   */
  reconcile(specs: PluginSpec[]): Promise<void>;
  get(id: number): RunningPlugin | undefined;
  /** @throws AppError plugin_unavailable with the reason. */
  require(id: number): RunningPlugin;
  /**
   * Waits for a plugin that starts, restarts or is not loaded yet. Rejects at once for one that failed or was stopped, and for one
   * whose next start comes only after the timeout.
   * @throws AppError plugin_unavailable with the reason.
   */
  whenReady(id: number, options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<RunningPlugin>;
  /** Figures of its calls by rpc; undefined for a plugin that the host does not know. */
  metrics(id: number): Record<string, RpcMetrics> | undefined;
  statuses(): PluginStatus[];
  status(id: number): PluginStatus | undefined;
  /** Kept lines younger than `afterSeq`, oldest first; the last 1000 are kept. */
  logs(id: number, afterSeq?: number): LogLine[];
  /** Adds a line of the host's own to a plugin's log; nothing for a plugin that the host does not know. */
  note(id: number, level: LogLevel, text: string): void;
  /**
   * Starts the executable only to read its manifest and config schema, then kills it; Initialize is never called.
   * @throws AppError plugin_invalid (command), plugin_unavailable, plugin_timeout or plugin_failed.
   */
  inspect(command: string, checksum?: string): Promise<Inspection>;
  /** What `inspect` would answer as `codeHash`, without starting anything. @throws AppError plugin_invalid (command). */
  codeHash(command: string): Promise<string>;
  /** Stops every plugin in parallel, orderly and bounded, and removes every socket. */
  close(): Promise<void>;
};
