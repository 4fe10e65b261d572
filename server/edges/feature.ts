import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "@portico/core/logger";
import { decides } from "@portico/protocol/kinds";
import { createSystemCallSigner, type SystemCall } from "@portico/protocol/system-calls";
import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { EventBus } from "../events/bus.ts";
import type { Feature } from "../feature.ts";
import type { Endpoint } from "../http/endpoint.ts";
import type { LlmService } from "../llms/service.ts";
import type { EdgePayloads } from "../plugins/payloads/payloads.ts";
import type { SecretEnvironment } from "../secrets/values.ts";
import type { Vault } from "../secrets/vault.ts";
import { createUsageStore } from "../usage/store.ts";
import { createEdgeActivity } from "./activity.ts";
import { edgeActivityEndpoints } from "./activity-endpoints.ts";
import { createEdgeActivityStore } from "./activity-store.ts";
import { makeAuthority, openAuthority } from "./authority.ts";
import { createAuthorityStore } from "./authority-store.ts";
import { createBudgets, usageTopic } from "./budgets.ts";
import { createBuilder } from "./builder.ts";
import { createBuilderStore } from "./builder-store.ts";
import { type Certificates, createCertificates, type OwnCertificate } from "./certificates.ts";
import { startControlServer } from "./control-server.ts";
import { edgeEndpoints } from "./endpoints.ts";
import { createHub, type HubTimings } from "./hub.ts";
import { createLlmPrompts, type LlmPrompts } from "./llm-prompts.ts";
import { createLlmProxy } from "./llm-proxy.ts";
import { createPluginLogStore } from "./plugin-log-store.ts";
import { createPluginLogs } from "./plugin-logs.ts";
import { createPublisher, defaultPublisherTimings } from "./publisher.ts";
import { createRelayStore } from "./relay-store.ts";
import { createEdgeService } from "./service.ts";
import { createEdgeStore } from "./store.ts";
import { createTelemetry } from "./telemetry.ts";
import { createEdgeWire } from "./wire.ts";

/** How long a write that takes an app, a credential or an LLM away waits for edges to refuse it. */
const revocationWaitMs = 300;

export type HubSettings = {
  host: string;
  controlPort: number;
  /** Names and addresses at which edges reach the hub, besides those of this machine. */
  names: readonly string[];
  /** The operator's certificate, shown to edges that do not know the hub's own CA. */
  certificate: OwnCertificate | undefined;
  /** Whether edges must prove the key that they enrolled. */
  requiresClientCertificate: boolean;
  /** Where the CA's certificate is written for whoever starts gateways on this machine. */
  dataDir: string;
};

export type EdgeFeature = Feature & {
  /** The port that edges connect to; 0 before start. */
  port(): number;
  hubCaSha256: string;
  askLlm: LlmPrompts["ask"];
};

/**
 * Everything about edge gateways. `start` publishes the first snapshots and opens the control port; rejects with a sentence when the
 * port is taken.
 */
export async function createEdges({
  db,
  counts,
  vault,
  secretEnvironment,
  events,
  llms,
  takePayloads,
  logger,
  hubSettings,
  gatewayUrl,
  hubTimings,
}: {
  db: Db;
  counts: Counts;
  vault: Vault;
  secretEnvironment: SecretEnvironment;
  events: EventBus;
  llms: LlmService;
  takePayloads: EdgePayloads["take"];
  logger: Logger;
  hubSettings: HubSettings;
  gatewayUrl: string;
  hubTimings?: HubTimings;
}): Promise<EdgeFeature> {
  const { host, controlPort, requiresClientCertificate } = hubSettings;
  const authority = await openAuthority(await createAuthorityStore({ db, vault }).load(makeAuthority));
  const store = createEdgeStore(db, counts);
  const usage = createUsageStore(db);
  const builderStore = createBuilderStore({ db, vault });
  const builder = createBuilder({ store: builderStore, vault, secretEnvironment, logger, timings: defaultPublisherTimings });
  const publisher = createPublisher({ builder, store: createRelayStore(db), events, logger });
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
    authority,
    requiresCertificate: requiresClientCertificate,
    budgetState: budgets.state,
    takeTelemetry: telemetry.take,
    takePluginLogs: pluginLogs.take,
    takePayloads,
    events,
    logger,
    timings: hubTimings,
  });
  db.onCommit(async (kinds) => {
    if ([...kinds].some((kind) => decides(`system.${kind}.updated`, "admission"))) await hub.revoked(revocationWaitMs);
  });
  let signer: Promise<(call: SystemCall) => string> | undefined;
  const sign = async (call: SystemCall): Promise<string> => {
    signer ??= builderStore.systemCallKey().then((key) => createSystemCallSigner(key));
    signer.catch(() => {
      signer = undefined;
    });
    return (await signer)(call);
  };
  const proxy = createLlmProxy({ llms, gatewayUrl, sign });
  const prompts = createLlmPrompts({ llms, gatewayUrl, sign });
  const edgeService = createEdgeService({ db, store, publisher });
  const wire = createEdgeWire(authority.sha256);
  const endpoints: Endpoint[] = [
    ...edgeActivityEndpoints({ activity: createEdgeActivity({ store: createEdgeActivityStore(db) }), edges: edgeService, wire }),
    ...edgeEndpoints({ edges: edgeService, wire }),
    ...proxy.endpoints,
  ];
  let server: Awaited<ReturnType<typeof startControlServer>> | undefined;
  let certificates: Certificates | undefined;

  return {
    endpoints,
    async start(): Promise<void> {
      await publisher.start();
      await writeWhole(hubSettings.dataDir, "hub-ca.pem", authority.certificate);
      certificates = await createCertificates({
        authority,
        names: hubSettings.names,
        own: hubSettings.certificate,
        logger,
        onChange: (pair) => server?.setCertificate(pair),
      });
      server = await startControlServer({
        host,
        port: controlPort,
        service: hub.service,
        certificates,
        // In plain text no key can be proved.
        plaintext: requiresClientCertificate ? () => false : undefined,
        asksForCertificate: requiresClientCertificate,
        logger,
      });
      logger.info("control port is open for edges", { host, port: server.port, ca_sha256: authority.sha256 });
    },
    port: (): number => server?.port ?? 0,
    hubCaSha256: authority.sha256,
    askLlm: prompts.ask,
    async close(): Promise<void> {
      await hub.close();
      await server?.close();
      certificates?.close();
      telemetry.close();
      await pluginLogs.close();
      await budgets.close();
      await publisher.close();
      await proxy.close();
      await prompts.close();
    },
  };
}

/** Whoever reads the file sees all of it. */
async function writeWhole(dir: string, name: string, text: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const file = join(dir, name);
  await writeFile(`${file}.${process.pid}`, text);
  await rename(`${file}.${process.pid}`, file);
}
