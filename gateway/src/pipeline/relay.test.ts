import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { AppError } from "@portico/core";
import { createLogger } from "@portico/core/logger";
import { createOutbound } from "@portico/outbound";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { anExchange, aRoutedLlm, vendorKey } from "../../test/exchange.ts";
import { anUpstream, aRawUpstream, delta, sse } from "../../test/upstreams.ts";
import { endWorlds, onEnd, until } from "../../test/world.ts";
import { createLedger } from "../budget/ledger.ts";
import type { ResponseHooks } from "../hooks/response-hooks.ts";
import { defaultLimits } from "../settings.ts";
import { createAdmission } from "./admit.ts";
import type { LlmCall, LlmExchange } from "./llm-call.ts";
import { createPools } from "./pools.ts";
import { answering } from "./reply.ts";
import { createRunner, type Phase } from "./run.ts";
import type { Ending } from "./settle.ts";
import { createUpstream } from "./upstream.ts";

afterEach(endWorlds);

const plugin = { id: 1, name: "Secretive", configOverride: "" };
const noHooks: ResponseHooks = { onAnswer: async (_exchange, answer) => answer, onStreamComplete: () => undefined };
const usageEvent = JSON.stringify({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 4 } });
const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunked = (bytes: Buffer | string) =>
  Buffer.concat([Buffer.from(`${Buffer.byteLength(bytes).toString(16)}\r\n`), Buffer.from(bytes), Buffer.from("\r\n")]);
const lastChunk = "0\r\n\r\n";

type Options = { hooks?: ResponseHooks; stream?: boolean; idleTimeoutMs?: number };

/** A server that sends every request to this upstream: admission, vendor and relay on real sockets. */
async function aGateway(origin: string, { hooks, stream = true, idleTimeoutMs = 5_000 }: Options = {}) {
  const settled: { ending: Ending; exchange: LlmExchange }[] = [];
  const logger = createLogger({ level: "error", write: () => undefined });
  const pools = createPools({ ...defaultLimits, idleTimeoutMs, firstByteTimeoutMs: 5_000 }, createOutbound());
  onEnd(() => pools.close());
  const llm = aRoutedLlm({
    origin,
    basePath: "/v1",
    chain: { preAuth: [], auth: [], postAuth: [], onResponse: hooks ? [plugin] : [] },
  });
  const settle = (exchange: LlmExchange, ending: Ending) => {
    if (exchange.settled) return;
    exchange.settled = true;
    settled.push({ ending, exchange });
  };
  const admission = createAdmission({ ledger: createLedger({ now: Date.now }) });
  const upstream = createUpstream({
    pools,
    admitUpload: admission.admitUpload,
    openSession: () => answering,
    settle,
    responseHooks: hooks ?? noHooks,
    logger,
    isCollected: () => false,
    pluginBytes: 1024 * 1024,
  });
  const phases: Phase<LlmCall>[] = [
    { name: "admit", run: admission.admit },
    { name: "upstream", run: upstream },
  ];
  const runner = createRunner({ phases, settle, onStarted: () => undefined, logger });
  const body = JSON.stringify({ model: "demo", messages: [], ...(stream ? { stream } : {}) });
  const server = createServer((req, res) => runner.start(anExchange({ llm, req, res, body })));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const open = () =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const req = request({ port, host: "127.0.0.1", method: "POST", path: "/", agent: false }, resolve);
      req.on("error", reject).end();
    });
  return { open, settled };
}

/** What is read of an answer, and whether it is whole. */
async function readAll(res: IncomingMessage): Promise<{ status: number; bytes: Buffer; isWhole: boolean }> {
  const chunks: Buffer[] = [];
  res.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve) => res.once("close", resolve).on("error", () => undefined));
  return { status: res.statusCode ?? 0, bytes: Buffer.concat(chunks), isWhole: res.complete };
}

const pieces = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const ends = [...new Set(cuts.map((cut) => cut % bytes.length)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end)).filter((piece) => piece.length > 0);
};

/** Sends the pieces one write each, so that the reader sees them apart. */
async function trickle(socket: Socket, list: readonly Buffer[]): Promise<void> {
  socket.setNoDelay(true);
  for (const piece of list) {
    if (socket.destroyed) return;
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a client that does not read holds the upstream back, and gets every byte once it does", async () => {
  const total = 48 * 1024 * 1024;
  const event = Buffer.from(sse(delta("x".repeat(32 * 1024))));
  let sent = 0;
  const url = await anUpstream((_req, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    const write = () => {
      while (sent < total) {
        sent += event.length;
        if (!res.write(event)) return void res.once("drain", write);
      }
      res.end(sse("[DONE]"));
    };
    write();
  });
  const { open } = await aGateway(url);
  const res = await open();
  // It stands still when a while has passed without a byte.
  let before = -1;
  await until(async () => {
    const stands = sent === before;
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return stands;
  });
  expect(sent).toBeLessThan(total / 2);
  let received = 0;
  res.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  await new Promise((resolve) => res.once("end", resolve));
  expect(received).toBe(sent + sse("[DONE]").length);
});

test("however an upstream cuts its answer, the client gets the same, without the event it did not ask for", async () => {
  const shown = sse(delta("h\u00e9llo \u{1f680}"), delta('"quoted" \\ data: \n\n'));
  const answer = Buffer.from(shown + sse(usageEvent) + sse("[DONE]"));
  let list: Buffer[] = [];
  const url = await aRawUpstream((socket) => {
    socket.on("data", () => void trickle(socket, [Buffer.from(streamHead), ...list.map(chunked), Buffer.from(lastChunk)]));
  });
  const { open, settled } = await aGateway(url);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 10 }), async (cuts) => {
      list = pieces(answer, cuts);
      const { bytes, isWhole } = await readAll(await open());
      expect({ text: bytes.toString(), isWhole }).toEqual({ text: shown + sse("[DONE]"), isWhole: true });
      expect(settled.at(-1)).toMatchObject({
        ending: { outcome: "completed", reason: "" },
        exchange: { streamed: true, target: { usage: { reported: { tokens: { prompt: 9, response: 4 } } } } },
      });
    }),
    { numRuns: 40 },
  );
});

test("a vendor's key that it repeats in a plain answer reaches no client, wherever the answer is cut", async () => {
  const text = JSON.stringify({ error: { message: `Incorrect key ${vendorKey} for ${vendorKey}`, more: vendorKey.slice(0, 9) } });
  const answer = Buffer.from(text);
  let list: Buffer[] = [];
  const head = Buffer.from(`HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: ${answer.length}\r\n\r\n`);
  const url = await aRawUpstream((socket) => socket.on("data", () => void trickle(socket, [head, ...list])));
  const { open } = await aGateway(url, { stream: false });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 8 }), async (cuts) => {
      list = pieces(answer, cuts);
      const { bytes, status } = await readAll(await open());
      expect({ status, text: bytes.toString() }).toEqual({ status: 401, text: text.replaceAll(vendorKey, "*".repeat(vendorKey.length)) });
    }),
    { numRuns: 40 },
  );
});

test("an upstream that breaks off in the middle leaves the client with half an answer that says so", async () => {
  const url = await aRawUpstream((socket) => {
    socket.on("data", async () => {
      await trickle(socket, [Buffer.from(streamHead), chunked(sse(delta("half"))), chunked("data: {")]);
      socket.destroy();
    });
  });
  const { open, settled } = await aGateway(url);
  const { bytes, isWhole } = await readAll(await open());
  expect(isWhole).toBe(false);
  expect(bytes.toString()).toContain("half");
  expect(settled).toMatchObject([
    { ending: { outcome: "failed", reason: "upstream_broke_off" }, exchange: { target: { usage: { chars: 4 } } } },
  ]);
});

test("an answer that cannot be decompressed ends at the client as a failure, and its upstream's connection at once", async () => {
  const badSum = gzipSync(Buffer.alloc(256 * 1024, "x"));
  badSum.fill(0, badSum.length - 8);
  const cases: [Buffer, number, string][] = [
    [Buffer.from("this is no gzip"), 502, "upstream_invalid"],
    [badSum, 200, "upstream_broke_off"],
  ];
  for (const [bytes, status, reason] of cases) {
    const sockets: Socket[] = [];
    const url = await aRawUpstream((socket) => {
      sockets.push(socket);
      const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
      // It never ends by itself.
      socket.on("data", () => void trickle(socket, [Buffer.from(head), chunked(bytes)]));
    });
    const { open, settled } = await aGateway(url, { stream: false, idleTimeoutMs: 600_000 });
    const answer = await readAll(await open());
    expect(answer).toMatchObject({ status, isWhole: status === 502 });
    await until(() => sockets.length === 1 && sockets.every((socket) => socket.destroyed));
    expect(settled).toMatchObject([{ ending: { outcome: "failed", reason } }]);
  }
});

test("a client that leaves ends the upstream's work, and the request is settled once as aborted", async () => {
  const sockets: Socket[] = [];
  const url = await aRawUpstream((socket) => {
    sockets.push(socket);
    socket.on("data", () => void trickle(socket, [Buffer.from(streamHead), chunked(sse(delta("first")))]));
  });
  const { open, settled } = await aGateway(url);
  const res = await open();
  await new Promise((resolve) => res.once("data", resolve));
  res.destroy();
  await until(() => sockets.length === 1 && sockets.every((socket) => socket.destroyed));
  expect(settled).toMatchObject([{ ending: { outcome: "aborted", reason: "client_closed" } }]);
});

test("silence in the middle of an answer ends it after the idle time", async () => {
  const url = await aRawUpstream((socket) => {
    socket.on("data", () => void trickle(socket, [Buffer.from(streamHead), chunked(sse(delta("first")))]));
  });
  const { open, settled } = await aGateway(url, { idleTimeoutMs: 300 });
  expect((await readAll(await open())).isWhole).toBe(false);
  expect(settled).toMatchObject([{ ending: { outcome: "failed", reason: "upstream_broke_off" } }]);
});

test("a vendor that refuses to be asked for usage gets the request as the client wrote it, and is not asked again", async () => {
  const bodies: string[] = [];
  const url = await anUpstream(async (req, res) => {
    let body = "";
    for await (const chunk of req) body += String(chunk);
    bodies.push(body);
    if (body.includes("stream_options")) {
      res.writeHead(400, { "content-type": "application/json" }).end('{"error":{"message":"Unknown field stream_options"}}');
      return;
    }
    res.writeHead(200, { "content-type": "text/event-stream" }).end(sse(delta("hi"), "[DONE]"));
  });
  const { open, settled } = await aGateway(url);
  for (let i = 0; i < 2; i++) expect((await readAll(await open())).bytes.toString()).toBe(sse(delta("hi"), "[DONE]"));
  expect(bodies.map((body) => body.includes("stream_options"))).toEqual([true, false, false]);
  expect(settled.map(({ ending }) => ending.outcome)).toEqual(["completed", "completed"]);
});

test("an answer that a plugin must see stays back when the plugin fails; the client reads nothing of the plugin, and the usage counts", async () => {
  const url = await anUpstream((_req, res) => {
    const usage = { prompt_tokens: 9, completion_tokens: 4 };
    res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ model: "demo", secret: "answer", usage }));
  });
  const failures: [unknown, number, string][] = [
    [new AppError({ code: "plugin_timeout", message: "Secretive: s3cret", meta: { plugin: "Secretive" } }), 504, "plugin_timeout"],
    [new Error("s3cret"), 502, "plugin_failed"],
  ];
  for (const [error, status, reason] of failures) {
    const hooks: ResponseHooks = { ...noHooks, onAnswer: () => Promise.reject(error) };
    const { open, settled } = await aGateway(url, { hooks, stream: false });
    const answer = await readAll(await open());
    expect(answer.status).toBe(status);
    expect(answer.bytes.toString()).not.toMatch(/s3cret|Secretive|answer"/);
    expect(settled).toMatchObject([
      { ending: { outcome: "failed", reason }, exchange: { target: { usage: { reported: { tokens: { prompt: 9, response: 4 } } } } } },
    ]);
  }
});
