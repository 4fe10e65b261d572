import { type IncomingMessage, request } from "node:http";
import { hashToken } from "@portico/core/tokens";
import { afterEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { Limits } from "../src/index.ts";
import { anApp, anLlm } from "./hub.ts";
import { anUpstream } from "./upstreams.ts";
import { aWorld, basicSnapshot, endWorlds, onEnd, secret, until, type World } from "./world.ts";

afterEach(endWorlds);

const path = "/llm/call/demo/v1/realtime?model=demo-small";
const keyProtocol = `openai-insecure-api-key.${secret}`;

type Vendor = { sockets: WebSocket[]; requests: IncomingMessage[]; messages: (string | Buffer)[]; url: string };

/** A vendor's realtime server: it answers `response.create` with `response.done` and repeats everything else. */
async function aVendor(usage: object | null = { total_tokens: 300, input_tokens: 100, output_tokens: 200 }): Promise<Vendor> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: true });
  await new Promise((resolve) => server.once("listening", resolve));
  const vendor: Vendor = {
    sockets: [],
    requests: [],
    messages: [],
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
  };
  server.on("connection", (socket, req) => {
    vendor.sockets.push(socket);
    vendor.requests.push(req);
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer, isBinary) => {
      vendor.messages.push(isBinary ? data : data.toString());
      if (!data.includes("response.create")) return socket.send(data, { binary: isBinary });
      socket.send('{"type": "response.output_text.delta", "delta": "twelve chars"}');
      socket.send(JSON.stringify({ type: "response.done", response: { status: "completed", usage } }));
    });
  });
  onEnd(async () => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return vendor;
}

type Options = { llm?: Parameters<typeof anLlm>[2]; budget?: number | undefined; limits?: Partial<Limits>; usage?: object | null };

async function aRealtimeWorld({ llm = {}, budget, limits = {}, usage }: Options = {}) {
  const vendor = await aVendor(usage);
  const snapshot = (hub: World["hub"]) => ({
    ...basicSnapshot(hub, vendor.url),
    llms: [anLlm(hub, vendor.url, llm)],
    apps: [anApp(secret, { monthlyBudgetMicroUsd: budget })],
  });
  const world = await aWorld({ snapshot, limits });
  return { ...world, vendor, snapshot };
}

type Client = { socket: WebSocket; messages: (string | Buffer)[]; closed: Promise<{ code: number; reason: string }> };

/** Opens a session. @throws Error with the status when it is refused. */
async function open({ gateway }: Pick<World, "gateway">, at = path, protocols: string[] = ["realtime", keyProtocol]): Promise<Client> {
  const socket = new WebSocket(gateway.url.replace("http", "ws") + at, protocols);
  onEnd(async () => socket.terminate());
  const messages: (string | Buffer)[] = [];
  socket.on("message", (data: Buffer, isBinary) => void messages.push(isBinary ? data : data.toString()));
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("unexpected-response", (_req, res) => {
      let text = "";
      res.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      res.on("end", () => reject(new Error(`${res.statusCode} ${text}`)));
    });
    socket.once("error", reject);
  });
  return { socket, messages, closed };
}

test("texts and bytes pass both ways, the vendor gets its own key, and each answer is counted when it ends", async () => {
  const world = await aRealtimeWorld();
  const { vendor, hub } = world;
  const { socket, messages, closed } = await open(world, path, ["realtime", keyProtocol, "openai-beta.realtime-v1"]);
  expect(socket.protocol).toBe("realtime");
  const { headers, url } = vendor.requests[0] as IncomingMessage;
  expect(url).toBe("/v1/realtime?model=demo-small");
  expect(headers.authorization).toBe("Bearer vendor-key");
  expect(headers["sec-websocket-protocol"]).toBe("realtime,openai-beta.realtime-v1");
  expect(JSON.stringify(headers)).not.toContain(secret);

  const sound = Buffer.alloc(300_000, 7);
  socket.send('{"type":"session.update","é":"😀"}');
  socket.send(sound);
  for (let i = 0; i < 2; i++) socket.send('{"type":"response.create"}');
  await until(() => hub.records().length === 2);
  expect(vendor.messages.slice(0, 2)).toEqual(['{"type":"session.update","é":"😀"}', sound]);
  expect(messages.slice(0, 2)).toEqual(vendor.messages.slice(0, 2));
  expect(hub.records()).toMatchObject(
    [1, 2].map(() => ({
      outcome: "completed",
      statusCode: 200,
      model: "demo-small",
      promptTokens: 100,
      responseTokens: 200,
      costMicroUsd: 500,
      usageEstimated: false,
    })),
  );
  socket.close(4001, "done");
  expect(await closed).toEqual({ code: 4001, reason: "done" });
  await until(() => hub.records().length === 3);
  expect(hub.records()[2]).toMatchObject({ outcome: "completed", statusCode: 101, promptTokens: 0, costMicroUsd: 0, path: "/v1/realtime" });
  expect(hub.records()[2]?.requestBytes).toBeGreaterThan(300_000);
});

test("an app is known by its header or subprotocol, and what may not be called is refused as any other call, without an upgrade", async () => {
  const world = await aRealtimeWorld({ llm: { allowedModels: ["^demo-.*$"] } });
  const header = new WebSocket(world.gateway.url.replace("http", "ws") + path, { headers: { authorization: `Bearer ${secret}` } });
  await new Promise((resolve, reject) => header.once("open", resolve).once("error", reject));
  header.terminate();
  const refused = async (at: string, protocols: string[]) => await open(world, at, protocols).catch((error: Error) => error.message);
  expect(await refused(path, ["realtime", "openai-insecure-api-key.wrong"])).toMatch(/^401 .*credential|^401 /);
  expect(await refused(path, [])).toMatch(/^401 /);
  expect(await refused("/llm/call/demo/v1/realtime?model=other", [keyProtocol])).toMatch(/^403 .*model 'other' is not allowed/);
  expect(await refused("/llm/call/demo/v1/realtime", [keyProtocol])).toMatch(/^403 /);
  expect(await refused("/llm/call/demo/v1/models", [keyProtocol])).toMatch(/^403 .*takes no WebSockets/);
  expect(await refused("/llm/call/none/v1/realtime", [keyProtocol])).toMatch(/^404 /);
  expect(world.vendor.requests).toHaveLength(1);
});

test("a vendor that refuses the upgrade, or takes none, is answered as it is", async () => {
  for (const [status, expected] of [
    [429, /^429 slow down/],
    [200, /^502 .*does not take WebSockets/],
  ] as const) {
    const url = await anUpstream((_req, res) => void res.writeHead(status, { "content-type": "text/plain" }).end("slow down"));
    const world = await aWorld({ snapshot: (hub) => ({ ...basicSnapshot(hub, url), llms: [anLlm(hub, url)] }) });
    await expect(open(world)).rejects.toThrow(expected);
    await until(() => world.hub.records().length === 1);
    expect(world.hub.records()[0]).toMatchObject({ outcome: "failed", promptTokens: 0, costMicroUsd: 0 });
  }
  const gone = await aWorld({ snapshot: (hub) => ({ ...basicSnapshot(hub, ""), llms: [anLlm(hub, "http://127.0.0.1:9")] }) });
  await expect(open(gone)).rejects.toThrow(/^502 /);
});

test("a session ends when its budget is used up, and no further one begins", async () => {
  // An answer costs 500 micro-dollars; while the next is awaited, as much as there is is set aside.
  const world = await aRealtimeWorld({ budget: 1_200 });
  const { socket, messages, closed } = await open(world);
  await expect(open(world)).rejects.toThrow(/^403 .*Budget/);
  for (let i = 0; i < 3; i++) {
    socket.send('{"type":"response.create"}');
    await until(() => messages.length === 2 * (i + 1));
  }
  expect(await closed).toEqual({ code: 1008, reason: "Budget limit exceeded" });
  await until(() => world.hub.records().length === 5);
  expect(world.hub.records().at(-1)).toMatchObject({ outcome: "blocked", reason: "budget_exceeded", statusCode: 101 });
  await expect(open(world)).rejects.toThrow(/^403 /);
});

test("a model that a session turns to is judged like the one it begins with", async () => {
  const world = await aRealtimeWorld({ llm: { allowedModels: ["^demo-.*$"] } });
  const { socket, closed } = await open(world);
  socket.send('{"type":"session.update","session":{"audio":{"input":{"transcription":{"\\u006dodel":"other"}}}}}');
  expect(await closed).toEqual({ code: 1008, reason: "model 'other' is not allowed" });
  const long = await open(world);
  long.socket.send(JSON.stringify({ type: "response.create", response: { model: "é".repeat(200) } }));
  expect(await long.closed).toEqual({ code: 1008, reason: `model '${"é".repeat(56)}` });
  expect(world.vendor.messages).toEqual([]);
});

test("a revoked key and a deactivated LLM end a session within a second", async () => {
  const world = await aRealtimeWorld();
  const one = await open(world);
  world.hub.send({ revocation: { revocationId: 1, credentialHashes: [hashToken(secret)] } });
  expect(await one.closed).toEqual({ code: 1008, reason: "Access was revoked." });

  const other = await aRealtimeWorld();
  const two = await open(other);
  other.hub.push({ ...other.snapshot(other.hub), llms: [] });
  expect(await two.closed).toMatchObject({ code: 1008 });
  await until(() => other.vendor.sockets.every(({ readyState }) => readyState === WebSocket.CLOSED));
});

test("silence and time end a session, and so does a gateway that stops", async () => {
  const silent = await aRealtimeWorld({ limits: { idleTimeoutMs: 300 } });
  expect(await (await open(silent)).closed).toEqual({ code: 1001, reason: "Nothing was said for too long." });
  const long = await aRealtimeWorld({ limits: { sessionMs: 300 } });
  expect(await (await open(long)).closed).toMatchObject({ code: 1001 });
  const stopping = await aRealtimeWorld();
  const { closed } = await open(stopping);
  await stopping.gateway.close();
  expect(await closed).toEqual({ code: 1001, reason: "The gateway is going away." });
});

test("a side that leaves ends the other, and an answer without a count is estimated from what passed", async () => {
  const world = await aRealtimeWorld({ usage: null });
  const one = await open(world);
  one.socket.send('{"type":"response.create"}');
  await until(() => world.hub.records().length === 1);
  expect(world.hub.records()[0]).toMatchObject({ responseTokens: 3, usageEstimated: true });
  world.vendor.sockets[0]?.terminate();
  expect(await one.closed).toEqual({ code: 1011, reason: "The connection to the vendor was lost." });
  await until(() => world.hub.records().length === 2);
  expect(world.hub.records()[1]).toMatchObject({ outcome: "failed", reason: "upstream_broke_off" });

  const two = await open(world);
  world.vendor.sockets[1]?.close(1000, "bye");
  expect(await two.closed).toEqual({ code: 1000, reason: "bye" });

  const three = await open(world);
  three.socket.terminate();
  await until(() => world.vendor.sockets[2]?.readyState === WebSocket.CLOSED);
  await until(() => world.hub.records().some(({ reason }) => reason === "client_closed"));
});

test("a client that does not read holds its vendor back", async () => {
  const world = await aRealtimeWorld();
  const { socket, messages } = await open(world);
  await until(() => world.vendor.sockets.length === 1);
  const vendor = world.vendor.sockets[0] as WebSocket;
  socket.pause();
  const piece = Buffer.alloc(1024 * 1024, 1);
  const count = 60;
  for (let i = 0; i < count; i++) vendor.send(piece);
  const before = process.memoryUsage().arrayBuffers;
  let last = -1;
  // What is not taken waits in the vendor's process.
  await until(() => {
    const isStill = last === vendor.bufferedAmount;
    last = vendor.bufferedAmount;
    return isStill;
  });
  expect(vendor.bufferedAmount).toBeGreaterThan(30 * 1024 * 1024);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
  socket.resume();
  await until(() => messages.length === count, 20_000);
});

test("what is no WebSocket of a realtime endpoint goes on as a request", async () => {
  const world = await aRealtimeWorld();
  const status = (at: string, upgrade: string) =>
    new Promise<number>((resolve, reject) => {
      const req = request(world.gateway.url + at, {
        agent: false,
        headers: { connection: "upgrade", upgrade, authorization: `Bearer ${secret}` },
      });
      req.on("response", (res) => {
        res.resume();
        resolve(res.statusCode ?? 0);
      });
      req.on("error", reject).end();
    });
  expect(await status("/health", "websocket")).toBe(200);
  // Clients that prefer HTTP/2 ask for it like this, and take the answer that they get.
  expect(await status("/llm/call/demo/v1/chat/completions", "h2c")).toBe(403);
});
