import { type handleBidiStreamingCall, type handleUnaryCall, Metadata, status } from "@grpc/grpc-js";
import { sleep } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import {
  type BudgetUsage,
  type EdgeMessage,
  type EdgeServiceServer,
  EdgeServiceService,
  type Heartbeat,
  type Hello,
  type HubMessage,
  type PayloadBatch,
  type PluginLogLine,
  type RefusedPayload,
  type TelemetryAck,
  type TelemetryBatch,
} from "@portico/protocol/edge";
import { GrpcError } from "@portico/protocol/grpc-error";
import type { EventBus } from "../events/bus.ts";
import { createAdmission } from "./admission.ts";
import type { Authority } from "./authority.ts";
import { createConfigFeed, type FedEdge, type Outcome } from "./config-feed.ts";
import type { ControlService } from "./control-server.ts";
import { toStatus } from "./grpc-status.ts";
import { createOutgoing, type EdgeStream } from "./outgoing.ts";
import { printable } from "./printable.ts";
import type { Publisher } from "./publisher.ts";
import { createRegister } from "./registration.ts";
import type { Beat, EdgeIdentity, EdgeReport, EdgeStore } from "./store.ts";

export type HubTimings = {
  heartbeatMs: number;
  /** How long a stream may wait with its hello. */
  helloMs: number;
  /** How long one message may take to leave. */
  writeMs: number;
  /** Heartbeats are stored together, this often. */
  flushMs: number;
  /** Interval at which edges that fell silent are written down as disconnected. */
  sweepMs: number;
};
const defaultTimings: HubTimings = { heartbeatMs: 5_000, helloMs: 10_000, writeMs: 60_000, flushMs: 3_000, sweepMs: 10_000 };

const checksumForm = /^[0-9a-f]{64}$/;
const maxVersion = 1e15;
const maxPlugins = 500;

type Connection = FedEdge & {
  edgeId: string;
  sessionId: string;
  tokenHash: string;
  end(code: status, reason: string): void;
};

/**
 * The studio's side of portico.edge.v1: knows the edges connected to this replica, gives them what is published and writes down what
 * they report. Who is connected is decided by the age of the heartbeat in the database, which survives any replica.
 */
export function createHub({
  store,
  publisher,
  authority,
  requiresCertificate,
  budgetState,
  takeTelemetry,
  takePluginLogs,
  takePayloads,
  events,
  logger,
  timings = defaultTimings,
}: {
  store: EdgeStore;
  publisher: Publisher;
  /** Issues edges their client certificates. */
  authority: Authority;
  requiresCertificate: boolean;
  budgetState(namespace: string): Promise<BudgetUsage[]>;
  takeTelemetry(edge: EdgeIdentity, batch: TelemetryBatch): Promise<TelemetryAck>;
  takePluginLogs(edgeId: string, namespace: string, lines: PluginLogLine[]): void;
  /** @returns those that were not stored. */
  takePayloads(edge: Pick<EdgeIdentity, "edgeId" | "namespace">, batch: PayloadBatch): Promise<RefusedPayload[]>;
  events: EventBus;
  logger: Logger;
  timings?: HubTimings | undefined;
}) {
  const connections = new Map<string, Connection>();
  let beats = new Map<string, Beat>();
  let closed = false;
  const background = new Set<Promise<unknown>>();

  /** Work that nobody waits for, except close(). */
  function later(work: Promise<unknown>): void {
    const settled = work
      .catch((error: unknown) => logger.error("edge status could not be stored", { error }))
      .finally(() => background.delete(settled));
    background.add(settled);
  }

  const feed = createConfigFeed({ publisher, edges: () => connections.values(), later });
  const changed = (edgeId: string) => store.announce("system.edge.updated", edgeId);

  const { admit, callerOf } = createAdmission({ identify: (tokenHash) => store.identify({ tokenHash }), requiresCertificate });
  const register = createRegister({
    store,
    dataKey: publisher.dataKey,
    authority,
    requiresCertificate,
    callerOf,
    heartbeatMs: timings.heartbeatMs,
    logger,
  });

  const sync: handleBidiStreamingCall<EdgeMessage, HubMessage> = (stream) => {
    let connection: Connection | undefined;
    let ended = false;
    const end = (code: status, reason: string) => {
      if (ended) return;
      ended = true;
      clearTimeout(helloTimer);
      if (connection) leave(connection);
      stream.emit("error", { code, details: reason });
    };
    const helloTimer = setTimeout(() => end(status.DEADLINE_EXCEEDED, "no hello received"), timings.helloMs);
    const { identity } = callerOf(stream.metadata);
    stream.sendMetadata(new Metadata());

    async function take(message: EdgeMessage): Promise<void> {
      if (ended) return;
      if (!connection) {
        if (!message.hello) throw new GrpcError(status.FAILED_PRECONDITION, "the first message must be hello");
        clearTimeout(helloTimer);
        connection = await welcome(message.hello, identity, stream, end);
        if (ended) leave(connection);
      } else if (message.snapshotResult) await acknowledge(connection, feed.snapshotApplied(message.snapshotResult));
      else if (message.deltaResult) await acknowledge(connection, feed.deltaApplied(connection, message.deltaResult));
      else if (message.revocationResult) connection.outgoing.revocationTaken(message.revocationResult.revocationId);
      else if (message.heartbeat) await beat(connection, message.heartbeat);
      else if (message.pluginLogs) {
        const { edgeId, namespace } = connection;
        const lines = message.pluginLogs.lines.filter(({ pluginId }) => publisher.runsPlugin(namespace, pluginId));
        takePluginLogs(edgeId, namespace, lines);
      }
    }
    const refuse = (error: unknown) => {
      const { code, details } = toStatus(error, logger);
      end(code, details);
    };
    // One message at a time: an edge cannot make us hold more of its messages than the stream's window.
    stream.on("data", (message: EdgeMessage) => {
      stream.pause();
      take(message).then(() => stream.resume(), refuse);
    });
    stream.on("end", () => end(status.OK, "the edge ended the stream"));
    stream.on("cancelled", () => end(status.CANCELLED, "the edge disconnected"));
    if (closed) end(status.UNAVAILABLE, "the control plane is stopping");
  };

  async function welcome(hello: Hello, identity: EdgeIdentity, stream: EdgeStream, end: Connection["end"]): Promise<Connection> {
    const { edgeId, namespace, tokenHash, sessionId } = identity;
    if (!sessionId || hello.sessionId !== sessionId) throw new GrpcError(status.UNAUTHENTICATED, "the session is unknown; register again");
    if (hello.version > maxVersion) throw new GrpcError(status.INVALID_ARGUMENT, "version was never issued by a hub");
    if (!(await store.connected(edgeId, sessionId, { ...positionOf(hello), takesDeltas: hello.takesDeltas })))
      throw new GrpcError(status.UNAUTHENTICATED, "the session is unknown; register again");
    connections.get(edgeId)?.end(status.ABORTED, "replaced by another connection of this edge");
    const outgoing = createOutgoing({
      stream,
      writeTimeoutMs: timings.writeMs,
      takesParts: hello.takesParts,
      onStuck: () => end(status.ABORTED, "the edge has stopped reading"),
      readPage: (after) => publisher.page(namespace, after),
    });
    const { takesDeltas } = hello;
    const connection: Connection = { edgeId, namespace, sessionId, tokenHash, outgoing, takesDeltas, isWelcome: false, end };
    connections.set(edgeId, connection);
    later(changed(edgeId));
    logger.info("edge connected", { edge: edgeId, namespace, version: hello.version });
    await feed.welcome(connection, { ...hello, ...positionOf(hello) });
    outgoing.budget(await budgetState(namespace));
    return connection;
  }

  function leave(connection: Connection): void {
    connection.outgoing.close();
    if (connections.get(connection.edgeId) === connection) {
      connections.delete(connection.edgeId);
      beats.delete(connection.edgeId);
    }
    feed.left(connection);
    if (closed) return;
    logger.info("edge disconnected", { edge: connection.edgeId });
    later(store.disconnected([connection.sessionId]).then(() => changed(connection.edgeId)));
  }

  async function acknowledge({ edgeId, sessionId }: Connection, outcome: Outcome): Promise<void> {
    const refusal = printable(outcome.refusal, 1000);
    if (refusal) logger.warn("edge rejected configuration", { edge: edgeId, version: outcome.version, reason: refusal });
    await store.acknowledged(edgeId, sessionId, { ...positionOf(outcome), refusal, isServed: outcome.isServed });
    later(changed(edgeId));
  }

  async function beat(connection: Connection, heartbeat: Heartbeat): Promise<void> {
    const { edgeId, namespace, sessionId, outgoing } = connection;
    beats.set(edgeId, {
      edgeId,
      sessionId,
      ...positionOf(heartbeat),
      report: reportOf(heartbeat, (id) => publisher.runsPlugin(namespace, id)),
    });
    const { version, checksum } = await feed.expected(connection);
    outgoing.reply({ receivedAtMs: Date.now(), expectedVersion: version, expectedChecksum: checksum });
  }

  async function flushBeats(): Promise<void> {
    const due = [...beats.values()];
    beats = new Map();
    const alive = await store.beat(due);
    for (const { edgeId, sessionId } of due) {
      const connection = connections.get(edgeId);
      if (connection?.sessionId === sessionId && !alive.has(sessionId))
        connection.end(status.ABORTED, "replaced by another connection of this edge");
    }
  }

  /** The edge's row has changed somewhere: is this connection still the one it describes? */
  async function recheck(connection: Connection): Promise<void> {
    const identity = await store.identify({ edgeId: connection.edgeId });
    if (identity?.tokenHash !== connection.tokenHash) connection.end(status.UNAUTHENTICATED, "the edge's token is no longer valid");
    else if (identity.sessionId !== connection.sessionId) connection.end(status.ABORTED, "replaced by another connection of this edge");
  }

  const resend = (edgeId: string): Promise<void> =>
    feed.resend([...connections.values()].filter((one) => edgeId === "*" || one.edgeId === edgeId));

  const unsubscribe = events.subscribe(
    ({ topic, objectId }) => {
      if (!topic.startsWith("system.edge.")) return;
      if (topic === "system.edge.reloaded") return later(resend(objectId));
      const connection = connections.get(objectId);
      if (connection) later(recheck(connection));
    },
    () => {
      for (const connection of connections.values()) later(recheck(connection));
    },
  );
  const flush = setInterval(() => later(flushBeats()), timings.flushMs);
  const sweep = setInterval(() => later(sweepSilent()), timings.sweepMs);

  async function sweepSilent(): Promise<void> {
    for (const edgeId of await store.sweepSilent()) await changed(edgeId);
  }

  const unary =
    <Q, R>(run: (request: Q, metadata: Metadata) => Promise<R>): handleUnaryCall<Q, R> =>
    ({ request, metadata }, callback) =>
      void run(request, metadata).then(
        (answer) => callback(null, answer),
        (error) => callback(toStatus(error, logger)),
      );
  const implementation: EdgeServiceServer = {
    register: unary(register),
    sync,
    sendPayloads: unary(async (batch: PayloadBatch, metadata) => ({ refused: await takePayloads(callerOf(metadata).identity, batch) })),
    sendTelemetry: unary(async (batch: TelemetryBatch, metadata) => takeTelemetry(callerOf(metadata).identity, batch)),
  };

  const each = (namespace: string, run: (connection: Connection) => void) => {
    for (const connection of connections.values()) if (connection.namespace === namespace) run(connection);
  };
  return {
    service: { definition: EdgeServiceService, implementation, admit } satisfies ControlService as ControlService,
    /** Namespaces of the edges connected here. */
    namespaces: (): string[] => [...new Set([...connections.values()].map(({ namespace }) => namespace))],
    budget: (namespace: string, usage: BudgetUsage[]) => each(namespace, ({ outgoing }) => outgoing.budget(usage)),
    /**
     * Passes on what has been revoked. Resolves when the edges connected here refuse it, or after the time allowed: whoever revoked
     * something is then told so, and no call that begins afterwards is admitted at an edge that answers.
     */
    async revoked(timeoutMs: number): Promise<void> {
      if (connections.size === 0 || closed) return;
      const passedOn = publisher.look().then(async () => {
        await Promise.all([...connections.values()].map(({ outgoing }) => outgoing.whenRevoked(timeoutMs)));
      });
      const giveUp = new AbortController();
      try {
        await Promise.race([passedOn, sleep(timeoutMs, giveUp.signal)]);
      } finally {
        giveUp.abort();
        // One that comes too late is the relay's to report, which looks again.
        passedOn.catch(() => {});
      }
    },
    sweepSilent,
    /** Ends every stream and writes down that its edge is not connected any more. */
    async close(): Promise<void> {
      closed = true;
      unsubscribe();
      clearInterval(flush);
      clearInterval(sweep);
      const open = [...connections.values()];
      for (const connection of open) connection.end(status.UNAVAILABLE, "the control plane is stopping");
      await Promise.all(background);
      await store
        .disconnected(open.map(({ sessionId }) => sessionId))
        .catch((error: unknown) => logger.warn("edges could not be marked as disconnected", { error }));
    },
  };
}

const positionOf = ({ version, checksum }: { version: number; checksum: string }) => ({
  version: Math.min(version, maxVersion),
  checksum: checksumForm.test(checksum) ? checksum : "",
});

const reportOf = (heartbeat: Heartbeat, runs: (pluginId: number) => boolean): EdgeReport => ({
  requests_total: heartbeat.requestsTotal,
  requests_active: heartbeat.requestsActive,
  resident_bytes: heartbeat.residentBytes,
  telemetry_pending: heartbeat.telemetryPending,
  telemetry_dropped: heartbeat.telemetryDropped,
  telemetry_rejected: heartbeat.telemetryRejected,
  hub_messages_unreadable: heartbeat.hubMessagesUnreadable,
  plugins: heartbeat.plugins
    .filter(({ pluginId }) => runs(pluginId))
    .slice(0, maxPlugins)
    .map((plugin) => ({
      plugin_id: plugin.pluginId,
      state: printable(plugin.state, 32),
      error: printable(plugin.error, 500),
      restarts: plugin.restarts,
      generation: plugin.generation,
    })),
});
