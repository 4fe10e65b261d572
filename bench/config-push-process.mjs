// One half of config-push.mjs: a studio or a gateway's configuration side, measuring its own event loop.
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

const [role, text] = process.argv.slice(2);
const settings = JSON.parse(text);
const steps = role === "studio" ? await studioSteps() : await gatewaySteps();
const resolutionMs = 1;
/** On a busy machine a pause may be somebody else's: how much of it this thread was computing, in each gap between two turns. */
const cpuMs = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e3;
};
let busyMs = 0;
let usedMs = cpuMs();
setInterval(() => {
  const now = cpuMs();
  busyMs = Math.max(busyMs, now - usedMs);
  usedMs = now;
}, resolutionMs);
const delay = monitorEventLoopDelay({ resolution: resolutionMs });
delay.enable();
steps.measure = async () => {
  // The histogram counts the interval itself as delay.
  const answer = { role, busyMs, pauseMs: delay.max / 1e6 - resolutionMs, p99Ms: delay.percentile(99) / 1e6 - resolutionMs };
  delay.reset();
  busyMs = 0;
  return answer;
};
process.on("message", async ({ step, details }) => {
  try {
    process.send({ ...(await steps[step](details)) });
  } catch (error) {
    process.send({ error: error.stack });
  }
});
process.send("ready");

async function studioSteps() {
  const { readEnv } = await import("../server/env.ts");
  const { createRuntime } = await import("../server/runtime.ts");
  const token = "pt_bench-token-of-the-first-administrator";
  const runtime = await createRuntime(
    readEnv({
      NODE_ENV: "test",
      DATABASE_URL: settings.databaseUrl,
      PORTICO_DATA_DIR: settings.dataDir,
      PORTICO_SECRET_KEY: "a secret key for measuring only",
      PORTICO_DEMO: "0",
      PORT: "0",
      CONTROL_PORT: "0",
      ADMIN_EMAIL: "admin@portico.local",
      ADMIN_PASSWORD: "a password for measuring only",
      ADMIN_API_TOKEN: token,
      LOG_LEVEL: process.env.LOG_LEVEL ?? "error",
    }),
  );
  async function call(method, path, body) {
    const answer = await runtime.application.fetch(
      new Request(new URL(path, "http://studio.test"), {
        method,
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      }),
    );
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  }
  const waitForBuild = async () => {
    for (;;) {
      const { rows } = await runtime.db.sql.query("SELECT EXISTS (SELECT FROM edge_changes) AS waiting");
      if (!rows[0].waiting) return;
      await sleep(20);
    }
  };
  return {
    async build() {
      await call("POST", "/api/v1/model-prices", { vendor: "openai", model_name: "any" });
      await waitForBuild();
    },
    async edge() {
      const { data } = await call("POST", "/api/v1/edges", { edge_id: "bench-edge", namespace: "" });
      return { token: data.attributes.token, hub: `127.0.0.1:${runtime.controlPort}` };
    },
    change: ({ llm }) => call("PATCH", `/api/v1/llms/${llm}`, { default_model: "changed" }).then(() => undefined),
    async revoke({ credential }) {
      const hash = createHash("sha256").update(String(credential)).digest("hex");
      await runtime.db.sql.query("UPDATE credentials SET active = false WHERE secret_hash = $1", [hash]);
      await runtime.db.sql.query("SELECT pg_notify('portico_outbox', '0 system.credential.updated 1')");
    },
  };
}

async function gatewaySteps() {
  const { createLogger } = await import("../packages/core/src/logger.ts");
  const { createConfiguration } = await import("../gateway/src/config/configuration.ts");
  const { createConfigStore } = await import("../gateway/src/config/store.ts");
  const { createClientIdentity } = await import("../gateway/src/config/client-identity.ts");
  const { startHubLink } = await import("../gateway/src/config/hub-link.ts");
  mkdirSync(settings.dataDir, { recursive: true });
  const logger = createLogger({ level: "error" });
  const store = createConfigStore();
  const configuration = createConfiguration({
    store,
    dataDir: settings.dataDir,
    edgeToken: settings.token,
    namespace: "",
    logger,
    onSwap: () => undefined,
  });
  void configuration.restore().then(() =>
    startHubLink({
      hub: settings.hub,
      trust: undefined,
      identity: createClientIdentity(settings.dataDir),
      edgeId: "bench-edge",
      namespace: "",
      edgeToken: settings.token,
      advertisedUrl: "",
      configuration,
      instanceId: "bench",
      onHubTime: () => undefined,
      onBudget: () => undefined,
      onSession: () => undefined,
      vitals: () => ({
        requestsTotal: 0,
        requestsActive: 0,
        residentBytes: 0,
        telemetryPending: 0,
        telemetryDropped: 0,
        telemetryRejected: 0,
        plugins: [],
      }),
      pluginLogs: () => [],
      logger,
    }),
  );
  const until = async (holds) => {
    while (!holds(store.read())) await sleep(2);
  };
  const appOf = (table, credential) => store.appOf(table, createHash("sha256").update(String(credential)).digest("hex"));
  return {
    serving: ({ credential }) => until((table) => table && appOf(table, credential)),
    model: ({ slug, model }) => until((table) => table?.llmsBySlug.get(slug)?.defaultModel === model),
    refusing: ({ credential }) => until((table) => table && !appOf(table, credential)),
  };
}
