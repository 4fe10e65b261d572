import { randomUUID } from "node:crypto";
import { hashToken, newToken } from "@portico/core/tokens";
import { LlmConfig, type Resource } from "@portico/protocol/edge";
import { afterAll, beforeAll, expect, test } from "vitest";
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

async function connected(change: Partial<Parameters<typeof anEdge>[0]> = {}) {
  const edgeId = `edge-${randomUUID().slice(0, 8)}`;
  const { data } = await studio.call("POST", "/api/v1/edges", { edge_id: edgeId, namespace: change.namespace ?? "" });
  const edge = anEdge({ port: studio.runtime.controlPort, token: String(data.attributes.token), takesDeltas: true, ...change, edgeId });
  edges.push(edge);
  await edge.connect();
  await edge.until(() => edge.deltas()[0], 15_000);
  return { edge, edgeId };
}

let names = 0;
async function anLlm(change: Record<string, unknown> = {}): Promise<string> {
  const { data } = await studio.call("POST", "/api/v1/llms", {
    name: `LLM ${++names}`,
    vendor: "openai",
    api_key: "sk-very-secret",
    ...change,
  });
  return data.id;
}

async function anApp() {
  const hash = hashToken(newToken("sk"));
  const credentials = { create: { keyId: randomUUID(), secretHash: hash, hint: "test", active: true } };
  const { id } = await studio.db.prisma.app.create({ data: { name: `App ${++names}`, userId: 1, credentials } });
  await touch();
  return { id, hash };
}

/** Has the studio look at what was written without it. */
const touch = () => studio.call("POST", "/api/v1/model-prices", { vendor: "openai", model_name: `touch-${++names}` });
const admits = ({ resources }: TestEdge, hash: string) => {
  const bucket = resources.get(`shared credentials ${hash.slice(0, 3)}`)?.body;
  return bucket?.includes(Buffer.from(hash, "hex")) ?? false;
};
const attributesOf = async (edgeId: string) => (await studio.call("GET", `/api/v1/edges/${edgeId}`)).data.attributes;
const named = ({ type, name }: { type: string; name: string }) => `${type} ${name}`;
const patience = { timeout: 15_000 };

test("an edge is sent everything once, and then only what has changed", async () => {
  const id = await anLlm();
  const other = await anLlm();
  const { edge, edgeId } = await connected();
  await edge.until(() => edge.resources.get(`own llm ${other}`));
  expect(edge.deltas()[0]).toMatchObject({ full: true, revocation: { credentialHashes: [] } });
  const config = LlmConfig.decode(edge.resources.get(`own llm ${id}`)?.body ?? Buffer.alloc(0));
  expect(edge.unseal(config.sealedApiKey)).toBe("sk-very-secret");
  edge.received.length = 0;
  await studio.call("PATCH", `/api/v1/llms/${id}`, { default_model: "changed" });
  // What studio itself wrote meanwhile may move the position without a change for this edge.
  await edge.until(() => edge.deltas().find(({ set }) => set.length > 0));
  for (const delta of edge.deltas()) expect(delta).toMatchObject({ full: false, removed: [] });
  expect(edge.deltas().flatMap(({ set }) => set.map(named))).toEqual([`llm ${id}`]);
  edge.received.length = 0;
  await studio.call("DELETE", `/api/v1/llms/${other}`);
  await edge.until(() => edge.deltas().find(({ removed }) => removed.some((one) => named(one) === `llm ${other}`)));
  // Each delta's checksum was that of what the edge then held.
  await expect
    .poll(() => attributesOf(edgeId), patience)
    .toMatchObject({ sync_status: "in_sync", loaded_checksum: edge.position().checksum, refusal: "" });
});

test("an edge that was away is sent what it missed; one that has everything, nothing; one that has diverged, everything", async () => {
  const { edge } = await connected();
  edge.close();
  const id = await anLlm();
  const again = anEdge(edge.settings);
  edges.push(again);
  again.resume(edge);
  await again.connect();
  await again.until(() => again.resources.get(`own llm ${id}`));
  const missed = await again.until(() => again.deltas()[0]);
  expect([missed.full, missed.set.map(named)]).toEqual([false, [`llm ${id}`]]);

  again.received.length = 0;
  await again.connect();
  again.beat();
  await again.until(() => again.received.find(({ message }) => message.heartbeatReply));
  expect(again.deltas()).toEqual([]);

  again.resources.delete(`own llm ${id}`);
  await anLlm();
  expect(await again.until(() => again.deltas().find(({ full }) => full))).toMatchObject({ complete: true });
  expect(again.resources.has(`own llm ${id}`)).toBe(true);
});

test("resources that an edge rejects are shown with their reasons while the others are served, until they are mended", async () => {
  const isOdd = ({ type, body }: Resource) => type === "llm" && LlmConfig.decode(body).defaultModel === "odd";
  const { edge, edgeId } = await connected({ rejects: (resource) => (isOdd(resource) ? "too odd" : "") });
  const id = await anLlm({ default_model: "odd" });
  await expect
    .poll(() => attributesOf(edgeId), patience)
    .toMatchObject({ refusal: expect.stringContaining(`llm ${id}: too odd`), sync_status: "pending" });
  expect(await attributesOf(edgeId)).toMatchObject({ loaded_version: String(edge.position().version) });
  await studio.call("PATCH", `/api/v1/llms/${id}`, { default_model: "plain" });
  await expect.poll(() => attributesOf(edgeId), patience).toMatchObject({ refusal: "", sync_status: "in_sync" });
});

test("a revocation comes ahead of the delta without the credential, and one that is taken back ends with the next delta", async () => {
  const { id, hash } = await anApp();
  const { edge } = await connected();
  await edge.until(() => admits(edge, hash) || undefined);
  await studio.call("POST", `/api/v1/apps/${id}/deactivate-credential`);
  const revocation = await edge.until(() => edge.received.find(({ message }) => message.revocation?.credentialHashes.includes(hash)));
  await edge.until(() => !admits(edge, hash) || undefined);
  expect(edge.received.indexOf(revocation)).toBeLessThan(edge.received.findLastIndex(({ message }) => message.resourceDelta));

  await studio.db.prisma.credential.updateMany({ where: { appId: id }, data: { active: true } });
  await touch();
  const last = await edge.until(() => (admits(edge, hash) ? edge.deltas().at(-1) : undefined));
  expect(last.revocation?.credentialHashes).toEqual([]);
});

test("an app that is deactivated or deleted has its credentials refused ahead of the delta without it", async () => {
  const { edge } = await connected();
  for (const end of [
    (id: number) => studio.db.prisma.app.update({ where: { id }, data: { isActive: false } }),
    (id: number) => studio.db.prisma.app.delete({ where: { id } }),
  ]) {
    const { id, hash } = await anApp();
    await edge.until(() => edge.resources.get(`shared app ${id}`));
    await end(id);
    await touch();
    const revocation = await edge.until(() => edge.received.find(({ message }) => message.revocation?.credentialHashes.includes(hash)));
    await edge.until(() => !edge.resources.has(`shared app ${id}`) || undefined);
    const without = edge.received.findIndex(({ message }) => message.resourceDelta?.removed.some((one) => named(one) === `app ${id}`));
    expect(edge.received.indexOf(revocation)).toBeLessThan(without);
  }
});

test("an edge that refuses credentials is told which of them still are, though it has everything", async () => {
  const { edge } = await connected();
  edge.received.length = 0;
  await edge.connect({ revoked: 1 });
  const delta = await edge.until(() => edge.deltas()[0]);
  expect(delta).toMatchObject({ full: false, set: [], removed: [], ...edge.position(), revocation: { credentialHashes: [] } });
});

test("edges of a namespace get its own resources and the shared ones, and an object that moves between them is there once", async () => {
  const inside = await connected({ namespace: "eu" });
  const outside = await connected();
  const id = await anLlm({ namespace: "eu" });
  const app = await studio.db.prisma.app.create({ data: { name: "Wanderer", userId: 1 } });
  await touch();
  await inside.edge.until(() => inside.edge.resources.get(`own llm ${id}`));
  await outside.edge.until(() => outside.edge.resources.get(`shared app ${app.id}`));
  expect(outside.edge.resources.has(`own llm ${id}`)).toBe(false);
  await studio.db.prisma.app.update({ where: { id: app.id }, data: { namespace: "eu" } });
  await touch();
  await inside.edge.until(() => inside.edge.resources.get(`own app ${app.id}`));
  expect(inside.edge.resources.has(`shared app ${app.id}`)).toBe(false);
  await outside.edge.until(() => !outside.edge.resources.has(`shared app ${app.id}`) || undefined);
});
