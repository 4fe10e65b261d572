import { randomBytes } from "node:crypto";
import { request } from "node:http";
import type { Socket } from "node:net";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { anUpstream, aRawUpstream, upstreamAt } from "./upstreams.ts";
import { aWorld, call, chat, chatPath, endWorlds, secret, until } from "./world.ts";

afterEach(endWorlds);

test("headers of an answer may have 64 KiB, and more is said to be too much", async () => {
  const url = await anUpstream((req, res) => {
    for (let i = 0; i < Number(req.headers["x-headers"]); i++) res.setHeader(`x-large-${i}`, "v".repeat(4_000));
    res.end("{}");
  });
  const { gateway } = await aWorld(upstreamAt(url));
  // fetch reads 16 KiB.
  const ask = (headers: number) =>
    new Promise<{ status: number | undefined; last: unknown; text: string }>((resolve, reject) => {
      const options = { method: "POST", maxHeaderSize: 128 * 1024, headers: { authorization: `Bearer ${secret}`, "x-headers": headers } };
      const req = request(gateway.url + chatPath, options, async (res) => {
        const text = Buffer.concat(await res.toArray()).toString();
        resolve({ status: res.statusCode, last: res.headers["x-large-14"], text });
      });
      req.on("error", reject).end(JSON.stringify(chat()));
    });
  expect(await ask(15)).toEqual({ status: 200, last: "v".repeat(4_000), text: "{}" });
  expect(await ask(18)).toMatchObject({ status: 502, text: expect.stringContaining("64 KiB") });
});

test("each encoding that browsers read is decoded, deflate without its header too, whatever the pieces", async () => {
  const answer = JSON.stringify({ model: "demo-small", usage: { prompt_tokens: 100, completion_tokens: 7 } });
  const encoders = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync, raw: deflateRawSync };
  const url = await anUpstream((req, res) => {
    const name = String(req.headers["x-name"]) as keyof typeof encoders;
    res.writeHead(200, { "content-type": "application/json", "content-encoding": name === "raw" ? "deflate" : name });
    const bytes = encoders[name](answer);
    res.write(bytes.subarray(0, 1));
    setImmediate(() => res.end(bytes.subarray(1)));
  });
  const { gateway, hub } = await aWorld(upstreamAt(url));
  for (const name of Object.keys(encoders)) {
    const read = await call(gateway, chatPath, { body: chat(), headers: { "x-name": name } });
    expect(read, name).toMatchObject({ status: 200, text: answer });
    expect(read.headers.get("content-encoding")).toBeNull();
  }
  await until(() => hub.records().length === 4);
  for (const record of hub.records()) expect(record).toMatchObject({ promptTokens: 100, responseTokens: 7 });
});

test("an answer that cannot be decompressed is 502, and the upstream is let go", async () => {
  let closed = 0;
  const url = await anUpstream((_req, res) => {
    res.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" });
    const timer = setInterval(() => res.write("this is not gzip, and goes on and on "), 5);
    res.on("close", () => {
      clearInterval(timer);
      closed++;
    });
  });
  const { gateway, hub } = await aWorld(upstreamAt(url));
  const answer = await call(gateway, chatPath, { body: chat("x", { stream: true }) });
  expect(answer).toMatchObject({ status: 502, json: { message: expect.stringContaining("cannot be decompressed") } });
  await until(() => closed === 1 && hub.records().length === 1);
  expect(hub.records()[0]).toMatchObject({ outcome: "failed", reason: "upstream_invalid", costMicroUsd: 0 });
});

test("an answer whose compression breaks in the middle breaks off, and the upstream is let go", async () => {
  let closed = 0;
  const url = await anUpstream((_req, res) => {
    res.writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" });
    const bytes = gzipSync(randomBytes(50_000).toString("hex"));
    // Its checksum, which stands behind everything else.
    bytes.subarray(-8, -4).fill(0);
    res.write(bytes);
    const timer = setInterval(() => res.write(Buffer.alloc(64, 0xff)), 5);
    res.on("close", () => {
      clearInterval(timer);
      closed++;
    });
  });
  const { gateway } = await aWorld(upstreamAt(url));
  await expect(call(gateway, chatPath, { body: chat() })).rejects.toThrow();
  await until(() => closed === 1);
});

test("an empty answer is empty in every encoding", async () => {
  const url = await anUpstream((_req, res) => res.writeHead(200, { "content-encoding": "gzip", "content-length": "0" }).end());
  const { gateway } = await aWorld(upstreamAt(url));
  expect(await call(gateway, chatPath, { body: chat() })).toMatchObject({ status: 200, text: "" });
});

/** Answers the first request of each connection and hangs up on the second; `onRequest` gets each one's first line. */
const aForgetfulUpstream = (onRequest: (line: string) => void, hangUp: (socket: Socket) => void) =>
  aRawUpstream((socket) => {
    let count = 0;
    socket.on("data", (bytes) => {
      onRequest(String(bytes).split("\r\n")[0] as string);
      if (++count > 1) return hangUp(socket);
      socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
    });
  });

test.each([
  ["closes", (socket: Socket) => void socket.end()],
  ["resets", (socket: Socket) => void socket.resetAndDestroy()],
])(
  "a request that changes nothing is sent once more when the vendor %s the connection it was kept for; one that costs is not",
  async (_, hangUp) => {
    const seen: string[] = [];
    const url = await aForgetfulUpstream((line) => void seen.push(line.split(" ")[0] as string), hangUp);
    const reading = await aWorld(upstreamAt(url));
    const models = () => call(reading.gateway, "/llm/call/demo/v1/models");
    // Several connections are kept, and none can be used again.
    await Promise.all([models(), models(), models()]);
    expect((await models()).status).toBe(200);
    expect((await models()).status).toBe(200);
    const asking = await aWorld(upstreamAt(url));
    seen.length = 0;
    const ask = () => call(asking.gateway, chatPath, { body: chat() });
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 502]);
    expect(seen).toEqual(["POST", "POST"]);
  },
);

test("a request that changes nothing is sent twice at most", async () => {
  let requests = 0;
  const url = await aRawUpstream((socket) =>
    socket.on("data", () => {
      requests++;
      socket.resetAndDestroy();
    }),
  );
  const { gateway, hub } = await aWorld(upstreamAt(url));
  expect((await call(gateway, "/llm/call/demo/v1/models")).status).toBe(502);
  await until(() => hub.records().length === 1);
  expect(requests).toBe(2);
});
