import { createLogger } from "@portico/core/logger";
import { createAuthenticator } from "./auth/authenticator.ts";
import { authEndpoints } from "./auth/endpoints.ts";
import { createAuthService } from "./auth/service.ts";
import { createAuthStore } from "./auth/store.ts";
import { openDatabase } from "./db/client.ts";
import { createCounts } from "./db/counts.ts";
import { listenForEvents } from "./db/listener.ts";
import { migrateDeploy } from "./db/migrate.ts";
import type { Env } from "./env.ts";
import { createEventBus } from "./events/bus.ts";
import { eventEndpoints } from "./events/endpoints.ts";
import type { Endpoint } from "./http/endpoint.ts";
import { mountEndpoints } from "./http/mount.ts";
import { openApiDocument } from "./http/openapi.ts";
import { prepareQueue, startJobs } from "./jobs/runner.ts";
import { llmEndpoints } from "./llms/endpoints.ts";
import { createLlmService } from "./llms/service.ts";
import { createLlmStore } from "./llms/store.ts";
import type { ObjectHooks } from "./plugins/hooks.ts";
import { createVault } from "./secrets/vault.ts";
import { bootstrap } from "./system/bootstrap.ts";
import { type ReadyCheck, systemEndpoints } from "./system/endpoints.ts";

export const version = "0.1.0";

/** Wires environment to resources to features. The only place that knows them all; `close()` undoes it in reverse. */
export async function createRuntime(env: Env) {
  const logger = createLogger({ level: env.logLevel, fields: { process: "studio" } });
  const closing = new AbortController();

  await migrateDeploy(env.databaseUrl, new URL("../prisma/migrations", import.meta.url).pathname, {
    onApply: (name) => logger.info("applied migration", { name }),
  });
  const db = openDatabase(env.databaseUrl, { onError: (error) => logger.warn("a database connection broke", { error: error.message }) });
  await prepareQueue(db.sql, logger);
  const vault = createVault(env.secretKey);
  const { systemAppSecret } = await bootstrap({ db, vault, env, logger });

  const events = createEventBus(logger);
  const listener = listenForEvents({ databaseUrl: env.databaseUrl, logger, onNotice: events.publish, onGap: events.gap });

  const counts = createCounts({ db, events });

  const authStore = createAuthStore(db);
  const authenticator = createAuthenticator({ store: authStore });
  const auth = createAuthService({ db, store: authStore, authenticator });
  events.subscribe(({ topic }) => {
    if (/^system\.(user|api_token|group)\./.test(topic)) authenticator.forget();
  }, authenticator.forget);

  const hooks: ObjectHooks = { before: async (_step, object) => ({ outcome: "accepted", object, metadata: {} }) };
  const llms = createLlmService({ db, store: createLlmStore(db, counts), hooks, vault });

  await listener.start();
  const runner = await startJobs({ pool: db.sql, logger, jobs: { "deliver-event": async () => {} } });

  const checks: ReadyCheck[] = [
    {
      name: "database",
      missing: async () => void (await db.sql.query("SELECT 1")),
    },
    { name: "events", missing: () => (listener.connected() ? undefined : "the event channel is not connected") },
  ];
  const endpoints: Endpoint[] = [
    ...authEndpoints({ auth, authenticator }),
    ...llmEndpoints({ llms }),
    ...eventEndpoints({ events, closing: closing.signal }),
  ];
  endpoints.push(...systemEndpoints({ checks, gatewayUrl: env.gatewayUrl, version, openapi: () => openApiDocument(endpoints, version) }));
  const application = mountEndpoints({ endpoints, authenticator, logger, verifyResults: env.mode === "test" });

  return {
    env,
    logger,
    db,
    endpoints,
    application,
    systemAppSecret,
    async close() {
      closing.abort();
      await listener.close();
      await runner.stop();
      await db.close();
    },
  };
}
export type Runtime = Awaited<ReturnType<typeof createRuntime>>;
