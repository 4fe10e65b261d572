import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bannerLines, showsCredentials } from "./banner.mjs";
import { compileCache } from "./compile-cache.mjs";
import { createLog } from "./logs.mjs";
import { pinnedNode, root, toolEnv } from "./paths.mjs";
import { ensureCluster, ensureDatabase, startCluster } from "./postgres.mjs";
import { postgresPlace } from "./postgres-place.mjs";
import { edgeToken, firstAdmin, hubTrust, secretKey } from "./secrets.mjs";
import { addressOf } from "./settings.mjs";
import { Stop } from "./stop.mjs";
import { createSupervisor } from "./supervise.mjs";

const database = "portico";

/** Postgres, studio, demo vendor and gateway, in this order; prints how to reach them and resolves once they run. */
export async function runStack({ settings, children, progress, options }) {
  const supervisor = createSupervisor({ children, progress, patient: options.dev, silentMs: settings.watchdogSeconds * 1000 });
  const log = (name, loud) =>
    createLog({ dir: join(settings.dataDir, "logs"), name, progress, verbose: options.verbose || options.dev, loud });
  const key = secretKey(settings.dataDir, settings.secretKey);
  const edge = edgeToken(settings.dataDir, settings.edgeToken);
  const admin = firstAdmin(settings.dataDir, settings);
  const databaseUrl = settings.databaseUrl || (await startPostgres({ settings, children, progress, supervisor, log, options }));

  const shared = {
    NODE_ENV: options.dev ? "development" : "production",
    NEXT_TELEMETRY_DISABLED: "1",
    HOST: settings.host,
    PORT: String(settings.port),
    GATEWAY_PORT: String(settings.gatewayPort),
    CONTROL_PORT: String(settings.controlPort),
    DEMO_VENDOR_PORT: String(settings.demoVendorPort),
    PORTICO_DATA_DIR: settings.dataDir,
    // Under development a plugin's program may change without a new approval, on this machine only.
    ...(options.dev && /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(settings.host) ? { PORTICO_PLUGIN_DEV: "1" } : {}),
  };
  const studioOnly = {
    PORTICO_GATEWAY_URL: `http://${addressOf(settings.host, settings.gatewayPort)}`,
    ADMIN_EMAIL: admin.email,
  };
  // Not in anybody's environment, where children and whatever else runs as the same user could read them.
  const secrets = {
    DATABASE_URL: databaseUrl,
    PORTICO_SECRET_KEY: key,
    PORTICO_EDGE_TOKEN: edge,
    ADMIN_PASSWORD: admin.password,
    ADMIN_API_TOKEN: admin.apiToken,
  };
  const without = Object.fromEntries(Object.keys({ ...studioOnly, ...secrets }).map((name) => [name, undefined]));
  const processOf = ({ name, file, env, secrets, port, ready, deadlineMs, readyTimeoutMs, optional }) => {
    const cache = compileCache(name);
    return supervisor.service({
      name,
      log: log(name),
      readyUrl: `http://${addressOf(settings.host, port)}${ready}`,
      healthUrl: `http://${addressOf(settings.host, port)}/health`,
      readyTimeoutMs,
      optional,
      launch: (onLine) =>
        children.start(existsSync(pinnedNode) ? pinnedNode : process.execPath, [...cache.args, file], {
          name,
          cwd: root,
          env: toolEnv({ ...shared, ...without, ...(typeof env === "function" ? env() : env), ...cache.env }),
          secrets,
          deadlineMs,
          onLine,
        }),
    });
  };

  const studio = processOf({
    name: "studio",
    file: "server/main.ts",
    env: studioOnly,
    secrets,
    port: settings.port,
    ready: "/ready",
    deadlineMs: 20_000,
    readyTimeoutMs: 90_000,
  });
  const vendor = processOf({
    name: "vendor",
    file: "packages/demo-vendor/src/main.ts",
    env: {},
    port: settings.demoVendorPort,
    ready: "/health",
    deadlineMs: 3_000,
    optional: true,
  });
  const gateway = processOf({
    name: "gateway",
    file: "gateway/src/main.ts",
    // Studio writes the certificate of its CA before it is ready.
    env: () => ({
      PORTICO_HUB: addressOf(settings.host, settings.controlPort),
      ...hubTrust(settings.dataDir),
      PORTICO_EDGE_ID: process.env.PORTICO_EDGE_ID || "local",
      PORTICO_OWN_PORTS: ownPorts(settings, databaseUrl).join(","),
    }),
    secrets: { PORTICO_EDGE_TOKEN: edge },
    port: settings.gatewayPort,
    ready: "/ready",
    deadlineMs: 15_000,
    optional: true,
  });
  const demoOn = isOn(process.env.PORTICO_DEMO || "1");
  let tokenWorks;
  for (const service of [studio, vendor, gateway]) {
    const step = progress.begin(`Starting ${service.name}`);
    try {
      const ready = await service.start({ onWaiting: (missing) => step.update(`(${missing})`) });
      if (ready) step.done();
      else step.drop();
    } catch (error) {
      step.fail();
      throw error;
    }
    if (children.stopping) return;
    if (service === studio) {
      tokenWorks = admin.apiToken ? await accepts(settings, admin.apiToken) : undefined;
      if (demoOn && tokenWorks) await makeDemo({ settings, children, progress, admin, gatewayUrl: studioOnly.PORTICO_GATEWAY_URL });
    }
  }
  const demo = readDemo(settings.dataDir);
  for (const line of bannerLines({ settings, admin, demo, demoOn, dev: options.dev, tokenWorks })) progress.say(line);
  if (showsCredentials({ admin, tokenWorks })) admin.markShown();
  if (options.dev) {
    const { watchSources } = await import("./dev-reload.mjs");
    watchSources({
      children,
      progress,
      studio,
      vendor,
      gateway,
      studioUrl: `http://${addressOf(settings.host, settings.port)}`,
      apiToken: admin.apiToken,
    });
  }
}

/** Ports of this machine that no LLM's endpoint may lead to. */
function ownPorts({ port, gatewayPort, controlPort }, databaseUrl) {
  const { hostname, port: databasePort } = new URL(databaseUrl);
  const isHere = /^(localhost|127\.[\d.]+|\[::1\])?$/.test(hostname);
  return [port, gatewayPort, controlPort, ...(isHere ? [Number(databasePort) || 5432] : [])];
}

async function startPostgres({ settings, children, progress, supervisor, log }) {
  const place = postgresPlace(settings.dataDir);
  if (place.moved)
    progress.say(`  Postgres may not run as root and its account cannot reach this folder: the database is in ${place.clusterDir}.`);
  let step;
  try {
    await ensureCluster({
      children,
      place,
      onCreate() {
        step = progress.begin("Making the database");
      },
    });
    step?.done();
    step = progress.begin("Starting Postgres");
    let server;
    let firstPort;
    const service = supervisor.service({
      name: "postgres",
      log: log(
        "postgres",
        (line) => /\b(FATAL|PANIC)\b/.test(line) && !/administrator command|does not exist|is (starting up|shutting down)/.test(line),
      ),
      launch: async (onLine) => {
        server = await startCluster({ children, place, onLine, report: (sentence) => progress.say(`  ${sentence}`) });
        firstPort ??= server.port;
        if (server.port !== firstPort) {
          await server.child.stop();
          throw new Stop(`another program took the database's port ${firstPort} while it was down`);
        }
        return server.child;
      },
    });
    await service.start();
    await ensureDatabase(server, database);
    step.done();
    return server.studioUrl(database);
  } catch (error) {
    step?.fail();
    throw error;
  }
}

const isOn = (flag) => flag === "1" || flag === "true";

async function accepts(settings, token) {
  try {
    const response = await fetch(`http://${addressOf(settings.host, settings.port)}/api/v1/llms?page_size=1`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(5_000),
    });
    return response.status === 200;
  } catch {
    return undefined;
  }
}

/** Adds the demo to an empty installation through the API. A failure is reported and does not stop the start. */
async function makeDemo({ settings, children, progress, admin, gatewayUrl }) {
  const step = progress.begin("Preparing the demo");
  const sentences = [];
  try {
    await children.run(existsSync(pinnedNode) ? pinnedNode : process.execPath, ["packages/demo/src/main.ts"], {
      doing: "Preparing the demo",
      name: "demo",
      cwd: root,
      env: toolEnv({
        PORTICO_STUDIO_URL: `http://${addressOf(settings.host, settings.port)}`,
        PORTICO_GATEWAY_URL: gatewayUrl,
        PORTICO_DATA_DIR: settings.dataDir,
        DEMO_VENDOR_PORT: String(settings.demoVendorPort),
      }),
      secrets: { ADMIN_API_TOKEN: admin.apiToken },
      quietFailure: true,
      onLine(line, stream) {
        if (stream === "stdout") sentences.push(line);
        return line;
      },
    });
    step.done();
  } catch (error) {
    if (children.stopping) throw error;
    step.fail();
  }
  for (const sentence of sentences) progress.say(`  ${sentence}`);
}

/** What the demo left for us to show; undefined without a demo. */
function readDemo(dataDir) {
  try {
    return JSON.parse(readFileSync(join(dataDir, "demo-app.json"), "utf8"));
  } catch {
    return undefined;
  }
}
