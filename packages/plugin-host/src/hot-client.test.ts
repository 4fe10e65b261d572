import { constants, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { createHotClient } from "./hot-client.ts";

const method = {
  path: "/plugin.PluginService/Call",
  requestSerialize: () => Buffer.alloc(0),
  responseDeserialize: (bytes: Buffer) => bytes,
};

/** Ours and Node's. */
const environments = [{}, { PORTICO_PLUGIN_HTTP2: "node" }];

/** A client of a server that ends every stream with `end`, after `afterMs`. */
async function aClient(end: (stream: ServerHttp2Stream) => void, afterMs: number, env: Record<string, string>) {
  const server = createServer();
  const later = setTimeout;
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    later(() => end(stream), afterMs);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = { network: "tcp", host: "127.0.0.1", port: (server.address() as AddressInfo).port } as const;
  const client = createHotClient({ address, name: "Late" }, env);
  onTestFinished(() => {
    vi.useRealTimers();
    client.close();
    server.close();
  });
  return client;
}

const reset = (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_CANCEL);
const drop = (stream: ServerHttp2Stream) => stream.session?.destroy();

test("a plugin that ends the call at its deadline before our own timer fires has timed out, and has not lost its connection", async () => {
  for (const [end, env] of [reset, drop].flatMap((one) => environments.map((env) => [one, env] as const))) {
    const client = await aClient(end, 120, env);
    // Our timer never fires: what is seen is the stream's end alone.
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    await expect(client.unary(method, {}, { timeoutMs: 100 })).rejects.toMatchObject({ code: "plugin_timeout" });
    vi.useRealTimers();
  }
});

test("a call whose stream ends before its deadline has lost its connection", async () => {
  for (const [end, env] of [reset, drop].flatMap((one) => environments.map((env) => [one, env] as const))) {
    const client = await aClient(end, 20, env);
    await expect(client.unary(method, {}, { timeoutMs: 60_000 })).rejects.toMatchObject({ code: "plugin_unavailable" });
    await expect(client.unary(method, {}, { timeoutMs: Number.POSITIVE_INFINITY })).rejects.toMatchObject({ code: "plugin_unavailable" });
  }
});
