import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { createHotClient, type HotClient } from "../src/hot-client.ts";
import { defaultMaxFrameBytes, FrameReader, flag, frame, frameType, preface, settingsPayload, uint32 } from "../src/http2/frames.ts";
import { encodeHeaders, HpackDecoder } from "../src/http2/hpack.ts";

/** A method whose messages are bare bytes. */
export const echo = {
  path: "/plugin.PluginService/Call",
  requestSerialize: (value: Buffer) => value,
  responseDeserialize: (bytes: Buffer) => bytes,
};

export type Frame = { type: number; flags: number; streamId: number; payload: Buffer };

/** One connection to a scripted peer. */
export type PeerConnection = {
  socket: Socket;
  /** Everything received, in order. */
  frames: Frame[];
  /** Called with each frame. */
  onFrame: (frame: Frame) => void;
  write(...frames: Buffer[]): void;
  /** Headers, data and trailers of a response. */
  answer(streamId: number, message: Buffer, status?: number, text?: string): void;
  /** Settles with the first frame that fits, past ones included. */
  received(fits: (frame: Frame) => boolean): Promise<Frame>;
};

export const headers = (streamId: number, fields: [string, string][], flags: number = flag.endHeaders) =>
  frame(frameType.headers, flags, streamId, encodeHeaders(fields));
export const head = (streamId: number) =>
  headers(streamId, [
    [":status", "200"],
    ["content-type", "application/grpc"],
  ]);
export const trailers = (streamId: number, status = 0, text = "") =>
  headers(
    streamId,
    [
      ["grpc-status", String(status)],
      ["grpc-message", text],
    ],
    flag.endHeaders | flag.endStream,
  );
export const data = (streamId: number, payload: Buffer, flags = 0) => frame(frameType.data, flags, streamId, payload);
export const settings = (entries: [number, number][] = []) => frame(frameType.settings, 0, 0, settingsPayload(entries));
export const windowUpdate = (streamId: number, bytes: number) => frame(frameType.windowUpdate, 0, streamId, uint32(bytes));
export const prefixed = (message: Buffer) => Buffer.concat([Buffer.from([0]), uint32(message.length), message]);
const inFrames = (streamId: number, body: Buffer) =>
  Array.from({ length: Math.ceil(body.length / defaultMaxFrameBytes) }, (_, at) =>
    data(streamId, body.subarray(at * defaultMaxFrameBytes, (at + 1) * defaultMaxFrameBytes)),
  );
export const isEndOf = ({ type, flags, streamId }: Frame) => type === frameType.data && (flags & flag.endStream) !== 0 && streamId > 0;

/**
 * A peer that speaks HTTP/2 frame by frame, as `script` says for each connection, and a client of it.
 */
export async function aPeer(
  script: (connection: PeerConnection, number: number) => void,
): Promise<{ client: HotClient; connections: PeerConnection[] }> {
  const connections: PeerConnection[] = [];
  const server = createServer((socket) => {
    const waiters: { fits: (frame: Frame) => boolean; resolve: (frame: Frame) => void }[] = [];
    const connection: PeerConnection = {
      socket,
      frames: [],
      onFrame: () => {},
      write: (...frames) => void socket.write(Buffer.concat(frames)),
      answer: (streamId, message, status = 0, text = "") =>
        connection.write(head(streamId), ...inFrames(streamId, prefixed(message)), trailers(streamId, status, text)),
      received: (fits) => {
        const past = connection.frames.find(fits);
        return past ? Promise.resolve(past) : new Promise((resolve) => waiters.push({ fits, resolve }));
      },
    };
    connections.push(connection);
    const reader = new FrameReader((type, flags, streamId, bytes, start, end) => {
      const received = { type, flags, streamId, payload: Buffer.from(bytes.subarray(start, end)) };
      connection.frames.push(received);
      connection.onFrame(received);
      for (const waiter of waiters) if (waiter.fits(received)) waiter.resolve(received);
    });
    let skipped = 0;
    socket.on("data", (chunk: Buffer) => {
      const skip = Math.min(preface.length - skipped, chunk.length);
      skipped += skip;
      const rest = chunk.subarray(skip);
      reader.push(rest, rest.length);
    });
    socket.on("error", () => {});
    script(connection, connections.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = createHotClient({ address: { network: "tcp", host: "127.0.0.1", port }, name: "Scripted" });
  onTestFinished(() => {
    client.close();
    for (const { socket } of connections) socket.destroy();
    server.close();
  });
  return { client, connections };
}

/** The fields of a request's headers. */
export function fieldsOf({ payload }: Frame): Record<string, string> {
  const fields: Record<string, string> = {};
  new HpackDecoder({ maxListBytes: 65_536 }).decode(payload, 0, payload.length, (name, value) => {
    fields[name] = value;
  });
  return fields;
}

/** Answers each request with its own message. */
export function echoing(connection: PeerConnection): void {
  connection.write(settings());
  const bodies = new Map<number, Buffer[]>();
  connection.onFrame = (received) => {
    if (received.type !== frameType.data) return;
    const pieces = bodies.get(received.streamId) ?? [];
    bodies.set(received.streamId, pieces);
    pieces.push(received.payload);
    if (isEndOf(received)) connection.answer(received.streamId, Buffer.concat(pieces).subarray(5));
  };
}
