import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { directPreface, directType } from "@portico/core/direct-calls";
import { GrpcError } from "@portico/protocol/grpc-error";
import { CallResponse, PluginServiceService } from "@portico/protocol/plugin";
import { expect, onTestFinished, test } from "vitest";
import { createHotClient } from "../../../plugin-host/src/hot-client.ts";
import type { CallInfo, PluginHandlers } from "../service/types.ts";
import { createBroker } from "./broker.ts";
import { listenForBoth } from "./direct.ts";
import { createPluginServer } from "./server.ts";

const { call } = PluginServiceService;
const long = { timeoutMs: 20_000 };

/** A plugin whose `Call` answers with `answer`, in this process, and where it listens. */
async function aPlugin(answer: (payload: string, call: CallInfo) => string | Promise<string>) {
  const folder = mkdtempSync(join(tmpdir(), "direct-"));
  const path = join(folder, "plugin");
  const handlers = {
    call: async ({ payload }: { payload: string }, info: CallInfo) =>
      CallResponse.fromPartial({ success: true, data: await answer(payload, info) }),
  } as unknown as PluginHandlers;
  const unused = new Proxy(handlers, { get: (target, name) => Reflect.get(target, name) ?? (() => Promise.reject(new Error("unused"))) });
  const grpc = createPluginServer({ handlers: unused, broker: createBroker(), onShutdown: () => {} });
  const server = await listenForBoth(path, { grpc, handlers });
  const client = createHotClient({ address: { network: "unix", path }, name: "Direct", takesDirectCalls: true });
  const http2 = createHotClient({ address: { network: "unix", path }, name: "Direct" });
  onTestFinished(() => {
    client.close();
    http2.close();
    server.close();
    grpc.forceShutdown();
    rmSync(folder, { recursive: true });
  });
  const ask = async (from: typeof client, payload: string, options: Parameters<typeof client.unary>[2] = long) =>
    (await from.unary(call, { method: "m", payload, serviceBrokerId: 1 }, options)).data;
  return { path, client, http2, ask };
}

test("direct calls and gRPC are answered on one socket, whatever their size, many at once", async () => {
  const { path, client, http2, ask } = await aPlugin((payload) => payload);
  const grpc = new Client(`unix:${path}`, credentials.createInsecure());
  onTestFinished(() => grpc.close());
  const byGrpc = await new Promise<string>((resolve, reject) =>
    grpc.makeUnaryRequest(
      call.path,
      call.requestSerialize,
      call.responseDeserialize,
      { method: "m", payload: "by gRPC", serviceBrokerId: 1 },
      (error, value) => (error ? reject(error) : resolve(value?.data ?? "")),
    ),
  );
  expect(byGrpc).toBe("by gRPC");
  const payloads = Array.from({ length: 60 }, (_, at) => String(at).repeat(at === 7 ? 1_000_000 : at * 97));
  for (const from of [client, http2]) expect(await Promise.all(payloads.map((one) => ask(from, one)))).toEqual(payloads);
});

test("errors arrive with code and message, and a method that the plugin does not have is unimplemented", async () => {
  const { client, ask } = await aPlugin((payload) => {
    if (payload === "coded") throw new GrpcError(7, "not for you: 100 %, café");
    throw new Error("broken");
  });
  await expect(ask(client, "coded")).rejects.toMatchObject({
    code: "plugin_failed",
    meta: { grpcCode: 7, detail: "not for you: 100 %, café" },
  });
  await expect(ask(client, "other")).rejects.toMatchObject({ meta: { grpcCode: 13, detail: "broken" } });
  const other = { ...call, path: "/plugin.PluginService/Other" };
  await expect(client.unary(other, { method: "", payload: "", serviceBrokerId: 0 }, long)).rejects.toMatchObject({
    meta: { grpcCode: 12 },
  });
});

test("a call that is given up aborts its handler's signal, read before or after, and an answer beyond the limit is refused; others go on", async () => {
  const aborted: string[] = [];
  const late = Promise.withResolvers<void>();
  const { client, ask } = await aPlugin(async (payload, info) => {
    if (payload === "large") return "x".repeat(2_000_000);
    if (!payload.startsWith("wait")) return payload;
    if (payload === "wait late") await late.promise;
    const { signal } = info;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    aborted.push(payload);
    return "";
  });
  const abort = new AbortController();
  const cancelled = ask(client, "wait", { ...long, signal: abort.signal });
  await expect(ask(client, "wait late", { timeoutMs: 50 })).rejects.toMatchObject({ code: "plugin_timeout" });
  late.resolve();
  abort.abort();
  await expect(cancelled).rejects.toMatchObject({ meta: { grpcCode: 1 } });
  await expect(ask(client, "large", { ...long, maxBytes: 1_000_000 })).rejects.toMatchObject({ meta: { grpcCode: 8 } });
  expect(await ask(client, "still here")).toBe("still here");
  await expect.poll(() => aborted.toSorted()).toEqual(["wait", "wait late"]);
});

test("a connection that speaks neither protocol, or breaks this one, is closed and the others stay", async () => {
  const { path, client, ask } = await aPlugin((payload) => payload);
  const callWithin = Buffer.from([0, 0, 0, 2, 1, 0, 0, 0, 1, 200, 1]);
  for (const bytes of [
    Buffer.from("\0something else"),
    Buffer.concat([directPreface, Buffer.from([0, 0, 0, 1, 3, 0, 0, 0, 1, 0])]),
    Buffer.concat([directPreface, callWithin]),
  ]) {
    const socket = connect(path);
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.once("close", resolve));
    for (const byte of bytes) socket.write(Buffer.from([byte]));
    socket.resume();
    await closed;
  }
  expect(await ask(client, "fine")).toBe("fine");
});

test("a connection that begins and does not go on keeps nobody waiting, and is served when it does", async () => {
  const { path, client, ask } = await aPlugin((payload) => payload);
  const socket = connect(path);
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve) => socket.write(directPreface.subarray(0, 4), () => resolve()));
  expect(await ask(client, "fine")).toBe("fine");
  const [method, message] = [call.path, call.requestSerialize({ method: "m", payload: "slow", serviceBrokerId: 1 })];
  const head = Buffer.alloc(10);
  head.writeUInt32BE(1 + method.length + message.length, 0);
  head.set([directType.call, 0, 0, 0, 1, method.length], 4);
  const answered = new Promise<Buffer>((resolve) => socket.once("data", resolve));
  for (const byte of Buffer.concat([directPreface.subarray(4), head, Buffer.from(method), message])) {
    await new Promise<void>((resolve) => socket.write(Buffer.from([byte]), () => resolve()));
  }
  expect((await answered).includes("slow")).toBe(true);
});
