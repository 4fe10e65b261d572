import { type ClientDuplexStream, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { backoffMs, messageOf, sleep } from "@portico/core";
import { serial } from "@portico/core/concurrency";
import type { Logger } from "@portico/core/logger";
import {
  type BudgetUsage,
  type EdgeMessage,
  EdgeServiceClient,
  EdgeServiceService,
  type Heartbeat,
  HubMessage,
  type PluginLogLine,
  type RegisterResponse,
} from "@portico/protocol/edge";
import type { ClientIdentity } from "./client-identity.ts";
import type { Configuration } from "./configuration.ts";
import { createHubChannels, type HubTrust } from "./hub-tls.ts";
import { createSnapshotParts } from "./snapshot-parts.ts";

export type HubState = { connected: boolean; sinceMs: number; error: string };

/** An open session with the hub; gone when the link is down. */
export type HubSession = { client: EdgeServiceClient; metadata: Metadata; sessionId: string };

export type HubLink = {
  state(): HubState;
  session(): HubSession | undefined;
  /** Sends a heartbeat in a moment instead of when it is due: something that it reports has changed. */
  reportSoon(): void;
  /** Counts something of the hub that could not be decoded; reported with heartbeats. */
  noteUnreadable(): void;
  close(): Promise<void>;
};

type HubStream = ClientDuplexStream<EdgeMessage, Buffer>;

const protocolVersion = 1;
const edgeVersion = "0.1.0";
const registerTimeoutMs = 10_000;
const pluginLogsMs = 1_000;
/** Several changes within this time are one report. */
const reportSoonMs = 200;
const backoff = { baseMs: 200, capMs: 5_000 };
/** Messages of the hub that wait for their turn before no more are read. */
const mostWaiting = 16;
/** A connection that lasted this long resets the back-off. */
const heldMs = 10_000;
/** Another gateway is connected with this id and will probably stay. */
const twinWaitMs = 5_000;

/**
 * Keeps the edge connected to its hub for as long as it lives: registers, takes snapshots, revocations and budgets in the
 * order they come, sends heartbeats, and starts over whenever the link breaks or falls silent.
 */
export function startHubLink({
  hub,
  trust,
  identity,
  edgeId,
  instanceId,
  namespace,
  edgeToken,
  advertisedUrl,
  configuration,
  onBudget,
  onHubTime,
  onSession,
  vitals,
  pluginLogs,
  logger,
}: {
  hub: string;
  trust: HubTrust | undefined;
  identity: ClientIdentity;
  edgeId: string;
  /** Lets the hub distinguish a second gateway with this edge id from this one. */
  instanceId: string;
  namespace: string;
  edgeToken: string;
  advertisedUrl: string;
  configuration: Configuration;
  onBudget(usage: BudgetUsage[]): void;
  /** What time it was at the hub when it sent the message that has just arrived. */
  onHubTime(hubMs: number): void;
  onSession(session: HubSession): void;
  vitals(): Omit<Heartbeat, "version" | "checksum" | "sentAtMs" | "hubMessagesUnreadable">;
  /** What plugins wrote since the last call, bounded. */
  pluginLogs(): PluginLogLine[];
  logger: Logger;
}): HubLink {
  const stopping = new AbortController();
  const state: HubState = { connected: false, sinceMs: Date.now(), error: "not connected yet" };
  let session: HubSession | undefined;
  let attempt = 0;
  let unreadable = 0;
  /** Of the open stream. */
  let report: (() => void) | undefined;
  let reportTimer: NodeJS.Timeout | undefined;
  const channel = createHubChannels({ hub, trust, identity });

  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${edgeToken}`);

  function setState(connected: boolean, error: string): void {
    if (state.connected !== connected) {
      state.sinceMs = Date.now();
      if (connected) logger.info("connected to the hub", { hub });
      else logger.warn("lost the hub; serving on", { hub, error });
    } else if (!connected && state.error !== error) logger.warn("the hub is not reachable", { hub, error });
    state.connected = connected;
    state.error = error;
  }

  const running = (async () => {
    while (!stopping.signal.aborted) {
      let client: EdgeServiceClient | undefined;
      let reason: string;
      let waitMs = 0;
      try {
        client = await connect();
        let registered = await register(client);
        if (registered.clientCertificate && !registered.sessionId) {
          identity.keep(registered.clientCertificate);
          logger.info("client certificate received; reconnecting with it", { hub });
          client.close();
          client = await connect();
          registered = await register(client);
        }
        session = { client, metadata, sessionId: registered.sessionId };
        reason = await sync(client, registered, session);
      } catch (error) {
        reason = reasonOf(error);
        if (error instanceof Error && "code" in error && error.code === status.ALREADY_EXISTS) waitMs = twinWaitMs;
      }
      session = undefined;
      client?.close();
      if (stopping.signal.aborted) break;
      setState(false, reason);
      await sleep(Math.max(waitMs, backoffMs(attempt++, backoff)), stopping.signal);
    }
  })();

  /** A fresh client with its own pool: grpc-js would otherwise wait out its own, longer back-off. */
  async function connect(): Promise<EdgeServiceClient> {
    const { credentials, options } = await channel(stopping.signal);
    return new EdgeServiceClient(hub, credentials, {
      ...options,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.keepalive_time_ms": 30_000,
      "grpc.keepalive_timeout_ms": 10_000,
      "grpc.keepalive_permit_without_calls": 1,
    });
  }

  function register(client: EdgeServiceClient): Promise<RegisterResponse> {
    const clientPublicKey = trust ? identity.publicKey() : Buffer.alloc(0);
    const request = { edgeId, namespace, version: edgeVersion, protocol: protocolVersion, advertisedUrl, instanceId, clientPublicKey };
    return new Promise((resolve, reject) => {
      const call = client.register(request, metadata, { deadline: Date.now() + registerTimeoutMs }, (error, response) => {
        stopping.signal.removeEventListener("abort", cancel);
        if (error) reject(error);
        else resolve(response);
      });
      const cancel = () => call.cancel();
      stopping.signal.addEventListener("abort", cancel, { once: true });
    });
  }

  /** Runs the stream until it ends. @returns why it ended. */
  function sync(client: EdgeServiceClient, registered: RegisterResponse, opened: HubSession): Promise<string> {
    const { path, requestSerialize } = EdgeServiceService.sync;
    // Messages are decoded here: one that cannot be must not end the stream, which would be reopened only to receive it again.
    const stream: HubStream = client.makeBidiStreamRequest(path, requestSerialize, (bytes: Buffer) => bytes, metadata);
    const parts = createSnapshotParts();
    const openedMs = performance.now();
    const heartbeatMs = Math.min(Math.max(registered.heartbeatIntervalMs || 10_000, 50), 300_000);
    let lastHeardMs = openedMs;
    const inOrder = serial();
    let waiting = 0;

    return new Promise((resolve) => {
      const end = (reason: string) => {
        clearInterval(heartbeat);
        clearInterval(logs);
        report = undefined;
        stopping.signal.removeEventListener("abort", onStop);
        stream.cancel();
        // Whatever was already received is finished before a new session may begin.
        void inOrder.run(configuration.dropUnfinished).then(() => resolve(reason));
      };
      const onStop = () => end("stopping");
      stopping.signal.addEventListener("abort", onStop, { once: true });
      const heartbeat = setInterval(() => {
        if (performance.now() - lastHeardMs > heartbeatMs * 3 + 1_000) return end("the hub stopped answering heartbeats");
        report?.();
      }, heartbeatMs);
      heartbeat.unref();
      const logs = setInterval(() => {
        // While the hub does not read, lines stay in the plugin host's own, bounded memory.
        if (stream.writableLength > 0) return;
        const lines = pluginLogs();
        if (lines.length > 0) stream.write({ pluginLogs: { lines } });
      }, pluginLogsMs);
      logs.unref();

      stream.on("data", (bytes: Buffer) => {
        lastHeardMs = performance.now();
        if (lastHeardMs - openedMs >= heldMs) attempt = 0;
        const message = read(bytes, parts);
        if (!message) return;
        const hubMs = message.heartbeatReply?.receivedAtMs ?? 0;
        if (hubMs > 0) onHubTime(hubMs);
        if (message.revocation) configuration.refuse(message.revocation.credentialHashes);
        if (++waiting >= mostWaiting) stream.pause();
        inOrder
          .run(() => take(message, stream, registered.wrappedKey))
          .catch((error: unknown) => {
            logger.error("cannot act on a message of the hub", { error: messageOf(error) });
          })
          .finally(() => {
            if (--waiting < mostWaiting) stream.resume();
          });
      });
      stream.on("metadata", () => setState(true, ""));
      stream.on("error", (error) => end(reasonOf(error)));
      stream.on("end", () => end("the hub closed the stream"));

      report = () =>
        void stream.write({ heartbeat: { ...position(), sentAtMs: Date.now(), ...vitals(), hubMessagesUnreadable: unreadable } });
      const held = configuration.held();
      stream.write({ hello: { sessionId: registered.sessionId, ...held, takesParts: true, takesDeltas: true } });
      const rejected = configuration.rejected();
      if (rejected.length > 0) {
        const { version, checksum } = held;
        stream.write({ deltaResult: { version, checksum, rejected, appliedAtMs: 0, gap: false, reason: "" } });
      }
      // Its answer says what time it is at the hub.
      report();
      setState(true, "");
      onSession(opened);
    });
  }

  const position = () => {
    const { version, checksum } = configuration.held();
    return { version, checksum };
  };

  /** @returns undefined when there is nothing to act on yet: a part of a snapshot, or bytes that are not a message. */
  function read(bytes: Buffer, parts: ReturnType<typeof createSnapshotParts>): HubMessage | undefined {
    try {
      const message = HubMessage.decode(bytes);
      if (!message.snapshotPart) return message;
      const snapshot = parts.add(message.snapshotPart);
      return snapshot && { snapshot };
    } catch (error) {
      noteUnreadable();
      logger.error("a message of the hub cannot be decoded: skipped", { bytes: bytes.length, error: messageOf(error) });
      return undefined;
    }
  }

  function noteUnreadable(): void {
    unreadable++;
  }

  async function take(message: HubMessage, stream: HubStream, wrappedKey: Buffer): Promise<void> {
    if (message.snapshot) {
      const { version, checksum } = message.snapshot;
      const applied = await configuration.applySnapshot(message.snapshot, wrappedKey);
      const result = applied.accepted ? { accepted: true, reason: "", appliedAtMs: applied.appliedAtMs } : { ...applied, appliedAtMs: 0 };
      stream.write({ snapshotResult: { version, checksum, ...result } });
    } else if (message.resourceDelta) {
      const deltaResult = await configuration.applyDelta(message.resourceDelta, wrappedKey);
      if (deltaResult) stream.write({ deltaResult });
    } else if (message.revocation) {
      await configuration.keepRefused(message.revocation.credentialHashes);
      stream.write({ revocationResult: { revocationId: message.revocation.revocationId } });
    } else if (message.budget) onBudget(message.budget.usage);
  }

  return {
    state: () => ({ ...state }),
    session: () => session,
    noteUnreadable,
    reportSoon() {
      reportTimer ??= setTimeout(() => {
        reportTimer = undefined;
        report?.();
      }, reportSoonMs).unref();
    },
    async close() {
      clearTimeout(reportTimer);
      stopping.abort();
      await running;
    },
  };
}

const reasonOf = (error: unknown): string => {
  const details = error instanceof Error && "details" in error ? (error as ServiceError).details : "";
  return details || messageOf(error);
};
