import { type AddressInfo, createServer, type Socket } from "node:net";
import { directPreface } from "@portico/core/direct-calls";
import { expect, onTestFinished, test } from "vitest";
import { echo } from "../test/http2-peer.ts";
import { createHotClient } from "./hot-client.ts";

const hello = Buffer.from("hello");
const frame = (type: number, call: number, payload: Buffer) => {
  const header = Buffer.alloc(9);
  header.writeUInt32BE(payload.length, 0);
  header[4] = type;
  header.writeUInt32BE(call, 5);
  return Buffer.concat([header, payload]);
};

/** A client of a plugin that does with each connection what `serve` says once something was received. */
async function aClient(serve: (socket: Socket, number: number) => void) {
  let connections = 0;
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    connections += 1;
    const number = connections;
    sockets.push(socket);
    socket.on("error", () => {});
    let received = 0;
    socket.on("data", (chunk: Buffer) => {
      const before = received;
      received += chunk.length;
      if (before <= directPreface.length && received > directPreface.length) serve(socket, number);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = { network: "tcp", host: "127.0.0.1", port: (server.address() as AddressInfo).port } as const;
  const client = createHotClient({ address, name: "Hostile", takesDirectCalls: true });
  onTestFinished(() => {
    client.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return client;
}

test("a plugin that breaks the protocol of direct calls loses its connection, and the next call has a new one", async () => {
  const bad = {
    "an unknown type": frame(9, 1, hello),
    "a frame of the host's": frame(1, 1, hello),
    "an error without a status": frame(4, 1, Buffer.alloc(0)),
    "an error of 2 MiB": frame(4, 1, Buffer.alloc(2 ** 21)),
    "answers without end to no call": Buffer.concat(Array(25_000).fill(frame(3, 99, hello))),
  };
  for (const [what, bytes] of Object.entries(bad)) {
    const client = await aClient((socket, number) => socket.write(number === 1 ? bytes : frame(3, 1, hello)));
    await expect(client.unary(echo, hello, { timeoutMs: 20_000 }), what).rejects.toMatchObject({
      code: "plugin_unavailable",
      meta: { lost: true },
    });
    expect(await client.unary(echo, hello, { timeoutMs: 20_000 }), what).toEqual(hello);
  }
});

test("an answer larger than the limit is refused from its header and skipped, and the connection goes on", async () => {
  const connections: number[] = [];
  const large = Buffer.alloc(5 * 2 ** 20);
  const client = await aClient((socket, number) => {
    connections.push(number);
    socket.write(frame(3, 1, large));
    socket.write(frame(3, 2, hello));
  });
  const [refused, served] = [echo, echo].map((method) => client.unary(method, hello, { timeoutMs: 20_000 }));
  await expect(refused).rejects.toMatchObject({ code: "plugin_failed", meta: { grpcCode: 8 } });
  expect(await served).toEqual(hello);
  expect(connections).toEqual([1]);
});

test("an answer without end fails its call at the header and ends the connection", async () => {
  const header = frame(3, 1, Buffer.alloc(0));
  header.writeUInt32BE(2 ** 32 - 1, 0);
  const client = await aClient((socket, number) => socket.write(number === 1 ? header : frame(3, 1, hello)));
  await expect(client.unary(echo, hello, { timeoutMs: 20_000 })).rejects.toMatchObject({ code: "plugin_failed", meta: { grpcCode: 8 } });
  expect(await client.unary(echo, hello, { timeoutMs: 20_000 })).toEqual(hello);
});

test("calls to a plugin that does not read end at their deadlines, and at most a megabyte of them waits in its socket", async () => {
  const client = await aClient((socket) => socket.pause());
  const message = Buffer.alloc(256 * 1024);
  const before = process.memoryUsage().arrayBuffers;
  const calls = Array.from({ length: 40 }, () => client.unary(echo, message, { timeoutMs: 300 }));
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: "plugin_timeout" });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 2 ** 20);
});

test("an error that claims to be none is an error", async () => {
  const client = await aClient((socket) => socket.write(frame(4, 1, Buffer.from("\0fine"))));
  await expect(client.unary(echo, hello, { timeoutMs: 20_000 })).rejects.toMatchObject({
    code: "plugin_failed",
    meta: { grpcCode: 2, detail: "fine" },
  });
});
