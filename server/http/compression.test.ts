import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { createLogger } from "@portico/core/logger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createListener } from "./server.ts";

const big = { data: "portico ".repeat(5_000) };
const release = Promise.withResolvers<void>();
let server: Server;

const stream = (type: string) =>
  new Response(
    new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode("data: first\n\n"));
        await release.promise;
        controller.close();
      },
    }),
    { headers: { "content-type": type } },
  );

const answers: Record<string, () => Response> = {
  "/api/big": () => Response.json(big, { headers: { etag: '"7"' } }),
  "/api/small": () => Response.json({ ok: true }),
  "/api/events": () => stream("text/event-stream"),
  "/api/image": () => new Response(new Uint8Array(5_000), { headers: { "content-type": "image/png" } }),
  "/api/encoded": () =>
    new Response(new Uint8Array(5_000), { headers: { "content-type": "application/json", "content-encoding": "zstd" } }),
};

beforeAll(async () => {
  const listener = createListener({
    application: { fetch: (asked) => answers[new URL(asked.url).pathname]?.() ?? new Response(null, { status: 404 }) },
    pages: {
      async handle(_incoming, outgoing) {
        outgoing.setHeader("content-type", "text/html; charset=utf-8");
        outgoing.end(`<p>${big.data}</p>`);
      },
      contentSecurityPolicy: () => "default-src 'none'",
      close: async () => {},
    },
    logger: createLogger({ level: "error" }),
  });
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  release.resolve();
  server.close();
});

const open = (path: string, accepted?: string) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    const headers = accepted ? { "accept-encoding": accepted } : {};
    request({ host: "127.0.0.1", port, path, headers, agent: false }, resolve).on("error", reject).end();
  });

async function get(path: string, accepted?: string) {
  const answer = await open(path, accepted);
  const bytes = Buffer.concat(await answer.toArray());
  return { headers: answer.headers, bytes };
}

test("JSON and pages arrive as brotli or gzip for clients that accept it, whole, and say that they vary", async () => {
  const br = await get("/api/big", "gzip, br");
  expect(br.headers).toMatchObject({ "content-encoding": "br", vary: "Accept-Encoding", etag: '"7"' });
  expect(br.bytes.length).toBeLessThan(1_000);
  expect(JSON.parse(brotliDecompressSync(br.bytes).toString())).toEqual(big);

  const gzip = await get("/page", "gzip");
  expect(gzip.headers).toMatchObject({
    "content-encoding": "gzip",
    vary: "Accept-Encoding",
    "content-security-policy": "default-src 'none'",
  });
  expect(gunzipSync(gzip.bytes).toString()).toBe(`<p>${big.data}</p>`);

  const plain = await get("/api/big");
  expect(plain.headers["content-encoding"]).toBeUndefined();
  expect(plain.headers.vary).toBe("Accept-Encoding");
  expect(JSON.parse(plain.bytes.toString())).toEqual(big);
});

test("events arrive one by one and uncompressed; small answers, images and what is encoded already are left as they are", async () => {
  const events = await open("/api/events", "gzip, br");
  expect(events.headers["content-encoding"]).toBeUndefined();
  const [first] = (await events.take(1).toArray()) as Buffer[];
  expect(first?.toString()).toBe("data: first\n\n");
  for (const [path, encoding] of [
    ["/api/small", undefined],
    ["/api/image", undefined],
    ["/api/encoded", "zstd"],
  ] as const)
    expect((await get(path, "gzip, br")).headers["content-encoding"], path).toBe(encoding);
});
