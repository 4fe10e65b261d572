import { messageOf } from "@portico/core";
import { createLogger, type Logger } from "@portico/core/logger";
import { takeSettings } from "@portico/core/private-settings";
import { startWatchdog } from "@portico/core/watchdog";
import { type Gateway, startGateway } from "./gateway.ts";
import { readSettings, type Settings } from "./settings.ts";
import { keepTickShape } from "./tick-shape.ts";

process.title = "portico-gateway";
keepTickShape();

// The reader of the log may be gone: ignore EPIPE, which must neither end this process nor keep it busy.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

const exitCodes = { recordsLost: 3 };

async function main(): Promise<void> {
  let settings: ReturnType<typeof readSettings>;
  try {
    settings = readSettings(takeSettings(process.env, ["PORTICO_EDGE_TOKEN"]));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(2);
  }
  startWatchdog({ limitMs: settings.watchdogSeconds * 1000, name: "gateway" });
  const logger = createLogger({ level: settings.logLevel, fields: { service: "gateway", edge: settings.edgeId } });
  // A fault in one request is that request's; only its connection suffers.
  process.on("uncaughtException", (error) => logger.error("uncaught error", { error }));
  process.on("unhandledRejection", (error) => logger.error("unhandled rejection", { error }));

  const gateway = await start(settings, logger);
  logger.info("gateway listens", { url: gateway.url });
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    logger.info("stopping", { signal });
    gateway.close().then(
      ({ lostRecords }) => process.exit(lostRecords > 0 ? exitCodes.recordsLost : 0),
      (error: unknown) => {
        logger.error("did not stop in order", { error });
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

async function start(settings: Settings, logger: Logger): Promise<Gateway> {
  try {
    return await startGateway({ settings, logger });
  } catch (error) {
    const inUse = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    logger.error(inUse ? `Port ${settings.port} is taken: set GATEWAY_PORT to a free one.` : `Cannot start: ${messageOf(error)}`);
    process.exit(1);
  }
}

await main();
