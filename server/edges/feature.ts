import type { Logger } from "@portico/core/logger";
import { createSystemCallSigner, type SystemCall } from "@portico/protocol/system-calls";
import type { Db } from "../db/client.ts";
import type { EventBus } from "../events/bus.ts";
import type { Endpoint } from "../http/endpoint.ts";
import type { Jobs } from "../jobs/runner.ts";
import type { LlmService } from "../llms/service.ts";
import type { Vault } from "../secrets/vault.ts";
import { createBudgets, usageTopic } from "./budgets.ts";
import { type ControlService, startControlServer } from "./control-server.ts";
import { edgeEndpoints } from "./endpoints.ts";
import { createHub, type HubTimings } from "./hub.ts";
import { createLlmProxy } from "./llm-proxy.ts";
import { createPluginLogStore } from "./plugin-log-store.ts";
import { createPluginLogs } from "./plugin-logs.ts";
import { createPublisher } from "./publisher.ts";
import { createEdgeService } from "./service.ts";
import { createSnapshotStore } from "./snapshot-store.ts";
import { createEdgeStore } from "./store.ts";
import { createTelemetry } from "./telemetry.ts";
import { createUsageStore } from "./usage-store.ts";

/**
 * Everything about edge gateways. `start` publishes the first snapshots and opens the control port; rejects with a sentence when the
 * port is taken.
 */
export function createEdges({
  db,
  vault,
  events,
  llms,
  logger,
  host,
  controlPort,
  gatewayUrl,
  moreServices = [],
  hubTimings,
}: {
  db: Db;
  vault: Vault;
  events: EventBus;
  llms: LlmService;
  logger: Logger;
  host: string;
  controlPort: number;
  gatewayUrl: string;
  /** Other gRPC services on the same port. */
  moreServices?: ControlService[];
  hubTimings?: HubTimings;
}) {
  const store = createEdgeStore(db);
  const usage = createUsageStore(db);
  const snapshotStore = createSnapshotStore({ db, vault });
  const publisher = createPublisher({ store: snapshotStore, vault, events, logger });
  const telemetry = createTelemetry({ store: usage, announce: () => store.announce(usageTopic, "0"), logger });
  const budgets = createBudgets({
    store: usage,
    events,
    logger,
    namespaces: () => hub.namespaces(),
    push: (namespace, spent) => hub.budget(namespace, spent),
  });
  const pluginLogs = createPluginLogs({ store: createPluginLogStore(db), logger });
  const hub = createHub({
    store,
    publisher,
    budgetState: budgets.state,
    takeTelemetry: telemetry.take,
    takePluginLogs: pluginLogs.take,
    events,
    logger,
    timings: hubTimings,
  });
  let signer: Promise<(call: SystemCall) => string> | undefined;
  const sign = async (call: SystemCall): Promise<string> => {
    signer ??= snapshotStore.systemCallKey().then((key) => createSystemCallSigner(key));
    signer.catch(() => {
      signer = undefined;
    });
    return (await signer)(call);
  };
  const proxy = createLlmProxy({ llms, gatewayUrl, sign });
  const endpoints: Endpoint[] = [...edgeEndpoints({ edges: createEdgeService({ db, store, publisher }) }), ...proxy.endpoints];
  let server: Awaited<ReturnType<typeof startControlServer>> | undefined;

  return {
    endpoints,
    jobs: { "trim-usage": () => telemetry.trim() } satisfies Jobs as Jobs,
    /** Hourly, on one replica. */
    crontab: "17 * * * * trim-usage",
    async start(): Promise<void> {
      await publisher.start();
      server = await startControlServer({ host, port: controlPort, services: [hub.service, ...moreServices] });
      logger.info("edges may connect", { host, port: server.port });
    },
    /** The port that edges connect to; 0 before start. */
    port: (): number => server?.port ?? 0,
    async close(): Promise<void> {
      await hub.close();
      await server?.close();
      telemetry.close();
      await pluginLogs.close();
      await budgets.close();
      await publisher.close();
      await proxy.close();
    },
  };
}
