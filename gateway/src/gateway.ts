import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { messageOf, sleep } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { sameToken } from "@portico/core/tokens";
import { createOutbound } from "@portico/outbound";
import { createPluginHost, type PluginHost, type PluginSpec } from "@portico/plugin-host";
import { createLedger } from "./budget/ledger.ts";
import { createClock } from "./clock.ts";
import { createClientIdentity } from "./config/client-identity.ts";
import { createConfiguration } from "./config/configuration.ts";
import { startHubLink } from "./config/hub-link.ts";
import { readInstanceId } from "./config/instance-id.ts";
import type { RoutingTable } from "./config/routing-table.ts";
import { createConfigStore } from "./config/store.ts";
import { readiness } from "./health.ts";
import { createHookChain } from "./hooks/chain.ts";
import { createRequestHooks } from "./hooks/request-hooks.ts";
import { createResponseHooks } from "./hooks/response-hooks.ts";
import { createAdmission } from "./pipeline/admit.ts";
import { createBackgroundCalls } from "./pipeline/background.ts";
import type { EndpointCall } from "./pipeline/endpoint-call.ts";
import { createLlmAccess } from "./pipeline/llm-access.ts";
import { createPools } from "./pipeline/pools.ts";
import { createBook, createSettle, type Settle } from "./pipeline/settle.ts";
import { createUpstream } from "./pipeline/upstream.ts";
import { createPluginCaller } from "./plugins/caller.ts";
import { createDataCollection } from "./plugins/data-collection.ts";
import { createEndpointRegistry } from "./plugins/endpoint-registry.ts";
import { createPluginEndpoints } from "./plugins/endpoints.ts";
import { createEventBus } from "./plugins/event-bus.ts";
import { openKvStore } from "./plugins/kv.ts";
import { createLogFeed } from "./plugins/log-feed.ts";
import { openPayloadQueue } from "./plugins/payload-queue.ts";
import { startPayloadSender } from "./plugins/payload-sender.ts";
import { createServiceApi } from "./plugins/service-api.ts";
import { createLlmSurface } from "./routes/llm.ts";
import { createPluginEndpointSurface } from "./routes/plugin-endpoints.ts";
import { createStatusSurface } from "./routes/status.ts";
import { createGatewayServer } from "./server.ts";
import type { Settings } from "./settings.ts";
import { createSessions } from "./sockets/sessions.ts";
import { openJournal } from "./telemetry/journal.ts";
import { createMicroRounding } from "./telemetry/micro-rounding.ts";
import { startSender } from "./telemetry/sender.ts";

export type Gateway = {
  port: number;
  url: string;
  /** Stops taking connections, lets requests finish within the drain time, delivers or stores their usage, stops plugins. */
  close(): Promise<Closed>;
};

/** How a gateway ended: usage records that could be neither delivered nor written. */
export type Closed = { lostRecords: number };

const lastDeliveryMs = 1_000;
/** For records that no disk keeps. */
const onlyDeliveryMs = 10_000;

/**
 * Starts a gateway: from its last good snapshot at once, and from its hub as soon as that is reached.
 * @throws Error when the port is taken or the data folder cannot be written.
 */
export async function startGateway({ settings, logger }: { settings: Settings; logger: Logger }): Promise<Gateway> {
  const { limits, dataDir, edgeId, edgeNamespace, edgeToken } = settings;
  const store = createConfigStore();
  const kv = openKvStore({ dataDir, logger });
  const journal = openJournal({
    dataDir,
    maxRecords: limits.journalRecords,
    flushMs: limits.journalFlushMs,
    logger,
    onStored: () => sender.wake(),
  });
  const clock = createClock({ offsetMs: journal.loadClockOffset() });
  const ledger = createLedger({ now: clock.now });
  ledger.update(journal.loadBudget());
  for (const spend of journal.unacknowledged()) ledger.book(spend, 0);

  const payloads = openPayloadQueue({ dataDir, logger, now: clock.now });
  const serviceApi = createServiceApi({ store, ledger, kv, payloads, onPayload: () => payloadSender.wake(), logger });
  const events = createEventBus({ edgeId, store, logger });
  // Plugins start before there is a link to report on.
  let reportSoon = () => {};
  const host: PluginHost = createPluginHost({
    runtime: "gateway",
    logger,
    services: (pluginId) => [serviceApi(pluginId), events(pluginId)],
    allowedDirs: settings.pluginDirs,
    isolation: settings.pluginIsolation,
    passEnvironment: settings.pluginEnvironment,
    // The gateway's own folder and what of the studio's lies beside it.
    hiddenDirs: [dirname(dataDir)],
    onState: () => reportSoon(),
  });
  const caller = createPluginCaller({ host, edgeId, edgeNamespace, limits });
  const { pluginBytes } = limits;
  const chain = createHookChain({ caller, timeoutMs: limits.pluginTimeoutMs, logger });
  const requestHooks = createRequestHooks({ chain, caller, pluginBytes, logger });
  const responseHooks = createResponseHooks({ chain, caller, pluginBytes });

  const vitals = { total: 0, active: 0 };
  const dataCollection = createDataCollection({ host, ledger, pluginBytes, pluginStartWaitMs: limits.pluginStartWaitMs, logger });
  const onStarted = () => void vitals.active++;
  const onSettled = () => {
    vitals.active--;
    vitals.total++;
  };
  const book = createBook({ ledger, roundToMicro: createMicroRounding(), record: (record, spend) => journal.add(record, spend) });
  const background = createBackgroundCalls({ dataDir, now: clock.now, charge: book, logger });
  const settle = createSettle({
    book,
    background,
    collect: dataCollection.collect,
    onSettled,
  });
  const outbound = settings.outbound ?? createOutbound();
  const pools = createPools(limits, outbound);
  const admission = createAdmission({ ledger });
  const sessions = createSessions({
    store,
    connector: outbound.connector("llm", { timeout: limits.connectTimeoutMs, allowH2: false }),
    limits,
    now: clock.now,
    renew: admission.renew,
    book,
    settle,
  });
  const checkAccess = createLlmAccess(store);
  const llmSurface = createLlmSurface({
    now: clock.now,
    store,
    admission,
    hooks: requestHooks,
    upstream: createUpstream({
      pools,
      // An upload takes time, in which the LLM may have been deactivated.
      admitUpload(exchange) {
        const step = checkAccess(exchange);
        return step.kind === "next" ? admission.admitUpload(exchange) : { step, added: "" };
      },
      openSession: sessions.open,
      settle,
      responseHooks,
      isCollected: dataCollection.isWanted,
      logger,
      pluginBytes,
    }),
    settle,
    onStarted,
    maxRequestBytes: limits.requestBytes,
    corsOrigins: settings.corsOrigins ?? [],
    logger,
  });

  // What plugins serve themselves costs nothing and is not recorded as usage.
  const settleEndpoint: Settle<EndpointCall> = (exchange) => {
    if (exchange.settled) return;
    exchange.settled = true;
    onSettled();
  };
  const pluginEndpointSurface = createPluginEndpointSurface({
    now: clock.now,
    store,
    endpoints: createPluginEndpoints({
      host,
      registry: createEndpointRegistry({ logger }),
      store,
      settle: settleEndpoint,
      edgeId,
      limits,
      logger,
    }),
    settle: settleEndpoint,
    onStarted,
    maxRequestBytes: limits.endpointBytes,
    corsOrigins: settings.corsOrigins ?? [],
    logger,
  });

  let pluginsTried = false;
  const configuration = createConfiguration({
    store,
    dataDir,
    edgeToken,
    namespace: edgeNamespace,
    logger,
    onSwap(table) {
      pools.prune(table);
      host
        .reconcile(pluginSpecs(table, settings.pluginDev === true))
        .then(() => {
          pluginsTried = true;
        })
        .catch((error: unknown) => logger.error("cannot run the plugins of the snapshot", { error: messageOf(error) }));
    },
  });

  const statusSurface = createStatusSurface({
    readiness: (authorization) =>
      readiness({ table: store.read(), plugins: host.statuses(), pluginsTried, hub: link.state(), detailed: isOperator(authorization) }),
  });
  const server = createGatewayServer({ surfaces: [llmSurface, pluginEndpointSurface, statusSurface], limits, now: clock.now, logger });

  /** A holder of the edge's own token may read what is inside. */
  const isOperator = (authorization: string | undefined): boolean =>
    authorization !== undefined && sameToken(authorization, `Bearer ${edgeToken}`);

  await configuration.restore();
  const link = startHubLink({
    hub: settings.hub,
    trust: settings.hubTrust,
    identity: createClientIdentity(dataDir),
    edgeId,
    instanceId: readInstanceId(dataDir),
    namespace: edgeNamespace,
    edgeToken,
    advertisedUrl: `http://${hostForUrl(settings.host)}:${settings.port}`,
    configuration,
    onHubTime: (hubMs) => journal.saveClockOffset(clock.set(hubMs)),
    onBudget: (usage) => journal.saveBudget(ledger.update(usage)),
    onSession() {
      sender.wake();
      payloadSender.wake();
    },
    vitals: () => ({
      requestsTotal: vitals.total,
      requestsActive: vitals.active,
      residentBytes: process.memoryUsage.rss(),
      telemetryPending: journal.pending(),
      telemetryDropped: journal.droppedTotal(),
      telemetryRejected: journal.rejectedTotal(),
      // What was detached or deleted is not reported as something that stopped.
      plugins: host
        .statuses()
        .filter(({ state }) => state !== "stopped")
        .map(({ id, state, error, restarts, generation }) => ({ pluginId: id, state, error, restarts, generation })),
    }),
    pluginLogs: createLogFeed({ host }),
    logger,
  });
  reportSoon = link.reportSoon;
  const sender = startSender({
    journal,
    session: link.session,
    onUnreadable: link.noteUnreadable,
    onAcknowledged: (batch, { usage }) => journal.saveBudget(ledger.acknowledge(batch.spends, usage)),
    logger,
  });

  const payloadSender = startPayloadSender({ queue: payloads, session: link.session, logger });

  let closing: Promise<Closed> | undefined;
  const close = (): Promise<Closed> => {
    closing ??= stop();
    return closing;
  };
  async function stop(): Promise<Closed> {
    sessions.close();
    await drain(server, limits.drainMs);
    // What was settled last is stored and, if the hub is there to take it, delivered.
    journal.flush();
    const mayWaitMs = () => (journal.unwritten() > 0 ? onlyDeliveryMs : lastDeliveryMs);
    for (let waitedMs = 0; waitedMs < mayWaitMs() && link.session() && journal.pending() > 0; waitedMs += 20) await sleep(20);
    await sender.close();
    await payloadSender.close();
    await link.close();
    await dataCollection.drain(lastDeliveryMs);
    await host.close();
    await pools.close();
    background.close();
    const lostRecords = journal.close();
    kv.close();
    payloads.close();
    return { lostRecords };
  }

  try {
    await listen(server, settings.port, settings.host);
  } catch (error) {
    await close();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://${hostForUrl(settings.host)}:${port}`, close };
}

const hostForUrl = (host: string): string => (host.includes(":") ? `[${host}]` : host);

const pluginSpecs = (table: RoutingTable, dev: boolean): PluginSpec[] =>
  [...table.plugins.values()]
    .filter((plugin) => plugin.runsHere)
    .map(({ id, name, slug, command, checksum, codeHash, config, generation }) => {
      return { id, name, slug, command, checksum, codeHash, dev, config, generation };
    });

const listen = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });

/** Takes no new connections, ends the idle ones, and waits for the rest as long as they may take. */
async function drain(server: Server, drainMs: number): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), drainMs);
    // A connection that is kept alive falls idle when its last answer is out.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(force);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}
