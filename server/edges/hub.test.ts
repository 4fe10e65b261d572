import { createHash, randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { hashToken, newToken } from "@portico/core/tokens";
import { revokedLlm } from "@portico/protocol";
import { Snapshot, type SnapshotEnvelope } from "@portico/protocol/edge";
import { scaled } from "@portico/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSnapshotParts } from "../../gateway/src/config/snapshot-parts.ts";
import { readEnv } from "../env.ts";
import { createRuntime } from "../runtime.ts";
import { aStudio, type Studio } from "../testing.ts";
import { anEdge, type TestEdge } from "./testing.ts";

let studio: Studio;
const edges: TestEdge[] = [];
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(async () => {
  for (const edge of edges) edge.close();
  await studio.close();
});

/** An announced edge with its token; not connected. */
async function announced(change: Partial<Parameters<typeof anEdge>[0]> = {}) {
  const edgeId = change.edgeId ?? `edge-${randomUUID().slice(0, 8)}`;
  const answer = await studio.call("POST", "/api/v1/edges", { edge_id: edgeId, namespace: change.namespace ?? "" });
  expect(answer.status).toBe(201);
  const edge = anEdge({ port: studio.runtime.controlPort, token: String(answer.data.attributes.token), ...change, edgeId });
  edges.push(edge);
  return { edge, edgeId };
}

let names = 0;
async function anLlm(change: Record<string, unknown> = {}) {
  const answer = await studio.call("POST", "/api/v1/llms", {
    name: `LLM ${++names}`,
    vendor: "openai",
    api_key: "sk-very-secret",
    ...change,
  });
  expect(answer.status).toBe(201);
  return answer.data;
}

/** An app with one active credential, in the database as the features keep it. */
async function anApp(llmIds: number[] = []) {
  const hash = hashToken(newToken("sk"));
  const app = await studio.db.prisma.app.create({
    data: {
      name: `App ${++names}`,
      userId: 1,
      llms: { create: llmIds.map((llmId) => ({ llmId })) },
      credentials: { create: { keyId: randomUUID(), secretHash: hash, hint: "test", active: true } },
    },
    include: { credentials: true },
  });
  await studio.call("POST", "/api/v1/model-prices", { vendor: "openai", model_name: `touch-${names}` });
  return { id: app.id, hash, credentialId: app.credentials[0]?.id ?? 0 };
}

const attributesOf = async (edgeId: string) => (await studio.call("GET", `/api/v1/edges/${edgeId}`)).data.attributes;

async function eventually(check: () => Promise<void>, timeoutMs = 20_000): Promise<void> {
  for (const until = Date.now() + timeoutMs; ; await new Promise((resolve) => setTimeout(resolve, 25))) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

test("an edge gets the snapshot when it connects, with secrets that only it can open", async () => {
  const llm = await anLlm({ name: "Sealed" });
  const { edge, edgeId } = await announced();
  await edge.connect();
  const { snapshot, message } = await edge.snapshot((s) => s.llms.some((one) => one.name === "Sealed"));
  const config = snapshot.llms.find((one) => String(one.id) === llm.id);
  expect(message.snapshot?.body.includes("sk-very-secret")).toBe(false);
  expect(edge.unseal(config?.sealedApiKey ?? new Uint8Array())).toBe("sk-very-secret");
  expect(snapshot.apps.some((app) => app.system)).toBe(true);
  await eventually(async () =>
    expect(await attributesOf(edgeId)).toMatchObject({
      status: "connected",
      sync_status: "in_sync",
      loaded_version: String(edge.position().version),
      loaded_checksum: edge.position().checksum,
      expected_checksum: edge.position().checksum,
    }),
  );
});

test("figures and plugin states of heartbeats are shown, plugins by name", async () => {
  const data = { name: "Enricher", slug: "enricher", command: "file:///nowhere", isActive: true, hookTypes: ["post_auth"] };
  const grants = { create: { capability: "post_auth", grantedBy: 1 } };
  const plugin = await studio.db.prisma.plugin.create({ data: { ...data, grants } });
  const llm = await anLlm({ name: "Enriched" });
  await studio.db.prisma.llmPlugin.create({ data: { llmId: Number(llm.id), pluginId: plugin.id } });
  await studio.call("PATCH", `/api/v1/llms/${llm.id}`, { default_model: "enriched" });
  const { edge, edgeId } = await announced();
  await edge.connect();
  await edge.snapshot((s) => s.plugins.some(({ id }) => id === plugin.id));
  await eventually(async () => {
    // Heartbeats repeat, and the hub may not know yet which plugins the edge was given.
    edge.beat({ requestsTotal: 42, plugins: [{ pluginId: plugin.id, state: "failed", error: "it\0 broke", restarts: 3, generation: 1 }] });
    expect((await attributesOf(edgeId)).report).toMatchObject({
      requests_total: 42,
      plugins: [{ plugin_id: plugin.id, name: "Enricher", state: "failed", error: "it broke", restarts: 3 }],
    });
  });
});

test("a plugin that fails on any one of many edges is shown as failed, with the edge that says so", async () => {
  const data = { name: "Everywhere", slug: "everywhere", command: "file:///nowhere", isActive: true, hookTypes: ["post_auth"] };
  const { id } = await studio.db.prisma.plugin.create({ data });
  const report = (state: string, error = "") => ({ plugins: [{ plugin_id: id, state, error, restarts: 0 }] });
  await studio.db.prisma.edge.createMany({
    data: Array.from({ length: 150 }, (_, n) => ({
      edgeId: `many-${n}`,
      tokenHash: `many-${n}`,
      status: "connected",
      lastHeartbeatAt: new Date(),
      report: n === 149 ? report("failed", "out of memory") : report(n === 7 ? "of-the-future" : "healthy"),
    })),
  });
  const { attributes } = (await studio.call("GET", `/api/v1/plugins/${id}`)).data;
  expect(attributes).toMatchObject({ state: "failed", state_error: "many-149: out of memory" });
  await studio.db.prisma.edge.deleteMany({ where: { edgeId: { startsWith: "many-" } } });
});

test("a change reaches a connected edge within a second", async () => {
  const llm = await anLlm();
  const { edge } = await announced();
  await edge.connect();
  await edge.snapshot((s) => s.llms.some((one) => String(one.id) === llm.id));
  const startedMs = performance.now();
  await studio.call("PATCH", `/api/v1/llms/${llm.id}`, { default_model: "changed" });
  const { atMs } = await edge.snapshot((s) => s.llms.some((one) => one.defaultModel === "changed"));
  expect(atMs - startedMs).toBeLessThan(scaled(1_000));
});

test("an edge that already serves the snapshot is not sent it again", async () => {
  const { edge, edgeId } = await announced();
  await edge.connect();
  await edge.snapshot(() => true);
  await eventually(async () => expect((await attributesOf(edgeId)).sync_status).toBe("in_sync"));
  edge.received.length = 0;
  await edge.connect();
  edge.beat();
  await edge.until(() => edge.received.find(({ message }) => message.heartbeatReply));
  expect(edge.snapshots()).toEqual([]);
});

test("a refused snapshot is shown with its reason, beside the one that is served", async () => {
  const { edge, edgeId } = await announced({ verdict: (s) => (s.llms.some((one) => one.name === "Refused") ? "too odd" : "") });
  await edge.connect();
  await edge.snapshot(() => true);
  await eventually(async () => expect((await attributesOf(edgeId)).sync_status).toBe("in_sync"));
  const served = edge.position();
  const llm = await anLlm({ name: "Refused" });
  await eventually(async () => {
    const shown = await attributesOf(edgeId);
    expect(shown).toMatchObject({ sync_status: "pending", loaded_checksum: served.checksum });
    expect(shown.refusal).toContain("too odd");
  });
  await studio.call("DELETE", `/api/v1/llms/${llm.id}`);
  await eventually(async () => expect(await attributesOf(edgeId)).toMatchObject({ sync_status: "in_sync", refusal: "" }));
});

test("a revocation comes before the snapshot without the credential, within a second of the call", async () => {
  const llm = await anLlm();
  const { id, hash } = await anApp([Number(llm.id)]);
  const { edge } = await announced();
  await edge.connect();
  await edge.snapshot((s) => s.apps.some((app) => app.credentialHashes.includes(hash)));
  const startedMs = performance.now();
  const answer = await studio.call("POST", `/api/v1/apps/${id}/deactivate-credential`);
  expect(answer.status).toBeLessThan(300);
  const revocation = await edge.until(() => edge.received.find(({ message }) => message.revocation?.credentialHashes.includes(hash)));
  await edge.snapshot((s) => !s.apps.some((app) => app.credentialHashes.includes(hash)));
  expect(revocation.atMs - startedMs).toBeLessThan(scaled(1_000));
  expect(edge.received.indexOf(revocation)).toBeLessThan(edge.received.findLastIndex(({ message }) => message.snapshot));
});

test("a write that revokes is answered when connected edges refuse the credential, and soon if one of them does not answer", async () => {
  const llm = await anLlm();
  const [one, other] = [await anApp([Number(llm.id)]), await anApp([Number(llm.id)])];
  const { edge } = await announced();
  await edge.connect();
  const isAdmitted = (hash: string) => edge.snapshot((s) => s.apps.some((app) => app.credentialHashes.includes(hash)));
  await isAdmitted(one.hash);
  await isAdmitted(other.hash);
  const isRefused = (hash: string) => edge.received.some(({ message }) => message.revocation?.credentialHashes.includes(hash));
  expect((await studio.call("POST", `/api/v1/apps/${one.id}/deactivate-credential`)).status).toBeLessThan(300);
  expect(isRefused(one.hash)).toBe(true);
  const silent = await announced({ answersRevocations: false });
  await silent.edge.connect();
  await silent.edge.snapshot((s) => s.apps.some((app) => app.credentialHashes.includes(other.hash)));
  expect((await studio.call("POST", `/api/v1/apps/${other.id}/deactivate-credential`)).status).toBeLessThan(300);
  expect(isRefused(other.hash)).toBe(true);
});

test("an LLM that is deactivated or deleted is refused ahead of the snapshot without it, and admitted again with the one that has it", async () => {
  const { edge } = await announced();
  await edge.connect();
  for (const remove of [
    (id: string) => studio.call("PATCH", `/api/v1/llms/${id}`, { active: false }),
    (id: string) => studio.call("DELETE", `/api/v1/llms/${id}`),
  ]) {
    const { id } = await anLlm({ active: true });
    const has = (s: Snapshot) => s.llms.some((llm) => llm.id === Number(id));
    await edge.snapshot(has);
    expect((await remove(id)).status).toBeLessThan(300);
    const subject = revokedLlm(Number(id));
    const revocation = await edge.until(() => edge.received.find(({ message }) => message.revocation?.credentialHashes.includes(subject)));
    await edge.snapshot((s) => !has(s));
    expect(edge.received.indexOf(revocation)).toBeLessThan(edge.received.findLastIndex(({ message }) => message.snapshot));
    if ((await studio.call("PATCH", `/api/v1/llms/${id}`, { active: true })).status === 404) continue;
    await edge.until(() => {
      const last = edge.received.findLast(({ message }) => message.snapshot)?.message.snapshot;
      return last && has(Snapshot.decode(last.body)) && !last.revocation?.credentialHashes.includes(subject) ? true : undefined;
    });
  }
});

test("a credential revoked and admitted again at once is served again", async () => {
  const { credentialId, hash, id } = await anApp();
  const { edge } = await announced();
  await edge.connect();
  await edge.snapshot((s) => s.apps.some((app) => app.credentialHashes.includes(hash)));
  await studio.call("POST", `/api/v1/apps/${id}/deactivate-credential`);
  const revoked = await edge.until(() => edge.received.find(({ message }) => message.revocation?.credentialHashes.includes(hash)));
  await studio.db.prisma.credential.update({ where: { id: credentialId }, data: { active: true } });
  await studio.call("POST", "/api/v1/model-prices", { vendor: "openai", model_name: `again-${names++}` });
  // An edge refuses a revoked credential until a snapshot comes that has it and does not name it as revoked.
  await edge.until(() => {
    const last = edge.received.slice(edge.received.indexOf(revoked)).findLast(({ message }) => message.snapshot)?.message.snapshot;
    return last?.body.includes(hash) && !last.revocation?.credentialHashes.includes(hash) ? true : undefined;
  });
});

test("an edge that refuses credentials is sent the snapshot it has, to learn which of them are still revoked", async () => {
  const { edge } = await announced();
  await edge.connect();
  await edge.snapshot(() => true);
  edge.received.length = 0;
  await edge.connect({ revoked: 1 });
  const { message } = await edge.snapshot(() => true);
  expect(message.snapshot).toMatchObject({ ...edge.position(), revocation: { credentialHashes: [] } });
});

test("a wrong token, a foreign edge id and an unknown session are refused with their reason", async () => {
  const { edge, edgeId } = await announced();
  const stranger = anEdge({ port: studio.runtime.controlPort, edgeId, token: "not-a-token-of-anybody" });
  edges.push(stranger);
  await expect(stranger.register()).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  await expect(stranger.send(randomUUID(), [])).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  await expect(edge.register({ edgeId: "other" })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  await expect(edge.register({ edgeId: "-bad-" })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  await expect(edge.register({ namespace: "eu" })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  await expect(edge.register({ protocol: 9 })).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
  const stream = edge.client.sync(edge.metadata);
  const refused = new Promise((resolve) => stream.on("error", resolve));
  stream.write({
    hello: { sessionId: randomUUID(), version: 0, checksum: "", revoked: 0, takesParts: false, takesDeltas: false, resourcesVersion: 0 },
  });
  expect(await refused).toMatchObject({ code: status.UNAUTHENTICATED });
});

test("an edge's name must be one that it can be addressed by", async () => {
  for (const edge_id of ["new", "-bad-", "a b", "x", ""]) {
    const refused = await studio.call("POST", "/api/v1/edges", { edge_id });
    expect(refused.status, edge_id).toBe(422);
    expect(refused.errors[0]?.field).toBe("edge_id");
  }
});

test("a second connection of an edge takes the place of the first, and a rotated token ends it", async () => {
  const { edge, edgeId } = await announced();
  await edge.connect();
  const token = String((await studio.call("POST", `/api/v1/edges/${edgeId}/rotate-token`)).data.attributes.token);
  expect(await edge.ending()).toMatchObject({ code: status.UNAUTHENTICATED });
  const [first, second] = [0, 1].map(() => anEdge({ port: studio.runtime.controlPort, edgeId, token })) as [TestEdge, TestEdge];
  edges.push(first, second);
  await first.connect();
  await first.snapshot(() => true);
  await second.connect();
  expect(await first.ending()).toMatchObject({ code: status.ABORTED });
  await second.snapshot(() => true);
  expect(await attributesOf(edgeId)).toMatchObject({ status: "connected" });
  expect((await studio.call("DELETE", `/api/v1/edges/${edgeId}`)).status).toBe(409);
  second.close();
  await eventually(async () => expect((await studio.call("DELETE", `/api/v1/edges/${edgeId}`)).status).toBe(204));
});

test("an edge that is ahead of a replaced database is given a version above its own", async () => {
  const { edge } = await announced();
  await edge.connect({ version: 4_000, checksum: "a".repeat(64) });
  await edge.snapshot(() => true);
  expect(edge.position().version).toBeGreaterThan(4_000);
});

test("edges of a namespace see its rows and the global ones, others do not", async () => {
  await anLlm({ name: "Only EU", namespace: "eu" });
  const inside = await announced({ namespace: "eu" });
  const outside = await announced();
  await inside.edge.connect();
  await outside.edge.connect();
  const eu = await inside.edge.snapshot((s) => s.llms.some((one) => one.name === "Only EU"));
  expect(eu.snapshot.llms.some((one) => one.name === "Sealed")).toBe(true);
  const global = await outside.edge.snapshot(() => true);
  expect(global.snapshot.llms.some((one) => one.name === "Only EU")).toBe(false);
  const sync = await studio.call("GET", "/api/v1/sync/status");
  expect((sync.json as { data: { namespace: string }[] }).data.map((one) => one.namespace)).toEqual(["default", "eu"]);
  expect((await studio.call("GET", "/api/v1/sync/status/eu")).status).toBe(200);
  expect((await studio.call("GET", "/api/v1/edges?namespace=eu&status=connected")).list).toHaveLength(1);
});

test('what is in namespace "default" is global, as the API shows it, and reaches every edge', async () => {
  const app = await studio.call("POST", "/api/v1/apps", { name: "Of default", namespace: "default" });
  const llm = await anLlm({ name: "Of default", namespace: "default" });
  const { edge } = await announced();
  await edge.connect();
  await edge.snapshot((s) => s.llms.some((one) => one.name === "Of default") && s.apps.some((one) => one.name === "Of default"));
  expect([app.data.attributes.namespace, llm.attributes.namespace]).toEqual(["", ""]);
  expect((await studio.call("GET", "/api/v1/llms?namespace=default&page_size=100")).list.map(({ id }) => id)).toContain(llm.id);
});

test("a reload sends the same snapshot again", async () => {
  const { edge, edgeId } = await announced();
  expect((await studio.call("POST", `/api/v1/edges/${edgeId}/reload`)).status).toBe(409);
  await edge.connect();
  const first = await edge.snapshot(() => true);
  await eventually(async () => expect((await attributesOf(edgeId)).status).toBe("connected"));
  expect((await studio.call("POST", `/api/v1/edges/${edgeId}/reload`)).status).toBe(202);
  const again = await edge.until(() => edge.received.findLast(({ message }) => message.snapshot && message !== first.message));
  expect(again.message.snapshot?.checksum).toBe(first.message.snapshot?.checksum);
});

test("a change through one replica reaches an edge connected to another, and a replica that stops lets its edges go", async () => {
  const other = await createRuntime(
    readEnv({
      NODE_ENV: "test",
      DATABASE_URL: studio.databaseUrl,
      PORTICO_DATA_DIR: studio.dataDir,
      PORTICO_SECRET_KEY: studio.runtime.env.secretKey,
      CONTROL_PORT: "0",
      LOG_LEVEL: "error",
    }),
  );
  expect(other.hubCaSha256).toBe(studio.runtime.hubCaSha256);
  const { edge, edgeId } = await announced({ port: other.controlPort });
  await edge.connect();
  await edge.snapshot(() => true);
  const startedMs = performance.now();
  const llm = await anLlm({ name: "Across" });
  const { atMs } = await edge.snapshot((s) => s.llms.some((one) => String(one.id) === llm.id));
  expect(atMs - startedMs).toBeLessThan(scaled(1_000));
  await eventually(async () => expect((await attributesOf(edgeId)).sync_status).toBe("in_sync"));
  await other.close();
  expect(await edge.ending()).toMatchObject({ code: status.UNAVAILABLE });
  expect((await attributesOf(edgeId)).status).toBe("disconnected");
});

test("a large snapshot reaches new edges in parts that fit in a message, revocations in between, and old edges whole", async () => {
  const { id, hash } = await anApp();
  await studio.db.sql.query(
    `INSERT INTO credentials (app_id, key_id, secret_hash, hint, active, updated_at)
     SELECT $1, gen_random_uuid(), encode(sha256(n::text::bytea), 'hex'), 'test', true, now() FROM generate_series(1, 30000) n`,
    [id],
  );
  await studio.call("POST", "/api/v1/model-prices", { vendor: "openai", model_name: "large" });
  const [young, old] = await Promise.all([announced({ takesParts: true }), announced()]);
  for (const { edge } of [young, old]) await edge.connect();
  const whole = await old.edge.until(() => old.edge.received.find(({ message }) => (message.snapshot?.body.length ?? 0) > 1.5e6), 30_000);
  const parts = createSnapshotParts();
  const assembled: SnapshotEnvelope[] = [];
  let read = 0;
  const readParts = () => {
    for (; read < young.edge.received.length; read++) {
      const part = young.edge.received[read]?.message.snapshotPart;
      const envelope = part && parts.add(part);
      if (envelope) assembled.push(envelope);
    }
    return assembled.find(({ checksum }) => checksum === whole.message.snapshot?.checksum);
  };
  const { body, checksum } = await young.edge.until(readParts, 30_000);
  expect(createHash("sha256").update(body).digest("hex")).toBe(checksum);
  expect(Snapshot.decode(body).apps.some((app) => app.credentialHashes.includes(hash))).toBe(true);
  await studio.db.sql.query("DELETE FROM credentials WHERE app_id = $1", [id]);
}, 90_000);
