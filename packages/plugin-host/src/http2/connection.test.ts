import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import {
  aPeer,
  data,
  echo,
  echoing,
  fieldsOf,
  head,
  headers,
  isEndOf,
  type PeerConnection,
  prefixed,
  settings,
  trailers,
  windowUpdate,
} from "../../test/http2-peer.ts";
import { createHotClient } from "../hot-client.ts";
import { errorCode, flag, frame, frameType, setting, uint32 } from "./frames.ts";

const long = { timeoutMs: 30_000 };
const hello = Buffer.from("hello");
const goAway = (lastStreamId: number, code = 0) => frame(frameType.goAway, 0, 0, uint32(lastStreamId, code));
const reset = (streamId: number, code: number) => frame(frameType.resetStream, 0, streamId, uint32(code));
const ofType = (type: number) => (one: { type: number }) => one.type === type;
/** What `misbehave` sends in place of the first answer; later requests, on any connection, are echoed. */
const misbehaving = (misbehave: (connection: PeerConnection, streamId: number) => void) => {
  let isFirst = true;
  return aPeer((connection) => {
    echoing(connection);
    const echoed = connection.onFrame;
    connection.onFrame = (received) => {
      if (!isFirst || !isEndOf(received)) return echoed(received);
      isFirst = false;
      misbehave(connection, received.streamId);
    };
  });
};

test("a request is gRPC as RFC 9113 and the gRPC protocol write it", async () => {
  const { client, connections } = await aPeer(echoing);
  await client.unary(echo, hello, { timeoutMs: 1_234 });
  await client.unary(echo, hello, { timeoutMs: Number.POSITIVE_INFINITY });
  const [first, second] = connections[0]?.frames.filter(ofType(frameType.headers)) ?? [];
  expect(first && fieldsOf(first)).toEqual({
    ":method": "POST",
    ":scheme": "http",
    ":authority": "localhost",
    ":path": "/plugin.PluginService/Call",
    "content-type": "application/grpc",
    te: "trailers",
    "user-agent": "portico-plugin-host",
    "grpc-timeout": "1234m",
  });
  expect(second && fieldsOf(second)).not.toHaveProperty("grpc-timeout");
  expect([first?.streamId, second?.streamId]).toEqual([1, 3]);
  expect(connections[0]?.frames.find(isEndOf)?.payload).toEqual(prefixed(hello));
  expect(connections).toHaveLength(1);
});

test("an answer is the same whatever it is split into, padded, interleaved or surrounded by", async () => {
  const message = Buffer.from("a message of some length");
  const body = prefixed(message);
  const padded = (type: number, flags: number, id: number, payload: Buffer) =>
    frame(type, flags | flag.padded, id, Buffer.concat([Buffer.from([3]), payload, Buffer.alloc(3)]));
  const payloadOf = (whole: Buffer) => whole.subarray(9);
  const answers: Record<string, (id: number) => Buffer[]> = {
    "data of one byte each": (id) => [head(id), ...[...body].map((byte) => data(id, Buffer.from([byte]))), trailers(id)],
    padding: (id) => [
      padded(frameType.headers, flag.endHeaders, id, payloadOf(head(id))),
      padded(frameType.data, 0, id, body),
      padded(frameType.headers, flag.endHeaders | flag.endStream, id, payloadOf(trailers(id))),
    ],
    "priorities and unknown frames": (id) => [
      frame(frameType.headers, flag.endHeaders | flag.priority, id, Buffer.concat([Buffer.alloc(5, 1), payloadOf(head(id))])),
      frame(frameType.priority, 0, 99, Buffer.alloc(5)),
      frame(0xfa, 0xff, id, Buffer.alloc(100)),
      data(id, body),
      trailers(id),
    ],
    continuations: (id) => [
      frame(frameType.headers, 0, id, payloadOf(head(id)).subarray(0, 1)),
      frame(frameType.continuation, 0, id, Buffer.alloc(0)),
      frame(frameType.continuation, flag.endHeaders, id, payloadOf(head(id)).subarray(1)),
      data(id, body),
      frame(frameType.headers, flag.endStream, id, payloadOf(trailers(id)).subarray(0, 4)),
      frame(frameType.continuation, flag.endHeaders, id, payloadOf(trailers(id)).subarray(4)),
    ],
    "an interim response": (id) => [headers(id, [[":status", "103"]]), head(id), data(id, body), trailers(id)],
    "empty data": (id) => [head(id), data(id, Buffer.alloc(0)), data(id, body), data(id, Buffer.alloc(0)), trailers(id)],
  };
  for (const [what, answer] of Object.entries(answers)) {
    const { client } = await misbehaving((connection, id) => connection.write(...answer(id)));
    expect(await client.unary(echo, hello, long), what).toEqual(message);
    expect(await client.unary(echo, hello, long), what).toEqual(hello);
  }

  const { client } = await misbehaving(async ({ socket }, id) => {
    socket.setNoDelay();
    for (const byte of Buffer.concat([head(id), data(id, body), trailers(id)])) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  expect(await client.unary(echo, hello, long)).toEqual(message);
});

test("statuses and messages of errors arrive, percent-encoded or not, with a body or without", async () => {
  const cases: [(id: number) => Buffer[], object][] = [
    [(id) => [head(id), trailers(id, 9, "caf%C3%A9 100%25")], { code: "plugin_failed", meta: { grpcCode: 9, detail: "café 100%" } }],
    [(id) => [head(id), trailers(id, 5, "50% off")], { meta: { grpcCode: 5, detail: "50% off" } }],
    [(id) => [head(id), data(id, prefixed(hello)), trailers(id, 13, "late")], { meta: { grpcCode: 13, detail: "late" } }],
    [(id) => [head(id), trailers(id, 14, "closing")], { code: "plugin_unavailable" }],
    [(id) => [head(id), trailers(id, 4, "")], { code: "plugin_timeout" }],
    [
      (id) => [
        headers(
          id,
          [
            [":status", "200"],
            ["grpc-status", "12"],
          ],
          flag.endHeaders | flag.endStream,
        ),
      ],
      { meta: { grpcCode: 12 } },
    ],
    [
      (id) => [headers(id, [[":status", "404"]], flag.endHeaders | flag.endStream)],
      { message: expect.stringContaining("HTTP status 404") },
    ],
    [(id) => [head(id), trailers(id)], { message: expect.stringContaining("not a gRPC message") }],
    [(id) => [head(id), data(id, Buffer.from([1, 0, 0, 0, 0])), trailers(id)], { message: expect.stringContaining("not a gRPC message") }],
    [(id) => [head(id), data(id, prefixed(hello), flag.endStream)], { code: "plugin_unavailable", meta: { lost: true } }],
  ];
  for (const [answer, error] of cases) {
    const { client } = await misbehaving((connection, id) => connection.write(...answer(id)));
    await expect(client.unary(echo, hello, long)).rejects.toMatchObject(error);
    expect(await client.unary(echo, hello, long)).toEqual(hello);
  }
});

test("what breaks the connection's rules ends it with the code of RFC 9113, and the next call has a new one", async () => {
  const { protocolError, frameSizeError, flowControlError, compressionError, enhanceYourCalm } = errorCode;
  const cases: Record<string, [code: number, (id: number) => Buffer | Buffer[]]> = {
    "DATA on stream 0": [protocolError, () => data(0, hello)],
    "DATA on a stream of the peer's own": [protocolError, () => data(2, hello)],
    "DATA on a stream that was never opened": [protocolError, (id) => data(id + 2, hello)],
    "HEADERS on stream 0": [protocolError, () => head(0)],
    "HEADERS on a stream that was never opened": [protocolError, (id) => head(id + 2)],
    "RST_STREAM on a stream that was never opened": [protocolError, (id) => reset(id + 2, 0)],
    "RST_STREAM of 3 bytes": [frameSizeError, (id) => frame(frameType.resetStream, 0, id, Buffer.alloc(3))],
    "WINDOW_UPDATE on a stream that was never opened": [protocolError, (id) => windowUpdate(id + 2, 1)],
    "WINDOW_UPDATE of 0 bytes": [protocolError, () => windowUpdate(0, 0)],
    "WINDOW_UPDATE of 5 bytes": [frameSizeError, () => frame(frameType.windowUpdate, 0, 0, Buffer.alloc(5))],
    "a window above 2^31-1": [flowControlError, () => windowUpdate(0, 2 ** 31 - 1)],
    "SETTINGS on a stream": [protocolError, (id) => frame(frameType.settings, 0, id, Buffer.alloc(0))],
    "SETTINGS of 5 bytes": [frameSizeError, () => frame(frameType.settings, 0, 0, Buffer.alloc(5))],
    "SETTINGS acknowledged with a payload": [frameSizeError, () => frame(frameType.settings, flag.ack, 0, Buffer.alloc(6))],
    "an initial window above 2^31-1": [flowControlError, () => settings([[setting.initialWindowSize, 2 ** 31]])],
    "a frame size below 16384": [protocolError, () => settings([[setting.maxFrameSize, 16_383]])],
    "a frame size above 2^24-1": [protocolError, () => settings([[setting.maxFrameSize, 2 ** 24]])],
    "push enabled by a server": [protocolError, () => settings([[setting.enablePush, 1]])],
    PUSH_PROMISE: [protocolError, (id) => frame(frameType.pushPromise, flag.endHeaders, id, Buffer.alloc(8))],
    "PING of 7 bytes": [frameSizeError, () => frame(frameType.ping, 0, 0, Buffer.alloc(7))],
    "PING on a stream": [protocolError, (id) => frame(frameType.ping, 0, id, Buffer.alloc(8))],
    "GOAWAY on a stream": [protocolError, (id) => frame(frameType.goAway, 0, id, Buffer.alloc(8))],
    "GOAWAY of 4 bytes": [frameSizeError, () => frame(frameType.goAway, 0, 0, Buffer.alloc(4))],
    "PRIORITY on stream 0": [protocolError, () => frame(frameType.priority, 0, 0, Buffer.alloc(5))],
    "PRIORITY of 4 bytes": [frameSizeError, (id) => frame(frameType.priority, 0, id, Buffer.alloc(4))],
    "CONTINUATION without HEADERS": [protocolError, (id) => frame(frameType.continuation, flag.endHeaders, id, Buffer.alloc(1))],
    "a header block interrupted by DATA": [protocolError, (id) => [frame(frameType.headers, 0, id, Buffer.from([0x88])), data(id, hello)]],
    "a header block continued on another stream": [
      protocolError,
      (id) => [
        frame(frameType.headers, 0, id, Buffer.from([0x88])),
        frame(frameType.continuation, flag.endHeaders, id + 2, Buffer.alloc(1)),
      ],
    ],
    "padding longer than DATA": [protocolError, (id) => [head(id), frame(frameType.data, flag.padded, id, Buffer.from([2, 0]))]],
    "padded DATA without a length": [frameSizeError, (id) => [head(id), frame(frameType.data, flag.padded, id, Buffer.alloc(0))]],
    "padding longer than HEADERS": [
      protocolError,
      (id) => frame(frameType.headers, flag.endHeaders | flag.padded, id, Buffer.from([9, 0x88])),
    ],
    "HEADERS too short for their priority": [
      protocolError,
      (id) => frame(frameType.headers, flag.endHeaders | flag.priority, id, Buffer.alloc(4)),
    ],
    "a header block that is no HPACK": [compressionError, (id) => frame(frameType.headers, flag.endHeaders, id, Buffer.from([0x80]))],
    "a frame above our size": [frameSizeError, (id) => data(id, Buffer.alloc(16_385))],
    "headers without end": [
      enhanceYourCalm,
      (id) => [
        frame(frameType.headers, 0, id, Buffer.alloc(1)),
        ...Array(40).fill(frame(frameType.continuation, 0, id, Buffer.alloc(16_000))),
      ],
    ],
    "empty continuations without end": [
      enhanceYourCalm,
      (id) => [
        frame(frameType.headers, 0, id, Buffer.alloc(0)),
        ...Array(1_000).fill(frame(frameType.continuation, 0, id, Buffer.alloc(0))),
      ],
    ],
    "frames that serve nothing, without end": [
      enhanceYourCalm,
      () => Array(25_000).fill(frame(frameType.ping, flag.ack, 0, Buffer.alloc(8))),
    ],
    "empty data without end": [enhanceYourCalm, (id) => [head(id), ...Array(25_000).fill(data(id, Buffer.alloc(0)))]],
    "text of another protocol": [frameSizeError, () => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
  };
  for (const [what, [code, bytes]] of Object.entries(cases)) {
    const { client, connections } = await misbehaving((connection, id) => connection.write(...[bytes(id)].flat()));
    await expect(client.unary(echo, hello, long), what).rejects.toMatchObject({ code: "plugin_unavailable", meta: { lost: true } });
    const last = await connections[0]?.received(ofType(frameType.goAway));
    expect(last?.payload.readUInt32BE(4), what).toBe(code);
    expect(await client.unary(echo, hello, long), what).toEqual(hello);
    expect(connections, what).toHaveLength(2);
  }
});

test("a connection whose first frame is not SETTINGS is closed", async () => {
  for (const first of [windowUpdate(0, 1), frame(frameType.settings, flag.ack, 0, Buffer.alloc(0)), Buffer.alloc(64)]) {
    const { client, connections } = await aPeer(({ write }) => write(first));
    await expect(client.unary(echo, hello, long)).rejects.toMatchObject({ code: "plugin_unavailable" });
    const last = await connections[0]?.received(ofType(frameType.goAway));
    expect(last?.payload.readUInt32BE(4)).toBe(errorCode.protocolError);
  }
});

test("what breaks one stream's rules fails its call and leaves the others on the connection", async () => {
  const { protocolError, flowControlError, enhanceYourCalm } = errorCode;
  const huge: [string, string][] = [
    [":status", "200"],
    ...Array.from({ length: 70 }, (_, at): [string, string] => [`x-${at}`, "v".repeat(1_000)]),
  ];
  const inPieces = (id: number) => {
    const block = headers(id, huge).subarray(9);
    const pieces = Array.from({ length: Math.ceil(block.length / 16_000) }, (_, at) => block.subarray(at * 16_000, (at + 1) * 16_000));
    return pieces.map((piece, at) =>
      frame(at === 0 ? frameType.headers : frameType.continuation, at === pieces.length - 1 ? flag.endHeaders : 0, id, piece),
    );
  };
  const cases: Record<string, [code: number, (id: number) => Buffer | Buffer[]]> = {
    "data before headers": [protocolError, (id) => data(id, hello)],
    "headers without a status": [protocolError, (id) => headers(id, [["content-type", "application/grpc"]])],
    "trailers that do not end the answer": [protocolError, (id) => [head(id), headers(id, [["grpc-status", "0"]])]],
    "WINDOW_UPDATE of 0": [protocolError, (id) => windowUpdate(id, 0)],
    "a window above 2^31-1": [flowControlError, (id) => windowUpdate(id, 2 ** 31 - 1)],
    "too many headers": [enhanceYourCalm, inPieces],
  };
  for (const [what, [code, bytes]] of Object.entries(cases)) {
    const { client, connections } = await misbehaving((connection, id) => connection.write(...[bytes(id)].flat()));
    await expect(client.unary(echo, hello, long), what).rejects.toMatchObject({ code: "plugin_failed", meta: { grpcCode: 13 } });
    const sent = await connections[0]?.received(ofType(frameType.resetStream));
    expect(sent?.payload.readUInt32BE(0), what).toBe(code);
    expect(await client.unary(echo, hello, long), what).toEqual(hello);
    expect(connections, what).toHaveLength(1);
  }
});

test("a request never exceeds the peer's windows, however small they are and whenever they open", async () => {
  const message = Buffer.from(Array.from({ length: 90_000 }, (_, at) => at % 251));
  let allowed = 65_535;
  let total = 0;
  const { client } = await aPeer((connection) => {
    connection.write(settings([[setting.initialWindowSize, 1]]));
    const windows = new Map<number, number>();
    const bodies = new Map<number, Buffer[]>();
    let step = 1;
    let initial = 65_535;
    connection.onFrame = (received) => {
      const { type, streamId, payload } = received;
      if (type === frameType.headers) windows.set(streamId, initial);
      // From here on the streams' windows are what the settings say.
      if (type === frameType.settings && (received.flags & flag.ack) !== 0) {
        for (const [id, window] of windows) windows.set(id, window - (initial - 1));
        initial = 1;
      }
      if (type !== frameType.data) return;
      const pieces = bodies.get(streamId) ?? [];
      bodies.set(streamId, pieces);
      pieces.push(payload);
      total += payload.length;
      allowed -= payload.length;
      const window = (windows.get(streamId) ?? 0) - payload.length;
      windows.set(streamId, window);
      if (isEndOf(received)) return connection.answer(streamId, Buffer.concat(pieces).subarray(5));
      if (allowed < 0 || window < 0) return void connection.socket.destroy();
      // A window that the settings made negative opens at 1 byte above 0, and then by more each time.
      step = Math.min(step * 2, 5_000);
      windows.set(streamId, window + step);
      allowed += payload.length;
      connection.write(windowUpdate(streamId, step), windowUpdate(0, payload.length));
    };
  });
  // One after the other, so that the settings hold before the second begins.
  await client.unary(echo, hello, long);
  const answers = await Promise.all([client.unary(echo, message, long), client.unary(echo, message, long)]);
  expect(answers).toEqual([message, message]);
  expect(total).toBe(hello.length + 2 * message.length + 15);
});

test("answers of any size are taken up to the call's limit, from a server that keeps to the windows", async () => {
  const server = createServer();
  server.on("stream", (stream, fields) => {
    stream.on("error", () => {});
    stream.resume();
    stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.on("end", () => stream.end(prefixed(Buffer.alloc(Number(fields[":path"]?.toString().slice(1)), "m"))));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = createHotClient({
    address: { network: "tcp", host: "127.0.0.1", port: (server.address() as AddressInfo).port },
    name: "Large",
  });
  onTestFinished(() => {
    client.close();
    server.close();
  });
  const ask = (bytes: number, maxBytes?: number) => client.unary({ ...echo, path: `/${bytes}` }, hello, { ...long, maxBytes });
  const megabyte = 2 ** 20;
  for (let turn = 0; turn < 3; turn++) {
    const sizes = [0, 1, 16_379, 16_380, megabyte, 3 * megabyte, 20 * megabyte];
    const answers = await Promise.all(sizes.map((size) => ask(size, 32 * megabyte)));
    expect(answers.map(({ length }) => length)).toEqual(sizes);
    await expect(ask(5 * megabyte)).rejects.toMatchObject({ code: "plugin_failed", meta: { grpcCode: 8 } });
  }
});

test("no more streams are open than the peer allows, and a call that was given up while it waited is never sent", async () => {
  let open = 0;
  let most = 0;
  const { client, connections } = await aPeer((connection) => {
    connection.write(settings([[setting.maxConcurrentStreams, 2]]));
    connection.onFrame = (received) => {
      if (received.type === frameType.headers) most = Math.max(most, ++open);
      if (!isEndOf(received)) return;
      setTimeout(() => {
        open -= 1;
        connection.answer(received.streamId, received.payload.subarray(5));
      }, 20);
    };
  });
  // The settings of the peer are known after an answer.
  await client.unary(echo, hello, long);
  const abort = new AbortController();
  const calls = Array.from({ length: 9 }, () => client.unary(echo, hello, long));
  const givenUp = client.unary(echo, hello, { ...long, signal: abort.signal });
  setImmediate(() => abort.abort());
  await expect(givenUp).rejects.toMatchObject({ meta: { grpcCode: 1 } });
  await Promise.all(calls);
  expect(most).toBe(2);
  expect(connections[0]?.frames.filter(ofType(frameType.headers))).toHaveLength(10);
});

test("after GOAWAY calls that the peer took finish, those it did not are sent again elsewhere, and the connection is closed", async () => {
  const { client, connections } = await aPeer((connection, number) => {
    if (number > 1) return echoing(connection);
    connection.write(settings());
    connection.onFrame = (received) => {
      if (!isEndOf(received) || received.streamId !== 5) return;
      connection.write(goAway(1));
      connection.answer(1, Buffer.from("taken"));
    };
  });
  const answers = await Promise.all([1, 2, 3].map(() => client.unary(echo, hello, long)));
  expect(answers.map(String)).toEqual(["taken", "hello", "hello"]);
  expect(connections).toHaveLength(2);
  await expect.poll(() => connections[0]?.socket.destroyed).toBe(true);
});

test("a stream that the peer refuses unread is sent again, and not for ever", async () => {
  const { client } = await misbehaving((connection, id) => connection.write(reset(id, errorCode.refusedStream)));
  expect(await client.unary(echo, hello, long)).toEqual(hello);

  const refusals = [
    (connection: PeerConnection, id: number) => connection.write(reset(id, errorCode.refusedStream)),
    (connection: PeerConnection) => connection.write(goAway(0)),
  ];
  for (const refuse of refusals) {
    let streams = 0;
    const { client: refused } = await aPeer((connection) => {
      connection.write(settings());
      connection.onFrame = (received) => {
        if (!isEndOf(received)) return;
        streams += 1;
        refuse(connection, received.streamId);
      };
    });
    await expect(refused.unary(echo, hello, { timeoutMs: Number.POSITIVE_INFINITY })).rejects.toMatchObject({ code: "plugin_unavailable" });
    expect(streams).toBe(3);
  }
});

test("a call that is given up is reset at the peer, and what still comes of it is ignored", async () => {
  const { client, connections } = await aPeer((connection) => {
    echoing(connection);
    const echoed = connection.onFrame;
    connection.onFrame = (received) => {
      if (received.type === frameType.resetStream) {
        connection.write(head(received.streamId), data(received.streamId, prefixed(hello)), windowUpdate(received.streamId, 5));
        connection.write(trailers(received.streamId), reset(received.streamId, 0));
      }
      if (received.payload.toString().endsWith("silence")) return;
      echoed(received);
    };
  });
  const silence = Buffer.from("silence");
  const abort = new AbortController();
  const aborted = client.unary(echo, silence, { ...long, signal: abort.signal });
  await expect(client.unary(echo, silence, { timeoutMs: 50 })).rejects.toMatchObject({ code: "plugin_timeout" });
  abort.abort();
  await expect(aborted).rejects.toMatchObject({ meta: { grpcCode: 1 } });
  await expect(client.unary(echo, silence, { ...long, signal: AbortSignal.abort() })).rejects.toMatchObject({ meta: { grpcCode: 1 } });
  expect(await client.unary(echo, hello, long)).toEqual(hello);
  const resets = connections[0]?.frames.filter(ofType(frameType.resetStream)) ?? [];
  expect(resets.map(({ payload }) => payload.readUInt32BE(0))).toEqual([errorCode.cancel, errorCode.cancel]);
  expect(connections).toHaveLength(1);
});

test("an answer that comes before the request is sent ends the request too", async () => {
  const { client, connections } = await aPeer((connection) => {
    connection.write(settings());
    connection.onFrame = ({ type, streamId }) =>
      type === frameType.headers && connection.write(head(streamId), trailers(streamId, 8, "too large"));
  });
  await expect(client.unary(echo, Buffer.alloc(200_000), long)).rejects.toMatchObject({ meta: { grpcCode: 8 } });
  expect((await connections[0]?.received(ofType(frameType.resetStream)))?.streamId).toBe(1);
  await expect(client.unary(echo, hello, long)).rejects.toMatchObject({ meta: { grpcCode: 8 } });
});

test("a ping is answered with its own bytes, with the next request or soon without one", async () => {
  const ping = (text: string) => frame(frameType.ping, 0, 0, Buffer.from(text));
  const { client, connections } = await aPeer((connection) => {
    echoing(connection);
    connection.write(ping("12345678"), ping("abcdefgh"));
  });
  await client.unary(echo, hello, long);
  const isPong = (text: string) => (one: { type: number; flags: number; payload: Buffer }) =>
    one.type === frameType.ping && one.flags === flag.ack && one.payload.toString() === text;
  await connections[0]?.received(isPong("12345678"));
  await connections[0]?.received(isPong("abcdefgh"));
  connections[0]?.write(ping("xxxxxxxx"));
  await connections[0]?.received(isPong("xxxxxxxx"));
});

test("a peer that does not read makes the host hold no more of the requests of its calls than a socket's worth", async () => {
  const { client, connections } = await aPeer((connection) => {
    connection.write(settings([[setting.initialWindowSize, 2 ** 31 - 1]]), windowUpdate(0, 2 ** 30));
    connection.onFrame = (received) => received.type === frameType.settings && connection.socket.pause();
  });
  const first = client.unary(echo, hello, { timeoutMs: 500 });
  await expect(first).rejects.toMatchObject({ code: "plugin_timeout" });
  const large = Buffer.alloc(2 ** 20);
  for (let turn = 0; turn < 5; turn++) {
    const calls = Array.from({ length: 20 }, () => client.unary(echo, large, { timeoutMs: 100 }));
    for (const call of await Promise.allSettled(calls)) expect(call).toMatchObject({ reason: { code: "plugin_timeout" } });
  }
  const [connection] = connections as [PeerConnection];
  let bytes = 0;
  connection.onFrame = ({ payload }) => {
    bytes += payload.length;
  };
  connection.socket.resume();
  // The kernel's own buffers come on top.
  await expect(client.unary(echo, hello, { timeoutMs: 1_000 })).rejects.toMatchObject({ code: "plugin_timeout" });
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(16 * 2 ** 20);
});

test("when the client is closed its calls end, and later ones are refused", async () => {
  const { client, connections } = await aPeer((connection) => connection.write(settings()));
  const call = client.unary(echo, hello, long);
  await vi.waitFor(() => expect(connections[0]?.frames.some(isEndOf)).toBe(true));
  client.close();
  await expect(call).rejects.toMatchObject({ code: "plugin_unavailable", meta: { lost: true } });
  await expect(client.unary(echo, hello, long)).rejects.toMatchObject({ message: expect.stringContaining("being stopped") });
});

test("a request or an answer that cannot be coded fails its own call", async () => {
  const { client } = await aPeer(echoing);
  const fail = () => {
    throw new Error("no");
  };
  await expect(client.unary({ ...echo, requestSerialize: fail }, hello, long)).rejects.toMatchObject({ code: "plugin_unavailable" });
  await expect(client.unary({ ...echo, responseDeserialize: fail }, hello, long)).rejects.toMatchObject({ meta: { grpcCode: 13 } });
  expect(await client.unary(echo, hello, long)).toEqual(hello);
});
