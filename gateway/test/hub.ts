import { createHash, randomBytes, randomUUID } from "node:crypto";
import { Server as GrpcServer, type Server, ServerCredentials, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { hashToken } from "@portico/core/tokens";
import {
  type AppConfig,
  type BudgetUsage,
  type DeltaResult,
  type EdgeMessage,
  type EdgeServiceServer,
  EdgeServiceService,
  type Heartbeat,
  type Hello,
  type HubMessage,
  type LlmConfig,
  type PayloadBatch,
  type PluginPayload,
  type RefusedPayload,
  type RejectedRecord,
  Snapshot,
  type SnapshotEnvelope,
  type SnapshotResult,
  type TelemetryAck,
  type TelemetryBatch,
  type UsageRecord,
} from "@portico/protocol/edge";
import { edgeWrappingKey, seal, sealStable } from "@portico/protocol/sealing";

export const edgeToken = "edge_test-token";

/** A hub that serves one edge: the control plane's half of the protocol, with memory for what the edge said. */
export type TestHub = {
  address: string;
  port: number;
  dataKey: Buffer;
  /** Pushes a snapshot (a newer version unless given) and keeps it for edges that connect later. @returns its version. */
  push(snapshot: Partial<Snapshot>, envelope?: Partial<SnapshotEnvelope>): number;
  send(message: HubMessage): void;
  /** Results of pushed snapshots, in order. */
  results: SnapshotResult[];
  /** Of deltas, which tests send themselves. */
  deltaResults: DeltaResult[];
  hellos: Hello[];
  heartbeats: Heartbeat[];
  revocationsDone: number[];
  batches: TelemetryBatch[];
  /** Records of all stored batches; a batch is stored once. */
  records(): UsageRecord[];
  /** Payloads of plugins that it has, and what it refuses of a batch. */
  payloads: PluginPayload[];
  refusesPayloads(batch: PayloadBatch): RefusedPayload[];
  /** While set, telemetry is refused with this gRPC status. */
  refuseTelemetry: status | undefined;
  /** What an acknowledgement says is spent with its batch. */
  spentWith(batch: TelemetryBatch): BudgetUsage[];
  /** Which records an acknowledgement says were refused. */
  rejects(batch: TelemetryBatch): RejectedRecord[];
  /** Why a whole batch is refused, as older hubs do; "" takes it. */
  refusesBatch(batch: TelemetryBatch): string;
  /** While set, sent instead of every acknowledgement. */
  acknowledgement: Buffer | undefined;
  /** Sends bytes as they are, whether or not they are a message. */
  sendBytes(bytes: Buffer): void;
  registrations: number;
  /** How far its clock is from this machine's. */
  clockOffsetMs: number;
  seal(text: string): Buffer;
  close(): Promise<void>;
};

/** The service of a hub that may also answer bytes as they are. */
const asIs =
  <T>(serialize: (value: T) => Buffer) =>
  (value: T): Buffer =>
    Buffer.isBuffer(value) ? value : serialize(value);
const { register, sync, sendPayloads, sendTelemetry } = EdgeServiceService;
const rawService = {
  register,
  sendPayloads,
  sync: { ...sync, responseSerialize: asIs(sync.responseSerialize) },
  sendTelemetry: { ...sendTelemetry, responseSerialize: asIs(sendTelemetry.responseSerialize) },
};

export async function aHub({
  port = 0,
  dataKey = randomBytes(32),
  firstVersion = 0,
  heartbeatMs = 100,
}: {
  port?: number;
  dataKey?: Buffer;
  firstVersion?: number;
  heartbeatMs?: number;
} = {}): Promise<TestHub> {
  const server: Server = new GrpcServer({ "grpc.max_receive_message_length": 64 * 1024 * 1024 });
  const streams = new Set<ServerDuplexStream<EdgeMessage, HubMessage>>();
  const stored = new Map<string, UsageRecord[]>();
  let latest: SnapshotEnvelope | undefined;
  let version = firstVersion;

  const unauthenticated = (call: { metadata: { get(key: string): unknown[] } }) =>
    call.metadata.get("authorization")[0] !== `Bearer ${edgeToken}`;
  const hub: TestHub = {
    address: "",
    port: 0,
    dataKey,
    results: [],
    deltaResults: [],
    hellos: [],
    heartbeats: [],
    revocationsDone: [],
    batches: [],
    records: () => [...stored.values()].flat(),
    payloads: [],
    refusesPayloads: () => [],
    refuseTelemetry: undefined,
    spentWith: () => [],
    rejects: () => [],
    refusesBatch: () => "",
    acknowledgement: undefined,
    sendBytes(bytes) {
      for (const stream of streams) stream.write(bytes as never);
    },
    registrations: 0,
    clockOffsetMs: 0,
    push(snapshot, envelope = {}) {
      const body = Buffer.from(Snapshot.encode(Snapshot.fromPartial(snapshot)).finish());
      version = envelope.version ?? version + 1;
      latest = { version, checksum: createHash("sha256").update(body).digest("hex"), body, revocation: undefined, ...envelope };
      for (const stream of streams) stream.write({ snapshot: latest });
      return version;
    },
    send(message) {
      for (const stream of streams) stream.write(message);
    },
    seal: (text) => sealStable(dataKey, Buffer.from(text), "test"),
    close: () =>
      new Promise((resolve) => {
        for (const stream of streams) stream.end();
        server.forceShutdown();
        resolve();
      }),
  };
  const implementation: EdgeServiceServer = {
    register(call, callback) {
      if (unauthenticated(call)) return callback({ code: status.UNAUTHENTICATED, details: "unknown edge token" });
      hub.registrations++;
      callback(null, {
        sessionId: randomUUID(),
        wrappedKey: seal(edgeWrappingKey(edgeToken), dataKey),
        heartbeatIntervalMs: heartbeatMs,
        clientCertificate: "",
      });
    },
    sync(stream) {
      streams.add(stream);
      stream.on("data", (message: EdgeMessage) => {
        if (message.hello && latest && latest.checksum !== message.hello.checksum) stream.write({ snapshot: latest });
        if (message.hello) hub.hellos.push(message.hello);
        if (message.deltaResult) hub.deltaResults.push(message.deltaResult);
        if (message.snapshotResult) hub.results.push(message.snapshotResult);
        if (message.revocationResult) hub.revocationsDone.push(message.revocationResult.revocationId);
        if (message.heartbeat) {
          hub.heartbeats.push(message.heartbeat);
          stream.write({
            heartbeatReply: {
              receivedAtMs: Date.now() + hub.clockOffsetMs,
              expectedVersion: version,
              expectedChecksum: latest?.checksum ?? "",
            },
          });
        }
      });
      stream.on("end", () => stream.end());
      stream.on("error", () => undefined);
      stream.on("close", () => streams.delete(stream));
    },
    sendPayloads(call, callback) {
      const refused = hub.refusesPayloads(call.request);
      const isRefused = new Set(refused.map(({ id }) => id));
      hub.payloads.push(...call.request.payloads.filter(({ id }) => !isRefused.has(id)));
      callback(null, { refused });
    },
    sendTelemetry(call, callback) {
      if (hub.refuseTelemetry !== undefined) return callback({ code: hub.refuseTelemetry, details: "refused by the test" });
      const batch = call.request;
      hub.batches.push(batch);
      const refusal = hub.refusesBatch(batch);
      if (refusal) return callback({ code: status.INVALID_ARGUMENT, details: refusal });
      const duplicate = stored.has(batch.batchId);
      if (!duplicate) stored.set(batch.batchId, batch.records);
      const ack = { batchId: batch.batchId, duplicate, usage: hub.spentWith(batch), rejected: hub.rejects(batch) };
      callback(null, (hub.acknowledgement as unknown as TelemetryAck) ?? { ...ack, stored: duplicate ? 0 : batch.records.length });
    },
  };
  server.addService(rawService, implementation);
  hub.port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  hub.address = `127.0.0.1:${hub.port}`;
  return hub;
}

export const anLlm = (hub: TestHub, endpoint: string, llm: Partial<LlmConfig> = {}): LlmConfig => ({
  id: 1,
  name: "Demo",
  slug: "demo",
  vendor: "openai",
  endpoint,
  sealedApiKey: hub.seal("vendor-key"),
  defaultModel: "",
  allowedModels: [],
  plugins: [],
  allowedEndpoints: [],
  keyOrigins: [],
  ...llm,
});

export const anApp = (secret: string, app: Partial<AppConfig> = {}): AppConfig => ({
  id: 7,
  name: "Test app",
  description: "",
  userId: 3,
  ownerEmail: "owner@example.com",
  active: true,
  llmIds: [1],
  system: false,
  credentialHashes: [hashToken(secret)],
  metadataJson: "",
  ...app,
});
