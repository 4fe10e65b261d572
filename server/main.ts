import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { messageOf } from "@portico/core";
import { takeSettings } from "@portico/core/private-settings";
import { startWatchdog } from "@portico/core/watchdog";
import { readEnv, secretNames } from "./env.ts";
import { createPages } from "./http/pages.ts";
import { createListener } from "./http/server.ts";
import { createStaticFiles } from "./http/static.ts";
import { createRuntime } from "./runtime.ts";

const drainMs = 10_000;

// Whoever read the log may be gone; a line that nobody reads must neither end this process nor keep it busy with itself.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

async function main(): Promise<void> {
  const env = readEnv(takeSettings(process.env, secretNames));
  // Pages are rendered in this process and show which edge is its own.
  if (env.localEdge) process.env.PORTICO_OWN_EDGE_ID = env.localEdge.edgeId;
  // Development compiles pages in this process, and people stand at breakpoints in it.
  if (env.mode === "production") startWatchdog({ limitMs: env.watchdogSeconds * 1000, name: "studio" });
  const runtime = await createRuntime(env);
  const { logger } = runtime;
  const server = createServer();
  const pages = await createPages({ env, server, application: runtime.application });
  // Development builds pages in memory, and Next serves what belongs to them.
  const built = fileURLToPath(new URL("../.next/static", import.meta.url));
  const staticFiles = env.mode === "development" ? {} : { staticFiles: createStaticFiles(built) };
  server.on("request", createListener({ application: runtime.application, pages, ...staticFiles, proxies: runtime.proxies, logger }));
  // Slow or silent clients do not hold connections for ever.
  server.headersTimeout = 20_000;
  server.requestTimeout = 120_000;
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(env.port, env.host, resolve);
  });
  logger.info("studio is listening", { host: env.host, port: env.port });

  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    logger.info("stopping", { signal });
    const force = setTimeout(() => process.exit(1), drainMs + 5_000);
    force.unref();
    const drained = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await runtime.close();
    setTimeout(() => server.closeAllConnections(), 500).unref();
    await drained;
    await pages.close();
    process.exit(0);
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
  process.on("unhandledRejection", (error) => logger.error("unhandled rejection", { error }));
}

main().catch((error) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
});
