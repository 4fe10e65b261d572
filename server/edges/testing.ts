import { type ClientDuplexStream, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import {
  type DeltaResult,
  type EdgeMessage,
  EdgeServiceClient,
  type Heartbeat,
  type HubMessage,
  type PluginLogLine,
  type RegisterRequest,
  type RegisterResponse,
  type Resource,
  type ResourceDelta,
  Snapshot,
  type TelemetryAck,
  type UsageRecord,
} from "@portico/protocol/edge";
import { resourceHash, resourceKey, StateChecksum } from "@portico/protocol/resources";
import { edgeWrappingKey, open } from "@portico/protocol/sealing";

export type Received = { atMs: number; message: HubMessage };

/** The edge's side of portico.edge.v1, for tests: a real client that keeps what it hears. */
export function anEdge({
  port,
  edgeId,
  token,
  namespace = "",
  verdict = () => "",
  ca,
  takesParts = false,
  takesDeltas = false,
  rejects = () => "",
  answersRevocations = true,
  address = "127.0.0.1",
}: {
  port: number;
  edgeId: string;
  token: string;
  namespace?: string;
  /** Why a snapshot is refused; "" serves it. */
  verdict?: (snapshot: Snapshot) => string;
  /** The CA (PEM) that vouches for the hub; without it, plain text as older gateways on the same machine speak it. */
  ca?: string;
  takesParts?: boolean;
  takesDeltas?: boolean;
  /** Why a resource is rejected; "" uses it. */
  rejects?: (resource: Resource) => string;
  answersRevocations?: boolean;
  address?: string;
}) {
  const channel = ca ? credentials.createSsl(Buffer.from(ca)) : credentials.createInsecure();
  const client = new EdgeServiceClient(`${address}:${port}`, channel, {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": takesParts ? 8 * 1024 * 1024 : 256 * 1024 * 1024,
  });
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  const received: Received[] = [];
  /** What deltas have brought, by key. */
  const resources = new Map<string, Resource>();
  let isFull = false;

  function takeDelta(delta: ResourceDelta): DeltaResult | undefined {
    if (delta.full) resources.clear();
    isFull ||= delta.full;
    for (const resource of delta.set) resources.set(resourceKey(resource), resource);
    for (const name of delta.removed) resources.delete(resourceKey(name));
    if (!delta.complete) return undefined;
    const { version, checksum } = delta;
    const sum = new StateChecksum();
    for (const resource of resources.values()) sum.add(resourceHash(resource, resource.body));
    const gap = !isFull && String(sum) !== checksum;
    isFull = false;
    if (!gap) position = { version, checksum: String(sum) };
    const rejected = [...resources.values()].flatMap((resource) => {
      const reason = rejects(resource);
      return reason ? [{ type: resource.type, name: resource.name, reason }] : [];
    });
    return { version, checksum: String(sum), rejected, appliedAtMs: Date.now(), gap, reason: "" };
  }

  const waiting = new Set<() => void>();
  let stream: ClientDuplexStream<EdgeMessage, HubMessage> | undefined;
  let session: RegisterResponse | undefined;
  let ended: ServiceError | undefined;
  let position = { version: 0, checksum: "" };

  const register = (change: Partial<RegisterRequest> = {}) =>
    new Promise<RegisterResponse>((resolve, reject) =>
      client.register(
        { edgeId, namespace, version: "test", protocol: 1, advertisedUrl: "", instanceId: "", clientPublicKey: Buffer.alloc(0), ...change },
        metadata,
        (error, answer) => (error ? reject(error) : resolve(answer)),
      ),
    );

  function note(): void {
    for (const wake of waiting) wake();
  }

  /** Resolves when `find` answers something; looks again whenever a message comes. Rejects after `timeoutMs`. */
  function until<T>(find: () => T | undefined, timeoutMs = 5_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        finish();
        resolve(found);
      };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`edge ${edgeId} waited ${timeoutMs} ms in vain; the stream: ${ended?.message ?? "open"}`));
      }, timeoutMs);
      const finish = () => {
        clearTimeout(timer);
        waiting.delete(look);
      };
      waiting.add(look);
      look();
    });
  }

  return {
    received,
    register,
    until,
    metadata,
    client,
    resources,
    settings: { port, edgeId, token, namespace, takesParts, takesDeltas },
    /** Goes on with what another one held. */
    resume(former: { resources: ReadonlyMap<string, Resource>; position(): { version: number; checksum: string } }) {
      for (const [key, resource] of former.resources) resources.set(key, resource);
      position = former.position();
    },
    /** Complete deltas so far, parts put together. */
    deltas: (): ResourceDelta[] => {
      const whole: ResourceDelta[] = [];
      let parts: ResourceDelta[] = [];
      for (const { message } of received) {
        if (!message.resourceDelta) continue;
        parts.push(message.resourceDelta);
        if (!message.resourceDelta.complete) continue;
        const [first] = parts;
        const set = parts.flatMap((part) => part.set);
        const removed = parts.flatMap((part) => part.removed);
        whole.push({ ...message.resourceDelta, full: first?.full ?? false, set, removed });
        parts = [];
      }
      return whole;
    },
    async connect(hello: { version?: number; checksum?: string; revoked?: number } = {}) {
      session = await register();
      position = { version: hello.version ?? position.version, checksum: hello.checksum ?? position.checksum };
      const opened = client.sync(metadata);
      stream = opened;
      ended = undefined;
      opened.on("data", (message: HubMessage) => {
        received.push({ atMs: performance.now(), message });
        if (message.snapshot) {
          const { version, checksum, body } = message.snapshot;
          const reason = verdict(Snapshot.decode(body));
          if (reason === "") position = { version, checksum };
          opened.write({ snapshotResult: { version, checksum, accepted: reason === "", reason, appliedAtMs: Date.now() } });
        }
        const deltaResult = message.resourceDelta && takeDelta(message.resourceDelta);
        if (deltaResult) opened.write({ deltaResult });
        if (message.revocation && answersRevocations) opened.write({ revocationResult: { revocationId: message.revocation.revocationId } });
        note();
      });
      opened.on("error", (error: ServiceError) => {
        ended = error;
        note();
      });
      opened.on("end", note);
      opened.write({
        hello: {
          sessionId: session.sessionId,
          ...position,
          revoked: hello.revoked ?? 0,
          takesParts,
          takesDeltas,
          resourcesVersion: takesDeltas ? position.version : 0,
        },
      });
      return session;
    },
    beat(change: Partial<Heartbeat> = {}) {
      stream?.write({
        heartbeat: {
          ...position,
          sentAtMs: Date.now(),
          requestsTotal: 0,
          requestsActive: 0,
          residentBytes: 1,
          telemetryPending: 0,
          telemetryDropped: 0,
          plugins: [],
          telemetryRejected: 0,
          hubMessagesUnreadable: 0,
          ...change,
        },
      });
    },
    logs: (lines: PluginLogLine[]) => void stream?.write({ pluginLogs: { lines } }),
    position: () => position,
    snapshots: () => received.flatMap(({ message }) => (message.snapshot ? [Snapshot.decode(message.snapshot.body)] : [])),
    /** The newest snapshot that fits. */
    snapshot: (fits: (snapshot: Snapshot) => boolean, timeoutMs?: number) =>
      until(() => {
        const last = received.findLast(({ message }) => message.snapshot);
        if (!last?.message.snapshot) return undefined;
        const snapshot = Snapshot.decode(last.message.snapshot.body);
        return fits(snapshot) ? { ...last, snapshot } : undefined;
      }, timeoutMs),
    unseal: (sealed: Uint8Array) => open(open(edgeWrappingKey(token), session?.wrappedKey ?? Buffer.alloc(0)), sealed).toString("utf8"),
    ending: () => until(() => ended),
    send: (batchId: string, records: UsageRecord[]) =>
      new Promise<TelemetryAck>((resolve, reject) =>
        client.sendTelemetry({ sessionId: session?.sessionId ?? "", batchId, records, droppedBefore: 0 }, metadata, (error, ack) =>
          error ? reject(error) : resolve(ack),
        ),
      ),
    close(): void {
      stream?.cancel();
      client.close();
    },
  };
}
export type TestEdge = ReturnType<typeof anEdge>;

let counter = 0;
/** A finished request; unique. */
export const aRecord = (change: Partial<UsageRecord> = {}): UsageRecord => ({
  requestId: `req_test_${process.pid}_${counter++}`,
  startedAtMs: Date.now(),
  appId: 1,
  userId: 1,
  llmId: 1,
  vendor: "openai",
  model: "demo-small",
  outcome: "completed",
  statusCode: 200,
  reason: "",
  streamed: false,
  durationMs: 12.5,
  firstByteMs: 4,
  pluginMs: 0,
  promptTokens: 10,
  responseTokens: 5,
  cacheWriteTokens: 0,
  cacheReadTokens: 0,
  costMicroUsd: 20,
  requestBytes: 100,
  responseBytes: 200,
  path: "/v1/chat/completions",
  interaction: "proxy",
  usageEstimated: false,
  cacheWriteHourTokens: 0,
  ...change,
});
