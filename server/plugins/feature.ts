import { status } from "@grpc/grpc-js";
import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { createPluginHost, isUnimplemented, type PluginHost, type PluginHostOptions, type RunningPlugin } from "@portico/plugin-host";
import { createCallCounts, createRateLimit, type Dispatch, eventService } from "@portico/plugin-services";
import { GrpcError } from "@portico/protocol/grpc-error";
import { systemActor } from "../auth/actor.ts";
import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import { fromFreshRead } from "../db/fresh.ts";
import { createPluginLogStore } from "../edges/plugin-log-store.ts";
import type { EventBus } from "../events/bus.ts";
import type { Feature } from "../feature.ts";
import type { Operation } from "../grpc/operation.ts";
import { createServiceApi } from "../grpc/service-api.ts";
import type { Endpoint } from "../http/endpoint.ts";
import type { Jobs } from "../jobs/runner.ts";
import { createLlmPluginStore } from "../llms/llm-plugin-store.ts";
import { createLlmPluginService, type LlmPluginService } from "../llms/llm-plugins.ts";
import type { SecretValues } from "../secrets/values.ts";
import { systemSecret, type Vault } from "../secrets/vault.ts";
import { createPluginOperations } from "./catalog/admin-actions.ts";
import { llmPluginEndpoints, pluginEndpoints } from "./catalog/endpoints.ts";
import type { Json } from "./catalog/json.ts";
import type { Loaded } from "./catalog/loading.ts";
import { parseManifest } from "./catalog/manifest.ts";
import { createPluginService, type PluginService } from "./catalog/service.ts";
import { createPluginStore } from "./catalog/store.ts";
import { warningsOf } from "./catalog/warnings.ts";
import { afterHookJobs } from "./hooks/after.ts";
import { createAsker } from "./hooks/asker.ts";
import { createBeforeHooks } from "./hooks/before.ts";
import { hookEndpoints } from "./hooks/endpoints.ts";
import { createObjectHooks } from "./hooks/judge.ts";
import { createRegistrations } from "./hooks/registrations.ts";
import { createHookService } from "./hooks/service.ts";
import { createHookStore } from "./hooks/store.ts";
import type { ObjectHooks } from "./hooks/types.ts";
import { createBuilds } from "./pages/asset-versions.ts";
import { createAssets } from "./pages/assets.ts";
import { pluginUiEndpoints } from "./pages/endpoints.ts";
import { createPluginRpc, rpcTimeoutMs } from "./pages/rpc.ts";
import { createPluginUi } from "./pages/ui.ts";
import { edgePayloadEndpoints } from "./payloads/endpoints.ts";
import { createEdgePayloads, type EdgePayloads } from "./payloads/payloads.ts";
import { createPayloadStore } from "./payloads/store.ts";
import { createLifecycle, noEdgeStates } from "./processes/lifecycle.ts";
import { createCallers } from "./service-api/callers.ts";
import { createKv } from "./service-api/kv.ts";
import { createKvStore } from "./service-api/kv-store.ts";
import { createLocalEvents } from "./service-api/local-events.ts";
import { pluginOperations } from "./service-api/operations.ts";
import { createSchemas } from "./settings/schemas/schemas.ts";

const manifestTimeoutMs = 10_000;

export type PluginLimits = {
  hookDeadlineMs: number;
  hookStartWaitMs: number;
  rpcTimeoutMs: number;
  kvQuotaBytes: number;
  schemaDeadlineMs: number;
  /** Of the service API, for each plugin. */
  callsPerMinute: number;
  callDeadlineMs: number;
};
const defaultLimits: PluginLimits = {
  hookDeadlineMs: 5_000,
  hookStartWaitMs: 10_000,
  rpcTimeoutMs,
  kvQuotaBytes: 100 * 1024 * 1024,
  schemaDeadlineMs: 3_000,
  callsPerMinute: 1_000,
  callDeadlineMs: 30_000,
};

export type PluginFeature = Feature & {
  hooks: ObjectHooks;
  service: PluginService;
  llmPlugins: LlmPluginService;
  host: PluginHost;
  takePayloads: EdgePayloads["take"];
  /**
   * Opens the service API with every operation that is served. Before `start`.
   * @returns the API as each plugin gets it.
   */
  serve(operations: readonly Operation[]): Dispatch;
  /** Settles when it is known what should run; the processes start meanwhile. Before jobs, which look up registered hooks. */
  start(): Promise<void>;
};

/** The plugin system of the control plane: rows, processes, hooks, pages and the service API. */
export async function createPlugins({
  db,
  counts,
  vault,
  secretValues,
  events,
  logger,
  pluginDirs,
  pluginDev = false,
  processes = {},
  timings,
  limits: given = {},
  rejectionOf = () => undefined,
  createHost = createPluginHost,
}: {
  db: Db;
  counts: Counts;
  vault: Vault;
  secretValues: SecretValues;
  events: EventBus;
  logger: Logger;
  /** Folders executables may lie in; undefined allows every one. */
  pluginDirs: string[] | undefined;
  /** Programs of plugins may change without a new approval. */
  pluginDev?: boolean;
  /** How plugin processes are kept from the host and from each other. */
  processes?: Pick<PluginHostOptions, "isolation" | "hiddenDirs" | "passEnvironment">;
  timings?: PluginHostOptions["timings"];
  limits?: Partial<PluginLimits>;
  /** What an error of the database means to a caller of the service API. */
  rejectionOf?: (error: unknown) => unknown;
  createHost?: typeof createPluginHost;
}): Promise<PluginFeature> {
  const limits = { ...defaultLimits, ...given };
  const store = createPluginStore(db, counts);
  const hookStore = createHookStore(db);
  const links = createLlmPluginStore(db);
  const kvStore = createKvStore(db);
  const signingKey = await db.transaction((tx) => systemSecret(tx, vault, "plugin-assets"));

  const localEvents = createLocalEvents({ store, events, logger });
  const callers = createCallers({ store, events });
  const callCounts = createCallCounts();
  // Operations call services that themselves need hooks, so they come later.
  let serviceApi: Dispatch = () => {
    throw new Error("a plugin process started before the service API was open");
  };
  const eventsOf: Dispatch = (pluginId) =>
    eventService(pluginId, {
      ...callers,
      bus: localEvents,
      carries: (direction) => direction !== "down",
      fail(error) {
        logger.error("plugin event could not be handled", { plugin_id: pluginId, error });
        return new GrpcError(status.INTERNAL, "internal error");
      },
    });

  const host = createHost({
    runtime: "studio",
    logger,
    services: (pluginId) => [serviceApi(pluginId), eventsOf(pluginId)],
    allowedDirs: pluginDirs,
    ...processes,
    timings,
    async onReady(process) {
      await registrations.learn(process, await refresh(process));
    },
    // Pages look again: whether a plugin is healthy is nothing that is written anywhere.
    onState: ({ id }) => events.publish({ eventId: "0", topic: "system.plugin.state", objectId: String(id) }),
  });
  const schemas = createSchemas({ deadlineMs: limits.schemaDeadlineMs });
  const lifecycle = createLifecycle({ store, vault, secretValues, host, schemas, dev: pluginDev, logger });
  const registrations = createRegistrations({ store: hookStore, lifecycle, logger });
  const service = createPluginService({ db, store, vault, secretValues, host, schemas, lifecycle });

  /**
   * A process may say something else than when it was read last. What it says is stored if it is new.
   * @returns the manifest that counts now.
   */
  async function refresh(process: RunningPlugin): Promise<Json> {
    const stored = lifecycle.desired(process.id)?.plugin.manifest ?? {};
    try {
      const timeout = { timeoutMs: manifestTimeoutMs };
      const [manifest, schema] = await Promise.all([
        process.call("getManifest", {}, timeout),
        process.call("getConfigSchema", {}, timeout),
      ]);
      if (!manifest.success) return stored;
      const parsed = parseManifest(manifest.manifestJson);
      const loaded: Loaded = {
        manifest: parsed.manifest,
        manifestJson: parsed.json,
        configSchema: await schemas.parse(schema.success ? schema.schemaJson : "{}"),
        codeHash: undefined,
      };
      await fromFreshRead(async () => {
        const before = await store.find(process.id);
        if (!before) return;
        const after = await service.storeLoaded(systemActor(`plugin:${process.id}`), before, loaded);
        for (const warning of warningsOf(after)) host.note(process.id, "warn", warning);
      });
      return loaded.manifestJson;
    } catch (error) {
      // It keeps what it was installed with; plugins that are older than manifests have none.
      if (!isUnimplemented(error))
        logger.warn("plugin manifest could not be read from its process", { pluginId: process.id, reason: messageOf(error) });
      return stored;
    }
  }

  const ask = createAsker({
    lifecycle,
    timings: { deadlineMs: limits.hookDeadlineMs, startWaitMs: limits.hookStartWaitMs },
  });
  const hooks = createObjectHooks({ before: createBeforeHooks({ registrations, ask, logger }) });
  const builds = createBuilds({ host });
  const assets = createAssets({ store, builds, signingKey });
  const operations = createPluginOperations({
    db,
    plugins: service,
    store,
    host,
    schemas,
    lifecycle,
    kv: kvStore,
    callCounts,
    gatewayLogs: createPluginLogStore(db),
  });
  const llmPlugins = createLlmPluginService({ db, store: links, plugins: store, vault, secretValues, lifecycle, schemas });
  const payloads = createEdgePayloads({ store: createPayloadStore(db), lifecycle, logger });
  const endpoints: Endpoint[] = [
    ...pluginUiEndpoints({
      ui: createPluginUi({ store, builds, assets, whyDown: (plugin) => lifecycle.live(plugin, noEdgeStates).error }),
      rpc: createPluginRpc({ store, lifecycle, timeoutMs: limits.rpcTimeoutMs }),
      assets,
    }),
    ...pluginEndpoints({ plugins: service, operations }),
    ...hookEndpoints({
      hooks: createHookService({ db, store: hookStore, plugins: service, lifecycle, defaultTimeoutMs: limits.hookDeadlineMs }),
    }),
    ...llmPluginEndpoints({ llmPlugins }),
    ...edgePayloadEndpoints({ payloads, plugins: service }),
  ];
  const jobs: Jobs = {
    ...payloads.jobs,
    ...afterHookJobs({ events: store, store: hookStore, registrations, ask, logger }),
    "purge-plugin-data": async () => void (await kvStore.purgeExpired()),
  };
  // A new value of a secret is a new configuration of the plugins that refer to it.
  const isAboutPlugins = (topic: string) =>
    (topic.startsWith("system.plugin.") && topic !== "system.plugin.state") || topic.startsWith("system.secret.");
  const stopListening = events.subscribe(
    ({ topic }) => {
      if (isAboutPlugins(topic)) void lifecycle.applySoon();
    },
    () => void lifecycle.applySoon(),
  );

  return {
    hooks,
    operations: pluginOperations({
      plugins: service,
      llmPlugins,
      kv: createKv({ store: kvStore, quotaBytes: limits.kvQuotaBytes }),
      openConfig: lifecycle.openConfig,
    }),
    service,
    llmPlugins,
    takePayloads: payloads.take,
    host,
    endpoints,
    jobs,
    crontab: "*/10 * * * * purge-plugin-data",
    checks: [lifecycle.readyCheck],
    serve(operations) {
      serviceApi = createServiceApi({
        operations,
        admit: callers.admit,
        limit: createRateLimit(limits.callsPerMinute),
        deadlineMs: limits.callDeadlineMs,
        observe: callCounts.observe,
        rejectionOf,
        logger,
      });
      return serviceApi;
    },
    start: lifecycle.start,
    async close() {
      stopListening();
      localEvents.close();
      await lifecycle.close();
      await schemas.close();
    },
  };
}
