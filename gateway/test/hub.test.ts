import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, open, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import { hashToken } from "@portico/core/tokens";
import { revokedLlm } from "@portico/protocol";
import { HubMessage, TelemetryBatch } from "@portico/protocol/edge";
import { afterEach, expect, test } from "vitest";
import { aHub, anApp, anLlm, edgeToken } from "./hub.ts";
import { aWorld, basicSnapshot, call, chat, chatPath, endWorlds, onEnd, secret, until } from "./world.ts";

afterEach(endWorlds);

test("a pushed change is obeyed and acknowledged, and heartbeats say what is served", async () => {
  const { gateway, hub, vendorUrl } = await aWorld();
  expect((await call(gateway, chatPath, { body: chat() })).status).toBe(200);
  const version = hub.push({ ...basicSnapshot(hub, vendorUrl), llms: [anLlm(hub, vendorUrl, { allowedModels: ["^only-this$"] })] });
  await until(() => hub.results.length === 2, 1_000);
  expect(hub.results[1]).toMatchObject({ version, accepted: true, reason: "" });
  expect(hub.results[1]?.appliedAtMs).toBeGreaterThan(Date.now() - 5_000);
  expect((await call(gateway, chatPath, { body: chat() })).status).toBe(403);
  await until(() => hub.heartbeats.some((beat) => beat.version === version && beat.requestsTotal === 2));
});

test("a hub on this machine is reached without the proxy that the environment names", async () => {
  process.env.https_proxy = "http://127.0.0.1:9";
  onEnd(async () => void delete process.env.https_proxy);
  const { hub } = await aWorld();
  expect(hub.results[0]).toMatchObject({ accepted: true });
});

test("a bad snapshot is refused with the reason and the old one stays", async () => {
  const { gateway, hub, vendorUrl } = await aWorld();
  const good = basicSnapshot(hub, vendorUrl);
  const llm = anLlm(hub, vendorUrl);
  const bad = [
    { push: () => hub.push(good, { checksum: "0".repeat(64) }), reason: "checksum of the body is" },
    { push: () => hub.push({ ...good, namespace: "elsewhere" }), reason: 'namespace "elsewhere"' },
    { push: () => hub.push({ ...good, llms: [{ ...llm, allowedModels: ["("] }] }), reason: "not a regular expression" },
    { push: () => hub.push({ ...good, llms: [llm, { ...llm, id: 2 }] }), reason: 'LLMs 1 and 2 have the same slug "demo"' },
    { push: () => hub.push({ ...good, llms: [{ ...llm, sealedApiKey: Buffer.from("x".repeat(40)) }] }), reason: "cannot be unsealed" },
    { push: () => hub.push({ ...good, llms: [{ ...llm, endpoint: "ftp://x" }] }), reason: "endpoint that is not an http or https URL" },
    {
      push: () => hub.push({ ...good, llms: [{ ...llm, plugins: [{ pluginId: 5, sealedConfigOverrideJson: Buffer.alloc(0) }] }] }),
      reason: "plugin 5",
    },
    { push: () => hub.push(good, { version: 1 }), reason: "" },
  ];
  for (const [i, { push, reason }] of bad.entries()) {
    push();
    await until(() => hub.results.length === i + 2);
    if (reason) expect(hub.results[i + 1]).toMatchObject({ accepted: false, reason: expect.stringContaining(reason) });
  }
  expect((await call(gateway, chatPath, { body: chat() })).status).toBe(200);
  const ready = await call(gateway, "/ready");
  expect(ready.json).toMatchObject({ status: "ready", checks: { snapshot: { version: 1 } } });
});

test("an older version never replaces a newer one", async () => {
  const { hub, vendorUrl } = await aWorld();
  hub.push(basicSnapshot(hub, vendorUrl), { version: 9 });
  await until(() => hub.results.length === 2);
  hub.push({ ...basicSnapshot(hub, vendorUrl), apps: [] }, { version: 8 });
  await until(() => hub.results.length === 3);
  expect(hub.results[2]).toMatchObject({ version: 8, accepted: false, reason: "version 8 is older than version 9, which is served" });
});

test("a revoked credential is refused at once, and still after a restart without the hub", async () => {
  const { gateway, hub, vendorUrl, restart } = await aWorld();
  expect((await call(gateway, chatPath, { body: chat() })).status).toBe(200);
  hub.send({ revocation: { revocationId: 5, credentialHashes: [hashToken(secret)] } });
  await until(() => hub.revocationsDone.includes(5), 1_000);
  expect((await call(gateway, chatPath, { body: chat() })).status).toBe(401);
  await gateway.close();
  await hub.close();
  const alone = await restart();
  expect((await call(alone, chatPath, { body: chat() })).status).toBe(401);
  await alone.close();

  // A snapshot made before the revocation does not bring the credential back; one without it ends the matter.
  const again = await aHub({ port: hub.port, dataKey: hub.dataKey, firstVersion: 10 });
  onEnd(() => again.close());
  again.push({ ...basicSnapshot(again, vendorUrl), apps: [anApp(secret, { name: "Renamed" })] });
  const back = await restart();
  await until(() => again.results.length === 1);
  expect((await call(back, chatPath, { body: chat() })).status).toBe(401);
  again.push({ ...basicSnapshot(again, vendorUrl), apps: [anApp("new-secret")] });
  await until(() => again.results.length === 2);
  expect((await call(back, chatPath, { body: chat(), headers: { authorization: "Bearer new-secret" } })).status).toBe(200);
});

test("a snapshot built before a revocation and sent after it never admits the credential, nor after a restart", async () => {
  const { gateway, hub, vendorUrl, restart } = await aWorld();
  const status = async (at = gateway) => (await call(at, chatPath, { body: chat() })).status;
  const revoked = { revocationId: 0, credentialHashes: [hashToken(secret)] };
  const admits = basicSnapshot(hub, vendorUrl);
  hub.send({ revocation: { ...revoked, revocationId: 5 } });
  await until(() => hub.revocationsDone.includes(5), 1_000);
  // Withdrawn, admitted and revoked again: of what was built on the way the first lacks the credential and the second has it.
  hub.push({ ...admits, apps: [anApp("other")] }, { revocation: revoked });
  await until(() => hub.results.length === 2);
  hub.push(admits, { revocation: revoked });
  await until(() => hub.results.length === 3);
  expect(await status()).toBe(401);
  // A refused snapshot says nothing about what is served.
  hub.push({ ...admits, namespace: "elsewhere" }, { revocation: { revocationId: 0, credentialHashes: [] } });
  await until(() => hub.results.length === 4);
  expect(await status()).toBe(401);
  await gateway.close();
  await hub.close();
  const alone = await restart();
  expect(await status(alone)).toBe(401);
});

test("a snapshot that knows a credential was admitted again ends its revocation, even if it is the one that is served", async () => {
  const { gateway, hub, vendorUrl } = await aWorld();
  hub.send({ revocation: { revocationId: 5, credentialHashes: [hashToken(secret)] } });
  await until(() => hub.revocationsDone.includes(5), 1_000);
  expect((await call(gateway, chatPath, { body: chat() })).status).toBe(401);
  hub.push(basicSnapshot(hub, vendorUrl), { version: 1, revocation: { revocationId: 0, credentialHashes: [] } });
  await until(() => hub.results.length === 2);
  expect(hub.results[1]).toMatchObject({ version: 1, accepted: true });
  expect((await call(gateway, chatPath, { body: chat() })).status).toBe(200);
});

test("with the hub down a gateway starts from its last good snapshot, is ready, and shows the lost link", async () => {
  const { gateway, hub, dataDir, restart, vendorUrl, log } = await aWorld();
  await gateway.close();
  await hub.close();
  const alone = await restart();
  expect((await call(alone, chatPath, { body: chat() })).status).toBe(200);
  const ready = await call(alone, "/ready");
  expect(ready).toMatchObject({ status: 200, json: { status: "ready", checks: { hub: { status: "degraded" } } } });
  for (const file of await readdir(dataDir)) {
    if (file === "last-good.json") expect((await stat(join(dataDir, file))).mode & 0o777).toBe(0o600);
  }
  // It finds the hub again by itself.
  const again = await aHub({ port: hub.port, dataKey: hub.dataKey, firstVersion: 10 });
  onEnd(() => again.close());
  again.push({ ...basicSnapshot(again, vendorUrl), apps: [anApp(secret, { name: "Renamed" })] });
  await until(() => again.results.some((result) => result.accepted), 15_000);
  await until(() => again.records().length === 1, 10_000);
  expect(log.join("")).not.toContain("vendor-key");
  expect(log.join("")).not.toContain(secret);
});

test("without a snapshot it is up but not ready, says what is missing, and answers 503", async () => {
  const { gateway, hub, dataDir, restart } = await aWorld();
  await gateway.close();
  await hub.close();
  const { rm } = await import("node:fs/promises");
  await rm(join(dataDir, "last-good.json"));
  const empty = await restart();
  expect((await call(empty, "/health")).json).toMatchObject({ status: "ok" });
  const ready = await call(empty, "/ready");
  expect(ready.status).toBe(503);
  expect(ready.json.missing).toEqual([expect.stringContaining("a configuration snapshot")]);
  expect(await call(empty, chatPath, { body: chat() })).toMatchObject({ status: 503, json: { status: 503 } });
});

test("usage is kept until the hub has it: refused, resent, and over a restart never lost or stored twice", async () => {
  const { gateway, hub, restart } = await aWorld();
  hub.refuseTelemetry = status.UNAVAILABLE;
  for (let i = 0; i < 5; i++) await call(gateway, chatPath, { body: chat() });
  await until(() => hub.heartbeats.at(-1)?.telemetryPending === 5);
  await gateway.close();
  const next = await restart();
  await call(next, chatPath, { body: chat() });
  hub.refuseTelemetry = undefined;
  await until(() => hub.records().length === 6, 15_000);
  expect(new Set(hub.records().map((record) => record.requestId)).size).toBe(6);
  await until(() => hub.heartbeats.at(-1)?.telemetryPending === 0);
});

test("a journal that is full drops the oldest records and says how many", async () => {
  const { gateway, hub } = await aWorld({ limits: { journalRecords: 3 } });
  hub.refuseTelemetry = status.UNAVAILABLE;
  for (let i = 0; i < 6; i++) {
    await call(gateway, chatPath, { body: chat() });
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  await until(() => hub.heartbeats.at(-1)?.telemetryDropped === 3);
  hub.refuseTelemetry = undefined;
  await until(() => hub.records().length === 3, 15_000);
  expect(hub.batches.reduce((sum, batch) => sum + batch.droppedBefore, 0)).toBe(3);
});

test("an LLM that is revoked is not called any more, and is again once a snapshot says so", async () => {
  const { gateway, hub, vendorUrl } = await aWorld();
  expect((await call(gateway, chatPath, { body: chat() })).status).toBe(200);
  hub.send({ revocation: { revocationId: 3, credentialHashes: [revokedLlm(1)] } });
  await until(() => hub.revocationsDone.includes(3));
  expect((await call(gateway, chatPath, { body: chat() })).status).toBe(404);
  hub.push({ ...basicSnapshot(hub, vendorUrl), prices: [] }, { revocation: { revocationId: 0, credentialHashes: [] } });
  await until(() => hub.results.length === 2);
  expect((await call(gateway, chatPath, { body: chat() })).status).toBe(200);
});

/** No write of the journal succeeds any more, as with a full disk. */
function refuseWrites(dataDir: string): void {
  const other = new DatabaseSync(join(dataDir, "journal.db"));
  other.exec("BEGIN IMMEDIATE");
  onEnd(async () => other.close());
}

test("with a full disk usage is delivered all the same, once, and nothing is lost at the end", async () => {
  const { gateway, hub, dataDir } = await aWorld();
  refuseWrites(dataDir);
  for (let i = 0; i < 3; i++) expect((await call(gateway, chatPath, { body: chat() })).status).toBe(200);
  await until(() => hub.records().length === 3);
  await until(() => hub.heartbeats.at(-1)?.telemetryPending === 0);
  await Promise.all(Array.from({ length: 20 }, () => call(gateway, chatPath, { body: chat() })));
  expect(await gateway.close()).toEqual({ lostRecords: 0 });
  const ids = hub.records().map(({ requestId }) => requestId);
  expect([ids.length, new Set(ids).size]).toEqual([23, 23]);
});

test("a gateway that is stopped with a full disk and no hub says how many records are lost, and its exit code tells", async () => {
  const { gateway, hub, dataDir } = await aWorld();
  await gateway.close();
  await hub.close();
  const parent = await mkdtemp(join(tmpdir(), "portico-gateway-"));
  onEnd(() => rm(parent, { recursive: true, force: true }));
  await cp(dataDir, join(parent, "gateway"), { recursive: true });
  const main = spawn(process.execPath, [fileURLToPath(new URL("../src/main.ts", import.meta.url))], {
    env: {
      PATH: process.env.PATH,
      GATEWAY_PORT: "0",
      PORTICO_DATA_DIR: parent,
      PORTICO_HUB: hub.address,
      PORTICO_EDGE_ID: "test-edge",
      PORTICO_EDGE_TOKEN: edgeToken,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onEnd(async () => void main.kill("SIGKILL"));
  let output = "";
  for (const stream of [main.stdout, main.stderr]) stream.on("data", (bytes) => (output += bytes));
  const url = () => /"url":"([^"]+)"/.exec(output)?.[1];
  await until(() => url() !== undefined, 15_000);
  refuseWrites(join(parent, "gateway"));
  for (let i = 0; i < 4; i++) expect((await call({ url: url() ?? "" }, chatPath, { body: chat() })).status).toBe(200);
  main.kill("SIGTERM");
  const [code] = await once(main, "exit");
  expect(code).toBe(3);
  expect(output).toMatch(/usage records lost.*"records":4/);
});

test("what the hub has counted is known after a restart without it, however many pushes told it, and counted once", async () => {
  const { gateway, hub, restart } = await aWorld({
    snapshot: (hub, url) => ({ ...basicSnapshot(hub, url), apps: [anApp(secret, { monthlyBudgetMicroUsd: 100 })] }),
  });
  const now = new Date();
  const periodStartMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1);
  const spent = (kind: string, id: number, spentMicroUsd: number) => ({
    kind,
    id,
    periodStartMs,
    spentMicroUsd,
    spentRestNanoUsd: 0,
    readAtUs: 1e15 + ++looks,
  });
  let looks = 0;
  const late = spent("app", 7, 50);
  // Ten micro-dollars here, fifty elsewhere.
  hub.spentWith = () => [spent("app", 7, 60), spent("llm", 1, 60)];
  expect((await call(gateway, chatPath, { body: chat("two words") })).status).toBe(200);
  await until(() => hub.records().length === 1);
  await until(() => hub.heartbeats.at(-1)?.telemetryPending === 0);
  // Read before the batch was stored, and late.
  hub.send({ budget: { usage: [late] } });
  hub.send({ budget: { usage: [spent("llm", 1, 75)] } });
  hub.send({ revocation: { revocationId: 9, credentialHashes: [] } });
  await until(() => hub.revocationsDone.includes(9));
  await gateway.close();
  await hub.close();
  const alone = await restart();
  const statuses = [];
  for (let i = 0; i < 5; i++) statuses.push((await call(alone, chatPath, { body: chat("two words") })).status);
  expect(statuses).toEqual([200, 200, 200, 200, 403]);
});

test("a budget stops requests: by what was spent here, by what the hub knows, and over a restart", async () => {
  const limit = { monthlyBudgetMicroUsd: 25 };
  const { gateway, hub, vendorUrl, restart } = await aWorld({
    snapshot: (hub, url) => ({ ...basicSnapshot(hub, url), apps: [anApp(secret, limit)] }),
  });
  hub.refuseTelemetry = status.UNAVAILABLE;
  // Ten micro-dollars each.
  const statuses = [];
  for (let i = 0; i < 5; i++) statuses.push((await call(gateway, chatPath, { body: chat("two words") })).status);
  expect(statuses).toEqual([200, 200, 200, 403, 403]);
  const refused = await call(gateway, chatPath, { body: chat() });
  expect(refused.json).toMatchObject({ status: 403, message: "Budget limit exceeded" });
  await gateway.close();
  const restarted = await restart();
  expect((await call(restarted, chatPath, { body: chat() })).status).toBe(403);

  hub.push({ ...basicSnapshot(hub, vendorUrl), apps: [anApp(secret, { monthlyBudgetMicroUsd: 1_000_000 })] });
  await until(() => hub.results.length === 2);
  expect((await call(restarted, chatPath, { body: chat() })).status).toBe(200);
  const now = new Date();
  const periodStartMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1);
  hub.send({ budget: { usage: [{ kind: "app", id: 7, periodStartMs, spentMicroUsd: 1_000_000, spentRestNanoUsd: 0, readAtUs: 0 }] } });
  await until(async () => (await call(restarted, chatPath, { body: chat() })).status === 403);
  await until(() => hub.heartbeats.length > 0);
});

test("calls that cost less than a micro-dollar each reach a budget together, over a restart, at hubs that count nano- or micro-dollars", async () => {
  // A token of the prompt costs a nano-dollar, one of the answer fifty.
  const price = {
    inputMicroUsdPerMillion: 1_000,
    outputMicroUsdPerMillion: 50_000,
    cacheWriteMicroUsdPerMillion: 0,
    cacheReadMicroUsdPerMillion: 0,
  };
  const { gateway, hub, restart } = await aWorld({
    snapshot: (hub, url) => ({
      ...basicSnapshot(hub, url),
      prices: [{ vendor: "openai", modelName: "demo-small", ...price }],
      apps: [anApp(secret, { monthlyBudgetMicroUsd: 2 })],
    }),
  });
  hub.refuseTelemetry = status.UNAVAILABLE;
  const ask = async (at: Parameters<typeof call>[0]) => (await call(at, chatPath, { body: chat("two words") })).status;
  for (let i = 0; i < 6; i++) expect(await ask(gateway)).toBe(200);
  await gateway.close();
  const restarted = await restart();
  const statuses = [];
  for (let i = 0; i < 6; i++) statuses.push(await ask(restarted));
  hub.refuseTelemetry = undefined;
  await until(() => hub.records().length === 12);
  const completed = hub.records().filter(({ outcome }) => outcome === "completed");
  const [first] = completed;
  const each = (first?.promptTokens ?? 0) * 1 + (first?.responseTokens ?? 0) * 50;
  expect(each).toBeGreaterThan(0);
  expect(each).toBeLessThan(1_000);
  expect(statuses.at(-1)).toBe(403);
  // The last one may begin while as much is left as it is likely to cost.
  expect(completed.length * each).toBeGreaterThan(2_000 - each);
  expect(completed.length * each).toBeLessThan(2_000 + each);
  expect(completed.map(({ costNanoUsd, costMicroUsd }) => costNanoUsd ?? costMicroUsd * 1_000)).toEqual(completed.map(() => each));
  const micros = completed.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0);
  // Each process carries less than a micro-dollar.
  expect(Math.abs(micros * 1_000 - completed.length * each)).toBeLessThan(2_000);
});

test("an edge whose clock is 40 days ahead of the hub's enforces its budgets and dates its records by the hub, also after a restart without it", async () => {
  const { gateway, hub, restart } = await aWorld({
    snapshot: (hub, url) => ({ ...basicSnapshot(hub, url), apps: [anApp(secret, { monthlyBudgetMicroUsd: 100 })] }),
  });
  hub.clockOffsetMs = -40 * 86_400_000;
  const hubNow = new Date(Date.now() + hub.clockOffsetMs);
  const answered = hub.heartbeats.length;
  await until(() => hub.heartbeats.length > answered + 2);
  const periodStartMs = Date.UTC(hubNow.getUTCFullYear(), hubNow.getUTCMonth(), 1);
  expect((await call(gateway, chatPath, { body: chat() })).status).toBe(200);
  await until(() => hub.records().length === 1);
  expect(Math.abs((hub.records()[0]?.startedAtMs ?? 0) - hubNow.getTime())).toBeLessThan(60_000);
  hub.send({ budget: { usage: [{ kind: "app", id: 7, periodStartMs, spentMicroUsd: 100, spentRestNanoUsd: 0, readAtUs: 1e15 }] } });
  hub.send({ revocation: { revocationId: 4, credentialHashes: [] } });
  await until(() => hub.revocationsDone.includes(4));
  expect((await call(gateway, chatPath, { body: chat() })).status).toBe(403);
  await gateway.close();
  await hub.close();
  const alone = await restart();
  expect((await call(alone, chatPath, { body: chat() })).status).toBe(403);
});

test("records that the hub refuses are kept with the reason and counted; the others are delivered", async () => {
  const { gateway, hub, dataDir } = await aWorld({ limits: { journalFlushMs: 200 } });
  hub.rejects = (batch) => (batch.records.length > 1 ? [{ index: 1, reason: "records[1].model is odd" }] : []);
  await Promise.all([1, 2, 3].map(() => call(gateway, chatPath, { body: chat() })));
  await until(() => hub.heartbeats.at(-1)?.telemetryRejected === 1);
  await until(() => hub.heartbeats.at(-1)?.telemetryPending === 0);
  const refused = hub.batches.find(({ records }) => records.length > 1)?.records[1];
  expect(keptOf(dataDir)).toEqual([{ reason: "records[1].model is odd", requestIds: [refused?.requestId] }]);
});

test("an older hub that refuses a whole batch for one record gets the others", async () => {
  const { gateway, hub, dataDir } = await aWorld({ limits: { journalFlushMs: 200 } });
  hub.refusesBatch = ({ records }) => {
    const at = records.findIndex(({ requestId }) => requestId === hub.batches[0]?.records[1]?.requestId);
    return at < 0 ? "" : `records[${at}].interaction must be one of proxy, studio`;
  };
  await Promise.all([1, 2, 3].map(() => call(gateway, chatPath, { body: chat() })));
  await until(() => hub.records().length === 2);
  await until(() => hub.heartbeats.at(-1)?.telemetryPending === 0);
  expect(keptOf(dataDir)).toMatchObject([
    { reason: expect.stringContaining("interaction"), requestIds: [hub.batches[0]?.records[1]?.requestId] },
  ]);
});

test("an acknowledgement that cannot be read does not stop delivery for good, nor the link", async () => {
  const { gateway, hub } = await aWorld();
  hub.acknowledgement = Buffer.from("0aff", "hex");
  await call(gateway, chatPath, { body: chat() });
  // Until then the last heartbeat may be one from before the call, which had nothing to deliver either.
  await until(() => hub.heartbeats.at(-1)?.hubMessagesUnreadable === 3 && hub.heartbeats.at(-1)?.telemetryPending === 0, 15_000);
  expect(new Set(hub.batches.map(({ batchId }) => batchId)).size).toBe(1);
  hub.acknowledgement = undefined;
  await call(gateway, chatPath, { body: chat() });
  await until(() => hub.batches.length > 3 && hub.heartbeats.at(-1)?.telemetryPending === 0);
  expect(hub.registrations).toBe(1);
  expect(hub.heartbeats.at(-1)?.hubMessagesUnreadable).toBe(3);
});

test("a message that cannot be read is left out: the link stays, and what comes next is obeyed", async () => {
  const { gateway, hub, vendorUrl } = await aWorld();
  hub.sendBytes(Buffer.from("0aff", "hex"));
  const huge = { kind: "app", id: 8, periodStartMs: 1, spentMicroUsd: 2 ** 60, spentRestNanoUsd: 0, readAtUs: 1 };
  hub.sendBytes(Buffer.from(HubMessage.encode({ budget: { usage: [huge] } }).finish()));
  hub.push({ ...basicSnapshot(hub, vendorUrl), apps: [anApp("new-secret")] });
  await until(() => hub.results.length === 2);
  await until(() => (hub.heartbeats.at(-1)?.hubMessagesUnreadable ?? 0) > 0);
  expect((await call(gateway, chatPath, { body: chat(), headers: { authorization: "Bearer new-secret" } })).status).toBe(200);
  expect([hub.registrations, hub.heartbeats.at(-1)?.hubMessagesUnreadable]).toEqual([1, 1]);
});

test.each([
  ["header", 0],
  ["page", 4_096],
])(
  "a journal and a plugin store with a damaged %s are set aside and named, and the gateway starts with new ones",
  async (_part, offset) => {
    const { gateway, hub, dataDir, restart, log } = await aWorld();
    await gateway.close();
    for (const name of ["journal.db", "plugin-kv.db"]) {
      const file = await open(join(dataDir, name), "r+");
      await file.write(Buffer.alloc(4_096, 0xa5), 0, 4_096, offset);
      await file.close();
    }
    const again = await restart();
    expect((await call(again, chatPath, { body: chat() })).status).toBe(200);
    await until(() => hub.records().length === 1);
    for (const name of ["journal.db", "plugin-kv.db"]) expect(log.join("")).toContain(`${name}.damaged-`);
  },
);

/** Records that were set aside, as they are on disk. */
function keptOf(dataDir: string): { reason: string; requestIds: string[] }[] {
  const db = new DatabaseSync(join(dataDir, "journal.db"), { readOnly: true });
  const rows = db.prepare("SELECT reason, body FROM rejected ORDER BY id").all();
  db.close();
  return rows.map(({ reason, body }) => ({
    reason: String(reason),
    requestIds: TelemetryBatch.decode(body as Uint8Array).records.map(({ requestId }) => requestId),
  }));
}
