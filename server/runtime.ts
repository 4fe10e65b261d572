import { createLogger } from "@portico/core/logger";
import { createOutbound } from "@portico/outbound";
import { chartEndpoints } from "./analytics/chart-endpoints.ts";
import { analyticsEndpoints } from "./analytics/endpoints.ts";
import { createAnalyticsService } from "./analytics/service.ts";
import { createAnalyticsStore } from "./analytics/store.ts";
import { appEndpoints } from "./apps/endpoints.ts";
import { appOperations } from "./apps/operations.ts";
import { createAppService } from "./apps/service.ts";
import { createAppStore } from "./apps/store.ts";
import { auditEndpoints } from "./audit/endpoints.ts";
import { createAuditService } from "./audit/service.ts";
import { createAuditStore } from "./audit/store.ts";
import { createAuthenticator } from "./auth/authenticator.ts";
import { createCsrf } from "./auth/csrf.ts";
import { authEndpoints } from "./auth/endpoints.ts";
import { createPasswords } from "./auth/passwords.ts";
import { createAuthService } from "./auth/service.ts";
import { createSignInLimits } from "./auth/sign-in-limits.ts";
import { createSignInStore } from "./auth/sign-in-store.ts";
import { createAuthStore } from "./auth/store.ts";
import { createTokenMint } from "./auth/token-mint.ts";
import { tokenStore } from "./auth/token-store.ts";
import { credentialEndpoints } from "./credentials/endpoints.ts";
import { createCredentialService } from "./credentials/service.ts";
import { createCredentialStore } from "./credentials/store.ts";
import { openDatabase } from "./db/client.ts";
import { createCounts } from "./db/counts.ts";
import { listenForEvents } from "./db/listener.ts";
import { createMigrationCheck, migrateDeploy, migrationsDir } from "./db/migrate.ts";
import { createVersions } from "./db/versions.ts";
import { createEdges } from "./edges/feature.ts";
import type { Env } from "./env.ts";
import { createEventBus } from "./events/bus.ts";
import { eventEndpoints } from "./events/endpoints.ts";
import { groupEndpoints } from "./groups/endpoints.ts";
import { createGroupService } from "./groups/service.ts";
import { createGroupStore } from "./groups/store.ts";
import type { Operation } from "./grpc/operation.ts";
import type { Endpoint } from "./http/endpoint.ts";
import { mountEndpoints } from "./http/mount.ts";
import { openApiDocument } from "./http/openapi.ts";
import { createProxyTrust } from "./http/proxies.ts";
import { createIdempotency } from "./idempotency/service.ts";
import { createIdempotencyStore } from "./idempotency/store.ts";
import { prepareQueue, startJobs } from "./jobs/runner.ts";
import { llmEndpoints } from "./llms/endpoints.ts";
import { llmOperations } from "./llms/operations.ts";
import { llmSearchEndpoints } from "./llms/search-endpoints.ts";
import { createLlmService } from "./llms/service.ts";
import { createLlmStore } from "./llms/store.ts";
import { createPlugins, type PluginLimits } from "./plugins/feature.ts";
import { priceEndpoints } from "./prices/endpoints.ts";
import { priceOperations } from "./prices/operations.ts";
import { createPriceService } from "./prices/service.ts";
import { createPriceStore } from "./prices/store.ts";
import { createRetention } from "./retention/retention.ts";
import { createRetentionStore } from "./retention/store.ts";
import { createVault } from "./secrets/vault.ts";
import { bootstrap } from "./system/bootstrap.ts";
import { type ReadyCheck, systemEndpoints } from "./system/endpoints.ts";
import { systemOperations } from "./system/operations.ts";
import { userEndpoints } from "./users/endpoints.ts";
import { createUserService } from "./users/service.ts";
import { createUserStore } from "./users/store.ts";

export const version = "0.1.0";

/** Wires environment to resources to features. The only place that knows them all; `close()` undoes it in reverse. */
export async function createRuntime(env: Env, { pluginLimits = {} }: { pluginLimits?: Partial<PluginLimits> } = {}) {
  const logger = createLogger({ level: env.logLevel, fields: { process: "studio" } });
  const closing = new AbortController();
  const outbound = createOutbound(env.outbound);

  await migrateDeploy(env.databaseUrl, migrationsDir, {
    onApply: (name) => logger.info("applied migration", { name }),
  });
  const db = openDatabase(env.databaseUrl, {
    pool: env.database,
    onError: (error) => logger.warn("a database connection broke", { error: error.message }),
  });
  await prepareQueue(db.sql, logger);
  const vault = createVault(env.secretKey);
  const passwords = createPasswords();
  const { systemAppSecret } = await bootstrap({ db, vault, env, passwords, logger });

  const events = createEventBus(logger);
  const listener = listenForEvents({ databaseUrl: env.databaseUrl, logger, onNotice: events.publish, onGap: events.gap });

  const counts = createCounts({ db, events });

  const authStore = createAuthStore(db);
  const authenticator = createAuthenticator({ store: authStore });
  const csrf = createCsrf(env.secretKey);
  const mint = createTokenMint({ store: tokenStore });
  const limits = createSignInLimits(createSignInStore(db));
  const auth = createAuthService({ db, store: authStore, authenticator, passwords, limits, mint });
  events.subscribe(({ topic }) => {
    if (/^system\.(user|session|api_token|group)\./.test(topic)) authenticator.forget();
  }, authenticator.forget);
  // Here at once; other replicas hear of it a moment later.
  db.onCommit((kinds) => {
    if (kinds.has("user") || kinds.has("api_token") || kinds.has("group")) authenticator.forget();
  });

  const plugins = await createPlugins({
    db,
    counts,
    vault,
    events,
    logger,
    pluginDirs: env.pluginDirs,
    pluginDev: env.pluginDev,
    processes: { isolation: env.pluginIsolation, hiddenDirs: [env.dataDir], passEnvironment: env.pluginEnvironment },
    limits: pluginLimits,
    rejectionOf: db.rejectionOf,
  });
  const { hooks } = plugins;
  const llms = createLlmService({ db, store: createLlmStore(db, counts), hooks, vault, outbound });
  const credentials = createCredentialService({ db, store: createCredentialStore(db, counts) });
  const apps = createAppService({ db, store: createAppStore(db, counts), credentials });
  const users = createUserService({ db, store: createUserStore(db, counts), apps, hooks, passwords, mint });
  const groups = createGroupService({ db, store: createGroupStore(db, counts) });
  const prices = createPriceService({ db, store: createPriceStore(db, counts) });
  const audit = createAuditService({ store: createAuditStore(db, counts) });
  const analytics = createAnalyticsService({ store: createAnalyticsStore(db), apps });

  const edges = await createEdges({
    db,
    counts,
    vault,
    events,
    llms,
    logger,
    hubSettings: { host: env.host, controlPort: env.controlPort, dataDir: env.dataDir, ...env.hub },
    gatewayUrl: env.gatewayUrl,
  });

  const operations: Operation[] = [
    ...llmOperations({ llms }),
    ...appOperations({ apps }),
    ...priceOperations({ prices }),
    ...plugins.operations,
    ...systemOperations(),
  ];
  const idempotency = createIdempotency({ store: createIdempotencyStore(db), secretKey: env.secretKey, logger });

  await listener.start();
  const serviceApi = plugins.serve(operations);
  await plugins.start();
  const retention = createRetention({ store: createRetentionStore(db.sql), days: env.retentionDays, logger });
  const runner = await startJobs({
    pool: db.sql,
    logger,
    jobs: { ...plugins.jobs, ...retention.jobs, "trim-sign-in": () => auth.trim(), "trim-idempotency-keys": () => idempotency.trim() },
    crontab: [plugins.crontab, retention.crontab, "*/10 * * * * trim-sign-in", "*/10 * * * * trim-idempotency-keys"].join("\n"),
  });
  await edges.start();

  const checks: ReadyCheck[] = [
    {
      name: "database",
      missing: async () => {
        await db.sql.query("SELECT 1");
        return db.storageFault();
      },
    },
    { name: "migrations", missing: await createMigrationCheck(db.sql) },
    { name: "events", missing: () => (listener.connected() ? undefined : "the event channel is not connected") },
    plugins.readyCheck,
  ];
  const endpoints: Endpoint[] = [
    ...authEndpoints({ auth, csrf }),
    ...llmSearchEndpoints({ llms }),
    ...llmEndpoints({ llms }),
    ...appEndpoints({ apps, credentials }),
    ...credentialEndpoints({ credentials }),
    ...userEndpoints({ users, apps }),
    ...groupEndpoints({ groups, users }),
    ...priceEndpoints({ prices }),
    ...analyticsEndpoints({ analytics }),
    ...auditEndpoints({ audit }),
    ...chartEndpoints({ analytics, apps }),
    ...plugins.endpoints,
    ...edges.endpoints,
    ...eventEndpoints({ events, closing: closing.signal }),
  ];
  endpoints.push(...systemEndpoints({ checks, gatewayUrl: env.gatewayUrl, version, openapi: () => openApiDocument(endpoints, version) }));
  const proxies = createProxyTrust(env.trustedProxies);
  const application = mountEndpoints({
    endpoints,
    authenticator,
    csrf,
    proxies,
    versions: createVersions(db),
    idempotency,
    logger,
    rejectionOf: db.rejectionOf,
    verifyResults: env.mode === "test",
  });

  return {
    env,
    logger,
    db,
    endpoints,
    operations,
    serviceApi,
    application,
    proxies,
    systemAppSecret,
    plugins,
    /** The port of the gRPC services. */
    controlPort: edges.port(),
    hubCaSha256: edges.hubCaSha256,
    async close() {
      closing.abort();
      await edges.close();
      await listener.close();
      await runner.stop();
      await plugins.close();
      await db.close();
    },
  };
}
export type Runtime = Awaited<ReturnType<typeof createRuntime>>;
