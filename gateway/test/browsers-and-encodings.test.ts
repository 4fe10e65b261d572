import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { anUpstream, upstreamAt } from "./upstreams.ts";
import { aWorld, call, chat, chatPath, endWorlds, secret } from "./world.ts";

afterEach(endWorlds);

const page = "http://localhost:5173";
const question = { origin: page, "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type" };

test("a page of an allowed origin is told that it may call, and reads answers and refusals", async () => {
  const { gateway } = await aWorld({ settings: { corsOrigins: [page] } });
  const asked = await fetch(gateway.url + chatPath, { method: "OPTIONS", headers: question });
  expect(asked.status).toBe(204);
  expect(Object.fromEntries(asked.headers)).toMatchObject({
    "access-control-allow-origin": page,
    "access-control-allow-headers": "authorization,content-type",
    "access-control-allow-methods": expect.stringContaining("POST"),
    vary: "origin",
  });
  const answers = [
    await call(gateway, chatPath, { body: chat(), headers: { origin: page } }),
    await call(gateway, chatPath, { body: chat(), headers: { origin: page, authorization: "Bearer wrong" } }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 401]);
  for (const { headers } of answers) {
    expect(headers.get("access-control-allow-origin")).toBe(page);
    expect(headers.get("access-control-expose-headers")).toBe("*");
    expect(headers.get("access-control-allow-credentials")).toBeNull();
  }
});

test("every origin may be allowed; what is not allowed gets no word of it", async () => {
  const open = await aWorld({ settings: { corsOrigins: ["*"] } });
  const asked = await fetch(open.gateway.url + chatPath, { method: "OPTIONS", headers: question });
  expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
  for (const corsOrigins of [[], ["https://chat.example.com"]]) {
    const { gateway } = await aWorld({ settings: { corsOrigins } });
    const refused = await fetch(gateway.url + chatPath, { method: "OPTIONS", headers: question });
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([405, null]);
    const called = await call(gateway, chatPath, { body: chat(), headers: { origin: page } });
    expect([called.status, called.headers.get("access-control-allow-origin")]).toEqual([200, null]);
  }
});

const encoders = { gzip: gzipSync, "x-gzip": gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };

const send = (url: string, encoding: string, body: Buffer) =>
  fetch(url + chatPath, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", "content-encoding": encoding },
    body: new Uint8Array(body),
  });

test("a compressed body is judged and sent decompressed", async () => {
  const seen: { encoding: unknown; body: string }[] = [];
  const url = await anUpstream(async (req, res) => {
    seen.push({ encoding: req.headers["content-encoding"], body: Buffer.concat(await req.toArray()).toString() });
    res.end("{}");
  });
  const { gateway } = await aWorld(upstreamAt(url, { allowedModels: ["^demo-small$"] }));
  const body = JSON.stringify(chat("x".repeat(100_000)));
  for (const [name, encode] of Object.entries(encoders))
    expect((await send(gateway.url, name, encode(Buffer.from(body)))).status, name).toBe(200);
  expect((await send(gateway.url, "deflate", deflateRawSync(body))).status).toBe(200);
  expect(seen).toEqual(Array.from({ length: 6 }, () => ({ encoding: undefined, body })));
  const other = JSON.stringify({ ...chat(), model: "another" });
  expect((await send(gateway.url, "gzip", gzipSync(other))).status).toBe(403);
});

test("a small body that decompresses to more than the limit, or not at all, is refused without being held", async () => {
  const { gateway } = await aWorld({ limits: { requestBytes: 1_000_000 } });
  const bomb = gzipSync(Buffer.alloc(200_000_000));
  const before = process.memoryUsage().rss;
  expect((await send(gateway.url, "gzip", bomb)).status).toBe(413);
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  for (const broken of [Buffer.from("not gzip"), gzipSync("{}").subarray(0, 12)]) {
    const refused = await send(gateway.url, "gzip", broken);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ message: expect.stringContaining("Content-Encoding") });
  }
  const unknown = await send(gateway.url, "compress", Buffer.from("{}"));
  expect(unknown.status).toBe(415);
  expect(unknown.headers.get("accept-encoding")).toContain("gzip");
});
