import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createSecureServer } from "node:http2";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, Metadata, status } from "@grpc/grpc-js";
import { createLogger } from "@portico/core/logger";
import { EdgeServiceClient, EdgeServiceService } from "@portico/protocol/edge";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createClientIdentity } from "../gateway/src/config/client-identity.ts";
import type { HubTrust } from "../gateway/src/config/hub-tls.ts";
import { readInstanceId } from "../gateway/src/config/instance-id.ts";
import { defaultLimits, startGateway } from "../gateway/src/index.ts";
import { makeAuthority, openAuthority } from "../server/edges/authority.ts";
import { createCertificates } from "../server/edges/certificates.ts";
import { isLoopback } from "../server/edges/control-front.ts";
import { startControlServer } from "../server/edges/control-server.ts";
import { anEdge } from "../server/edges/testing.ts";
import { aStudio, type Studio } from "../server/testing.ts";

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});
const logger = createLogger({ level: "error" });
const mebibyte = 1024 * 1024;
const asIs = (bytes: Buffer) => bytes;
type Authority = Awaited<ReturnType<typeof openAuthority>>;
/** The CA of a studio, and that of whoever stands between it and its gateways. */
let genuine: Authority;
let foreign: Authority;
let studio: Studio;
beforeAll(async () => {
  genuine = await openAuthority(await makeAuthority());
  foreign = await openAuthority(await makeAuthority());
  studio = await aStudio();
});
afterAll(() => studio.close());

/** One that other tests do not need afterwards. */
async function anotherStudio(env: Record<string, string> = {}): Promise<Studio> {
  const another = await aStudio({ env });
  endings.push(another.close);
  return another;
}
const ofStudio = (studio: Studio): HubTrust => ({ kind: "fingerprint", sha256: studio.runtime.hubCaSha256 });

async function aToken(studio: Studio, edgeId: string): Promise<string> {
  return String((await studio.call("POST", "/api/v1/edges", { edge_id: edgeId })).data.attributes.token);
}
const edgeOf = async (studio: Studio, edgeId: string) => (await studio.call("GET", `/api/v1/edges/${edgeId}`)).data.attributes;

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "portico-attack-"));
  endings.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function aGateway(settings: { hub: string; hubTrust?: HubTrust; edgeId: string; edgeToken: string; dataDir?: string }) {
  const dataDir = settings.dataDir ?? (await aFolder());
  const log: string[] = [];
  const gateway = await startGateway({
    settings: { port: 0, host: "127.0.0.1", edgeNamespace: "", limits: defaultLimits, ...settings, dataDir },
    logger: createLogger({ write: (line) => void log.push(line) }),
  });
  endings.push(gateway.close);
  return { gateway, dataDir, log: () => log.join("") };
}

/** A server on loopback that keeps what it is sent. */
async function aListener(onConnection: (socket: Socket, keep: (bytes: Buffer) => void) => void) {
  const heard: Buffer[] = [];
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => undefined);
    onConnection(socket, (bytes) => heard.push(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endings.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    heard: () => Buffer.concat(heard).toString("latin1"),
  };
}

/** A hub that speaks HTTP/2 with this certificate and keeps the headers of every call. */
async function anImpostor(pair: { cert: string; key: string }) {
  const http2 = createSecureServer({ ...pair, minVersion: "TLSv1.3" });
  const calls: string[] = [];
  http2.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    calls.push(JSON.stringify(headers));
    stream.respond({ ":status": 200, "grpc-status": "14" }, { endStream: true });
  });
  http2.on("sessionError", () => undefined);
  const listener = await aListener((socket) => http2.emit("connection", socket));
  return { ...listener, calls: () => calls.join() };
}

test("a hub that cannot prove itself is not sent the edge's token: plain text, a foreign CA, a copied CA, an edge's certificate", async () => {
  const edge = createClientIdentity(await aFolder());
  const edgeCertificate = await genuine.issueClient("stolen", edge.publicKey());
  edge.keep(edgeCertificate);
  const ofForeign = await foreign.issueServer(["127.0.0.1"]);
  const [foreignLeaf] = ofForeign.cert.split(/(?<=-----END CERTIFICATE-----\n)/);
  const impostors = [
    await anImpostor(ofForeign),
    // The CA's certificate is no secret; whoever shows it still has none of its keys.
    await anImpostor({ cert: `${foreignLeaf}${genuine.certificate}\n`, key: ofForeign.key }),
    await anImpostor({ cert: `${edgeCertificate}\n${genuine.certificate}\n`, key: edge.certificate().key ?? "" }),
  ];
  const inClear = await aListener((socket, keep) => socket.on("data", keep));
  const caFile = join(await aFolder(), "ca.pem");
  await writeFile(caFile, genuine.certificate);
  const trusts: HubTrust[] = [{ kind: "fingerprint", sha256: genuine.sha256 }, { kind: "file", path: caFile }, { kind: "system" }];
  for (const { address, connections } of [...impostors, inClear]) {
    for (const hubTrust of trusts) await aGateway({ hub: address, hubTrust, edgeId: "edge", edgeToken: "pe_SECRET-TOKEN" });
    // Each has tried, been refused and tried again; what speaks no TLS just never answers.
    const tries = address === inClear.address ? trusts.length : 2 * trusts.length;
    await expect.poll(connections, { timeout: 30_000 }).toBeGreaterThanOrEqual(tries);
  }
  for (const { calls } of impostors) expect(calls()).toBe("");
  expect(inClear.heard()).not.toContain("SECRET");
}, 60_000);

test("a gateway that knows its hub by the fingerprint is connected by TLS, and nothing of it is readable on the way", async () => {
  const edgeToken = await aToken(studio, "remote");
  const wire = await aListener((socket, keep) => {
    const onward = connect(studio.runtime.controlPort, "127.0.0.1");
    onward.on("error", () => socket.destroy());
    socket.on("data", keep);
    socket.pipe(onward).pipe(socket);
  });
  await aGateway({ hub: wire.address, hubTrust: ofStudio(studio), edgeId: "remote", edgeToken });
  await expect
    .poll(() => edgeOf(studio, "remote"), { timeout: 30_000 })
    .toMatchObject({ status: "connected", transport: "tls", sync_status: "in_sync" });
  expect(wire.heard()).not.toContain(edgeToken);
  expect(wire.heard()).not.toContain("remote");
});

test("plain text from another machine is refused unread; TLS from there, and plain text from this one, are served", async () => {
  const certificates = await createCertificates({ authority: genuine, names: [], own: undefined, logger, onChange: () => undefined });
  endings.push(certificates.close);
  let admitted = 0;
  const server = await startControlServer({
    host: "0.0.0.0",
    port: 0,
    service: {
      definition: EdgeServiceService,
      implementation: { register: (_call: unknown, answer: (error: { code: status }) => void) => answer({ code: status.ABORTED }) },
      admit: async () => {
        admitted++;
        return () => undefined;
      },
    },
    certificates,
    // 127.0.0.2 stands for another machine.
    plaintext: (address) => isLoopback(address) && address !== "127.0.0.2",
    asksForCertificate: false,
    logger,
  });
  endings.push(server.close);
  const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  const elsewhere = connect({ port: server.port, host: "127.0.0.1", localAddress: "127.0.0.2" });
  elsewhere.on("error", () => undefined);
  elsewhere.write(preface);
  const heard: Buffer[] = [];
  elsewhere.on("data", (bytes: Buffer) => heard.push(bytes));
  await once(elsewhere, "close");
  expect([heard.length, admitted]).toEqual([0, 0]);

  const here = connect({ port: server.port, host: "127.0.0.1" });
  here.write(preface);
  expect(await once(here, "data")).toBeTruthy();
  here.destroy();
  const byTls = anEdge({ port: server.port, edgeId: "edge", token: "any", ca: genuine.certificate });
  endings.push(byTls.close);
  await expect(byTls.register()).rejects.toMatchObject({ code: status.ABORTED });
  expect(admitted).toBe(1);
  byTls.close();
  await expect.poll(server.connections, { timeout: 10_000 }).toBe(0);
});

test("only addresses of this machine count as such, however they are written", () => {
  for (const address of ["127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1"]) expect(isLoopback(address), address).toBe(true);
  for (const address of ["10.0.0.1", "0.0.0.0", "::", "fe80::1", "::ffff:10.0.0.1", "128.0.0.1", "1.127.0.0", ""])
    expect(isLoopback(address), address).toBe(false);
});

test("a gateway from before TLS on the same machine still connects, and is shown as such", async () => {
  const edge = anEdge({ port: studio.runtime.controlPort, edgeId: "old", token: await aToken(studio, "old") });
  endings.push(edge.close);
  await edge.connect();
  await edge.snapshot(() => true);
  expect(await edgeOf(studio, "old")).toMatchObject({ status: "connected", transport: "plaintext" });
});

test("twelve messages of 50 MB without a token cost the hub no memory", async () => {
  const hub = fork(join(import.meta.dirname, "test", "hub-process.ts"));
  endings.push(() => hub.kill());
  const answer = async () => Number((await once(hub, "message"))[0]);
  const port = await answer();
  const mostMemory = () => {
    const told = answer();
    hub.send("memory");
    return told;
  };
  const before = await mostMemory();
  const { path } = EdgeServiceService.sendTelemetry;
  const huge = Buffer.alloc(50 * mebibyte, 1);
  const metadata = new Metadata();
  metadata.set("authorization", "Bearer pe_nobody");
  const flood = () => {
    const client = new EdgeServiceClient(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
    endings.push(() => client.close());
    return new Promise((resolve) => client.makeUnaryRequest(path, asIs, asIs, huge, metadata, (error) => resolve(error?.code)));
  };
  expect(await Promise.all(Array.from({ length: 12 }, flood))).toEqual(Array(12).fill(status.UNAUTHENTICATED));
  expect((await mostMemory()) - before).toBeLessThan(64 * mebibyte);
});

test("a message larger than 4 MiB is refused, with a token too", async () => {
  const edge = anEdge({ port: studio.runtime.controlPort, edgeId: "large", token: await aToken(studio, "large") });
  endings.push(edge.close);
  const { path } = EdgeServiceService.sendTelemetry;
  const huge = Buffer.alloc(5 * mebibyte, 1);
  const code = await new Promise((resolve) =>
    edge.client.makeUnaryRequest(path, asIs, asIs, huge, edge.metadata, (error) => resolve(error?.code)),
  );
  expect(code).toBe(status.RESOURCE_EXHAUSTED);
});

test("an address that guesses tokens is soon not looked up any more, and does not lock out those that are known", async () => {
  const studio = await anotherStudio();
  const token = await aToken(studio, "known");
  const known = anEdge({ port: studio.runtime.controlPort, edgeId: "known", token });
  endings.push(known.close);
  await known.connect();
  const stranger = anEdge({ port: studio.runtime.controlPort, edgeId: "known", token: "pe_guess" });
  endings.push(stranger.close);
  const codes = [];
  for (let i = 0; i < 60; i++) codes.push(await stranger.register().catch(({ code }) => code));
  expect(codes[0]).toBe(status.UNAUTHENTICATED);
  expect(codes.at(-1)).toBe(status.RESOURCE_EXHAUSTED);
  await known.register();
});

test("an edge that registers without end is stopped, and no other edge with it", async () => {
  const edge = anEdge({ port: studio.runtime.controlPort, edgeId: "busy", token: await aToken(studio, "busy") });
  const other = anEdge({ port: studio.runtime.controlPort, edgeId: "calm", token: await aToken(studio, "calm") });
  endings.push(edge.close, other.close);
  const codes = await Promise.all(
    Array.from({ length: 100 }, () =>
      edge
        .register()
        .then(() => 0)
        .catch(({ code }) => code),
    ),
  );
  expect(codes.filter((code) => code === 0).length).toBeLessThanOrEqual(20);
  expect(codes.filter((code) => code === status.RESOURCE_EXHAUSTED).length).toBeGreaterThanOrEqual(80);
  await other.register();
});

test("a second gateway with the id of a connected edge is refused with the reason, and the first stays", async () => {
  const edgeToken = await aToken(studio, "twin");
  const settings = { hub: `127.0.0.1:${studio.runtime.controlPort}`, hubTrust: ofStudio(studio), edgeId: "twin", edgeToken };
  await aGateway(settings);
  await expect.poll(() => edgeOf(studio, "twin"), { timeout: 30_000 }).toMatchObject({ status: "connected", sync_status: "in_sync" });
  const { session_id } = await edgeOf(studio, "twin");
  const second = await aGateway(settings);
  await expect.poll(second.log, { timeout: 30_000 }).toContain("another gateway is connected");
  expect(await edgeOf(studio, "twin")).toMatchObject({ status: "connected", session_id });
});

test("a gateway that was killed and is started again on its folder takes over the session that the hub believes to be open", async () => {
  const edgeToken = await aToken(studio, "risen");
  const dataDir = await aFolder();
  // As a killed gateway leaves its edge behind a network that is gone: connected, with a heartbeat of just now.
  const { rowCount } = await studio.db.sql.query(
    "UPDATE edges SET status = 'connected', session_id = gen_random_uuid(), last_heartbeat_at = now(), instance_id = $1 WHERE edge_id = 'risen'",
    [readInstanceId(dataDir)],
  );
  expect(rowCount).toBe(1);
  const settings = { hub: `127.0.0.1:${studio.runtime.controlPort}`, hubTrust: ofStudio(studio), edgeId: "risen", edgeToken };
  const stranger = await aGateway(settings);
  await expect.poll(stranger.log, { timeout: 10_000 }).toContain("another gateway is connected");
  const risen = await aGateway({ ...settings, dataDir });
  await expect.poll(risen.log, { timeout: 10_000 }).toContain("connected to the hub");
  expect(risen.log()).not.toContain("another gateway is connected");
});

test("where client certificates are required a stolen token alone opens nothing, in plain text or by TLS", async () => {
  const studio = await anotherStudio({ PORTICO_HUB_MTLS: "required" });
  const edgeToken = await aToken(studio, "sealed");
  const settings = { hub: `127.0.0.1:${studio.runtime.controlPort}`, hubTrust: ofStudio(studio), edgeId: "sealed", edgeToken };
  const first = await aGateway(settings);
  await expect.poll(() => edgeOf(studio, "sealed"), { timeout: 30_000 }).toMatchObject({ status: "connected", transport: "mtls" });

  const ca = await readFile(join(studio.dataDir, "hub-ca.pem"), "utf8");
  const thief = anEdge({ port: studio.runtime.controlPort, edgeId: "sealed", token: edgeToken, ca });
  const inClear = anEdge({ port: studio.runtime.controlPort, edgeId: "sealed", token: edgeToken });
  endings.push(thief.close, inClear.close);
  await expect(thief.register()).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
  await expect(thief.send(crypto.randomUUID(), [])).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
  await expect(inClear.register()).rejects.toMatchObject({ code: status.UNAVAILABLE });
  const ownKey = createClientIdentity(await aFolder()).publicKey();
  await expect(thief.register({ clientPublicKey: ownKey })).rejects.toMatchObject({ details: expect.stringContaining("rotate") });

  // The gateway itself comes back with the key in its data folder, and after its token is rotated with a new one.
  await first.gateway.close();
  const again = await aGateway({ ...settings, dataDir: first.dataDir });
  await expect.poll(() => edgeOf(studio, "sealed"), { timeout: 30_000 }).toMatchObject({ status: "connected", transport: "mtls" });
  await again.gateway.close();
  const rotated = String((await studio.call("POST", "/api/v1/edges/sealed/rotate-token")).data.attributes.token);
  await aGateway({ ...settings, edgeToken: rotated });
  await expect.poll(() => edgeOf(studio, "sealed"), { timeout: 30_000 }).toMatchObject({ status: "connected", transport: "mtls" });
});
