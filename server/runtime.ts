import { createLogger } from "@portico/core/logger";
import { migrateDeploy, migrationsDir } from "@portico/migrations";
import { createOutbound } from "@portico/outbound";
import { createAnalytics } from "./analytics/feature.ts";
import { createApps } from "./apps/feature.ts";
import { createAudit } from "./audit/feature.ts";
import { createCsrf } from "./auth/csrf.ts";
import { createAuth } from "./auth/feature.ts";
import { createPasswords } from "./auth/passwords.ts";
import { createCatalogues } from "./catalogues/feature.ts";
import { createCredentials } from "./credentials/feature.ts";
import { createDatasources } from "./datasources/feature.ts";
import { openDatabase } from "./db/client.ts";
import { createCounts } from "./db/counts.ts";
import { databaseFeature } from "./db/feature.ts";
import { createVersions } from "./db/versions.ts";
import { createEdges } from "./edges/feature.ts";
import type { Env } from "./env.ts";
import { createEvents } from "./events/feature.ts";
import { createFeatures, type Features } from "./feature.ts";
import { createFiles } from "./filestore/feature.ts";
import { createFilters } from "./filters/feature.ts";
import { createGroups } from "./groups/feature.ts";
import { mountEndpoints } from "./http/mount.ts";
import { openApiDocument } from "./http/openapi.ts";
import { createProxyTrust } from "./http/proxies.ts";
import { createIdempotencyKeys } from "./idempotency/feature.ts";
import { createJobQueue } from "./jobs/feature.ts";
import { prepareQueue } from "./jobs/runner.ts";
import { createLlmSettings } from "./llm-settings/feature.ts";
import { createLlms } from "./llms/feature.ts";
import { createModelRouters } from "./model-routers/feature.ts";
import { createNotifications } from "./notifications/feature.ts";
import { createPlugins, type PluginLimits } from "./plugins/feature.ts";
import { createPrices } from "./prices/feature.ts";
import { createRetention } from "./retention/retention.ts";
import { createRetentionStore } from "./retention/store.ts";
import { createSchedules } from "./schedules/feature.ts";
import { createSecrets } from "./secrets/feature.ts";
import { createVault } from "./secrets/vault.ts";
import { bootstrap } from "./system/bootstrap.ts";
import { createSystem } from "./system/feature.ts";
import { createTags } from "./tags/feature.ts";
import { createTools } from "./tools/feature.ts";
import { createUsers } from "./users/feature.ts";

export const version = "0.1.0";

export type RuntimeOptions = { pluginLimits?: Partial<PluginLimits> };
export type Runtime = Awaited<ReturnType<typeof assemble>>;

/**
 * Wires environment to resources to features. The only place that knows them all; `close()` undoes it in reverse, and so does a
 * start that fails.
 */
export async function createRuntime(env: Env, options: RuntimeOptions = {}): Promise<Runtime> {
  const logger = createLogger({ level: env.logLevel, fields: { process: "studio" } });
  const features = createFeatures(logger);
  try {
    return await assemble(env, options, { logger, features });
  } catch (error) {
    await features.close();
    throw error;
  }
}

async function assemble(
  env: Env,
  { pluginLimits = {} }: RuntimeOptions,
  { logger, features }: { logger: ReturnType<typeof createLogger>; features: Features },
) {
  const closing = new AbortController();
  const outbound = createOutbound(env.outbound);

  await migrateDeploy(env.databaseUrl, migrationsDir, {
    onApply: (name) => logger.info("applied migration", { name }),
  });
  const db = openDatabase(env.databaseUrl, {
    pool: env.database,
    onError: (error) => logger.warn("database connection lost", { error: error.message }),
  });
  features.add("database", databaseFeature(db));
  await prepareQueue(db.sql, logger);
  const vault = createVault(env.secretKey, env.formerSecretKeys);
  const passwords = createPasswords();
  const csrf = createCsrf(env.secretKey);
  const { systemAppSecret } = await bootstrap({ db, vault, env, passwords, logger });

  // In the order in which they start; the queue runs jobs that call plugins, and edges come last, as they bring traffic.
  const { events } = features.add("events", createEvents({ databaseUrl: env.databaseUrl, logger, closing: closing.signal }));
  const counts = createCounts({ db, events });
  const { authenticator, mint } = features.add("auth", createAuth({ db, events, passwords, csrf }));
  const { secretValues } = features.add("secrets", createSecrets({ db, counts, vault, environment: env.secretEnvironment }));
  const plugins = features.add(
    "plugins",
    await createPlugins({
      db,
      counts,
      vault,
      secretValues,
      events,
      logger,
      pluginDirs: env.pluginDirs,
      pluginDev: env.pluginDev,
      processes: { isolation: env.pluginIsolation, hiddenDirs: [env.dataDir], passEnvironment: env.pluginEnvironment },
      limits: pluginLimits,
      rejectionOf: db.rejectionOf,
    }),
  );
  const { hooks } = plugins;
  features.add("schedules", createSchedules({ db, events, host: plugins.host, logger }));
  const { llms } = features.add("llms", createLlms({ db, counts, hooks, secretValues, outbound }));
  const { credentials } = features.add("credentials", createCredentials({ db, counts }));
  const { notifier } = features.add("notifications", createNotifications({ db }));
  const { apps } = features.add("apps", createApps({ db, counts, credentials, notifier }));
  const { users } = features.add("users", createUsers({ db, counts, apps, hooks, passwords, mint }));
  const { tools } = features.add("tools", createTools({ db, counts, hooks, secretValues, outbound }));
  const { datasources } = features.add("datasources", createDatasources({ db, counts, hooks, secretValues, outbound, logger }));
  const { catalogues } = features.add("catalogues", createCatalogues({ db, counts, llms, datasources, tools, users }));
  features.add("groups", createGroups({ db, counts, users, catalogues }));
  features.add("llm-settings", createLlmSettings({ db, counts }));
  features.add("model-routers", createModelRouters({ db, counts }));
  features.add("prices", createPrices({ db, counts }));
  features.add("tags", createTags({ db, counts }));
  features.add("filestore", createFiles({ db, counts }));
  features.add("analytics", createAnalytics({ db, apps }));
  features.add("audit", createAudit({ db, counts }));
  const { idempotency } = features.add("idempotency", createIdempotencyKeys({ db, secretKey: env.secretKey, logger }));
  features.add("retention", createRetention({ store: createRetentionStore(db.sql), days: env.retentionDays, logger }));
  features.add("jobs", createJobQueue({ pool: db.sql, work: () => ({ jobs: features.jobs(), crontab: features.crontab() }), logger }));
  const edges = features.add(
    "edges",
    await createEdges({
      db,
      counts,
      vault,
      secretEnvironment: env.secretEnvironment,
      events,
      llms,
      takePayloads: plugins.takePayloads,
      logger,
      hubSettings: { host: env.host, controlPort: env.controlPort, dataDir: env.dataDir, ...env.hub },
      gatewayUrl: env.gatewayUrl,
    }),
  );
  features.add("filters", createFilters({ db, counts, outbound, llm: edges.askLlm }));
  features.add(
    "system",
    createSystem({
      checks: features.checks(),
      gatewayUrl: env.gatewayUrl,
      version,
      openapi: () => openApiDocument(endpoints, version),
    }),
  );

  const endpoints = features.endpoints();
  const operations = features.operations();
  const serviceApi = plugins.serve(operations);
  await features.start();

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
    secretValues,
    plugins,
    /** The port of the gRPC services. */
    controlPort: edges.port(),
    hubCaSha256: edges.hubCaSha256,
    async close(): Promise<void> {
      closing.abort();
      await features.close();
    },
  };
}
