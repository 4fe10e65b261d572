import { connect, type Socket } from "node:net";
import { Outbox } from "@portico/core/direct-calls";
import type { PluginAddress } from "../launch/handshake.ts";
import type { CallCarrier, UnaryCall } from "../unary-call.ts";
import {
  defaultMaxFrameBytes,
  defaultWindowBytes,
  errorCode,
  FrameReader,
  flag,
  frame,
  frameHeaderBytes,
  frameType,
  Http2Error,
  maxStreamId,
  maxWindowBytes,
  preface,
  setting,
  settingsPayload,
  uint32,
  writeFrameHeader,
} from "./frames.ts";
import { encodeHeaders, HpackDecoder, HpackError } from "./hpack.ts";

const streamWindowBytes = 1024 * 1024;
const connectionWindowBytes = 16 * 1024 * 1024;
const maxHeaderListBytes = 64 * 1024;
/** Of one block as it is sent. Its fields are judged by the limit above, in their call only; this is where the connection ends. */
const maxHeaderBlockBytes = 256 * 1024;
const maxContinuations = 128;
const readBufferBytes = 64 * 1024;
/** What waits in the socket, before calls wait here instead, where one that is over can be forgotten. */
const maxSocketBytes = 1024 * 1024;
/** A peer that does not read what it makes us answer. */
const maxUnreadBytes = 4 * maxSocketBytes;
const maxDataFrameBytes = 64 * 1024;
/** Frames that bring no call further, in a row. */
const maxIdleFrames = 20_000;
/**
 * gRPC in Go pings with almost every request, to measure the round trip. An answer that leaves with the next request costs no write of
 * its own; this is how long one waits for it.
 */
const pongDelayMs = 5;
const pingBytes = 8;
const keptFrames = 256;
const maxKnownBlockBytes = 1024;
const maxResends = 2;
const prefixBytes = 5;
/** A request of this size is copied next to its headers. */
const maxInlineBytes = 3 * 1024;

const opening = Buffer.concat([
  preface,
  frame(
    frameType.settings,
    0,
    0,
    settingsPayload([
      // Without a dynamic table the same bytes always mean the same, so known header blocks need no decoding.
      [setting.headerTableSize, 0],
      [setting.enablePush, 0],
      [setting.initialWindowSize, streamWindowBytes],
      [setting.maxHeaderListSize, maxHeaderListBytes],
    ]),
  ),
  frame(frameType.windowUpdate, 0, 0, uint32(connectionWindowBytes - defaultWindowBytes)),
]);
const settingsAck = frame(frameType.settings, flag.ack, 0, Buffer.alloc(0));

const grpcTimeout = (ms: number): string =>
  ms < 1e8 ? `${Math.max(1, Math.ceil(ms))}m` : `${Math.min(99_999_999, Math.ceil(ms / 1000))}S`;

/** HEADERS frames by path and timeout, which few calls have of their own; only the stream's id is still to be written. */
const headersFrames = new Map<string, Buffer>();

function headersFrame(path: string, timeoutMs: number): Buffer {
  const timeout = Number.isFinite(timeoutMs) ? grpcTimeout(timeoutMs) : "";
  const key = `${path} ${timeout}`;
  const known = headersFrames.get(key);
  if (known) return known;
  const fields: [string, string][] = [
    [":method", "POST"],
    [":scheme", "http"],
    [":authority", "localhost"],
    [":path", path],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ["user-agent", "portico-plugin-host"],
  ];
  if (timeout !== "") fields.push(["grpc-timeout", timeout]);
  const made = frame(frameType.headers, flag.endHeaders, 0, encodeHeaders(fields));
  if (headersFrames.size >= keptFrames) headersFrames.clear();
  headersFrames.set(key, made);
  return made;
}

/** The headers of a response that matter here. */
type ResponseFields = { status: string | undefined; grpcStatus: string | undefined; grpcMessage: string | undefined };
type KnownBlock = { bytes: Buffer; fields: ResponseFields };

const protocolError = (message: string) => new Http2Error(errorCode.protocolError, message);

/** One connection to a plugin, for unary gRPC calls. */
export class Http2Connection implements CallCarrier {
  /** Takes no further calls: it is closed, or the peer is about to close it. */
  isSpent = false;
  readonly #socket: Socket;
  readonly #onClosed: (connection: Http2Connection) => void;
  readonly #resend: (call: UnaryCall) => void;
  readonly #reader = new FrameReader((...args) => this.#onFrame(...args));
  readonly #decoder = new HpackDecoder({ maxListBytes: maxHeaderListBytes });
  readonly #out = new Outbox();
  /** Calls with a stream. */
  readonly #open = new Map<number, UnaryCall>();
  /** Calls that wait for one. */
  readonly #waiting = new Set<UnaryCall>();
  /** Calls whose request does not fit the peer's windows. */
  readonly #blocked = new Set<UnaryCall>();
  #nextStreamId = 1;
  #isClosed = false;
  #isFlushing = false;
  #isReady = false;
  #idleFrames = 0;
  #sendWindow = defaultWindowBytes;
  #receiveWindow = connectionWindowBytes;
  #peerStreamWindow = defaultWindowBytes;
  #peerMaxFrame = defaultMaxFrameBytes;
  #peerMaxStreams = Number.POSITIVE_INFINITY;
  /** Of the header block that is being received in pieces; 0 when none is. */
  #blockStream = 0;
  #blockFlags = 0;
  #blockPieces: Buffer[] = [];
  #blockBytes = 0;
  #knownHead: KnownBlock | undefined;
  #knownTrailers: KnownBlock | undefined;
  #pongs: Buffer[] = [];
  #pongTimer: NodeJS.Timeout | undefined;

  /**
   * @param options.onClosed called once, when all its calls are over.
   * @param options.resend takes a call that the peer has certainly not looked at.
   */
  constructor({
    address,
    onClosed,
    resend,
  }: {
    address: PluginAddress;
    onClosed: (connection: Http2Connection) => void;
    resend: (call: UnaryCall) => void;
  }) {
    this.#onClosed = onClosed;
    this.#resend = resend;
    const onread = {
      buffer: Buffer.allocUnsafeSlow(readBufferBytes),
      callback: (length: number, buffer: Uint8Array) => {
        this.#read(buffer as Buffer, length);
        return true;
      },
    };
    this.#socket =
      address.network === "unix"
        ? connect({ path: address.path, onread })
        : connect({ host: address.host, port: address.port, noDelay: true, keepAlive: true, onread });
    this.#socket.on("error", (error) => this.#die(error));
    this.#socket.on("close", () => this.#die(undefined));
    this.#socket.on("end", () => this.#die(undefined));
    this.#socket.on("drain", () => this.#schedule());
    this.#socket.write(opening);
  }

  send(call: UnaryCall): void {
    call.carrier = this;
    this.#waiting.add(call);
    this.#schedule();
  }

  abandon(call: UnaryCall): void {
    this.#waiting.delete(call);
    this.#blocked.delete(call);
    if (!this.#open.delete(call.streamId)) return;
    this.#reset(call.streamId, errorCode.cancel);
    this.#afterCall();
  }

  close(): void {
    this.#die(undefined);
  }

  // Sending

  /** Once for everything that happens in one turn of the event loop: a write costs more than what it carries. */
  #schedule(): void {
    if (this.#isFlushing || this.#isClosed) return;
    this.#isFlushing = true;
    setImmediate(flushNow, this);
  }

  flush(): void {
    this.#isFlushing = false;
    if (this.#isClosed) return;
    this.#pump();
    for (const call of this.#waiting) {
      if (this.#open.size >= this.#peerMaxStreams || this.#isFull()) break;
      this.#waiting.delete(call);
      this.#begin(call);
    }
    this.#writePongs();
    if (this.#out.bytes > 0) this.#out.writeTo(this.#socket);
    if (this.#socket.writableLength > maxUnreadBytes) this.#break(errorCode.enhanceYourCalm, "the peer does not read");
  }

  #isFull(): boolean {
    return this.#out.bytes + this.#socket.writableLength >= maxSocketBytes;
  }

  #begin(call: UnaryCall): void {
    if (this.#nextStreamId > maxStreamId || this.isSpent) {
      this.#spend();
      this.#refused(call);
      this.#afterCall();
      return;
    }
    const id = this.#nextStreamId;
    this.#nextStreamId += 2;
    call.streamId = id;
    call.sendWindow = this.#peerStreamWindow;
    call.receiveWindow = streamWindowBytes;
    this.#open.set(id, call);
    const headers = headersFrame(call.path, call.timeoutMs);
    const { message } = call;
    const bodyBytes = prefixBytes + message.length;
    const isInline = message.length <= maxInlineBytes && bodyBytes <= this.#sendWindow && bodyBytes <= call.sendWindow;
    const at = this.#out.reserve(headers.length + (isInline ? frameHeaderBytes + bodyBytes : 0));
    const { slab } = this.#out;
    headers.copy(slab, at);
    slab.writeUInt32BE(id, at + 5);
    if (!isInline) {
      call.unsent = call.framed();
      call.unsentFrom = 0;
      this.#sendBody(call);
      return;
    }
    const bodyAt = at + headers.length;
    writeFrameHeader(slab, bodyAt, bodyBytes, frameType.data, flag.endStream, id);
    slab[bodyAt + frameHeaderBytes] = 0;
    slab.writeUInt32BE(message.length, bodyAt + frameHeaderBytes + 1);
    message.copy(slab, bodyAt + frameHeaderBytes + prefixBytes);
    this.#sendWindow -= bodyBytes;
    call.sendWindow -= bodyBytes;
  }

  /** As much of the request as the windows allow. */
  #sendBody(call: UnaryCall): void {
    const { unsent } = call;
    if (!unsent) return;
    while (call.unsentFrom < unsent.length) {
      const length = Math.min(
        unsent.length - call.unsentFrom,
        this.#peerMaxFrame,
        maxDataFrameBytes,
        this.#isFull() ? 0 : this.#sendWindow,
        call.sendWindow,
      );
      if (length <= 0) {
        this.#blocked.add(call);
        return;
      }
      const end = call.unsentFrom + length;
      const at = this.#out.reserve(frameHeaderBytes);
      const isLast = end === unsent.length;
      writeFrameHeader(this.#out.slab, at, length, frameType.data, isLast ? flag.endStream : 0, call.streamId);
      this.#out.add(unsent.subarray(call.unsentFrom, end));
      call.unsentFrom = end;
      call.sendWindow -= length;
      this.#sendWindow -= length;
    }
    this.#blocked.delete(call);
    call.unsent = undefined;
  }

  #pump(): void {
    for (const call of this.#blocked) {
      if (this.#sendWindow <= 0 || this.#isFull()) return;
      this.#sendBody(call);
    }
  }

  #reset(streamId: number, code: number): void {
    this.#control(frame(frameType.resetStream, 0, streamId, uint32(code)));
  }

  #control(bytes: Buffer): void {
    if (this.#isClosed) return;
    this.#out.add(bytes);
    this.#schedule();
  }

  #writePongs(): void {
    if (this.#pongs.length === 0) return;
    clearTimeout(this.#pongTimer);
    this.#pongTimer = undefined;
    for (const pong of this.#pongs) this.#out.add(pong);
    this.#pongs = [];
  }

  // Receiving

  #read(buffer: Buffer, length: number): void {
    if (this.#isClosed) return;
    try {
      this.#reader.push(buffer, length);
    } catch (error) {
      if (error instanceof Http2Error) this.#break(error.code, error.message, error);
      else if (error instanceof HpackError) this.#break(errorCode.compressionError, `HPACK: ${error.message}`, error);
      else this.#break(errorCode.internalError, "a frame could not be handled", error instanceof Error ? error : undefined);
    }
  }

  #onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (this.#isClosed) return;
    if (!this.#isReady) {
      if (type !== frameType.settings || (flags & flag.ack) !== 0) throw protocolError("the first frame is not SETTINGS");
      this.#isReady = true;
    }
    if (this.#blockStream !== 0 && (type !== frameType.continuation || streamId !== this.#blockStream)) {
      throw protocolError("a header block is interrupted");
    }
    this.#idleFrames += 1;
    if (this.#idleFrames > maxIdleFrames) throw new Http2Error(errorCode.enhanceYourCalm, "too many frames that serve no call");
    switch (type) {
      case frameType.data:
        this.#onData(flags, streamId, bytes, start, end);
        return;
      case frameType.headers:
        this.#onHeaders(flags, streamId, bytes, start, end);
        return;
      case frameType.continuation:
        this.#onContinuation(flags, bytes, start, end);
        return;
      case frameType.resetStream:
        this.#onReset(streamId, bytes, start, end);
        return;
      case frameType.settings:
        this.#onSettings(flags, streamId, bytes, start, end);
        return;
      case frameType.ping:
        this.#onPing(flags, streamId, bytes, start, end);
        return;
      case frameType.goAway:
        this.#onGoAway(streamId, bytes, start, end);
        return;
      case frameType.windowUpdate:
        this.#onWindowUpdate(streamId, bytes, start, end);
        return;
      case frameType.pushPromise:
        throw protocolError("PUSH_PROMISE was not allowed");
      case frameType.priority:
        if (streamId === 0) throw protocolError("PRIORITY without a stream");
        if (end - start !== 5) throw new Http2Error(errorCode.frameSizeError, "PRIORITY has 5 bytes");
        return;
      default:
        // Extensions are ignored.
        return;
    }
  }

  /** @returns the call of a stream; undefined when it is over. @throws Http2Error when no such stream was ever opened. */
  #callOf(streamId: number, what: string): UnaryCall | undefined {
    const call = this.#open.get(streamId);
    if (call) return call;
    if (streamId === 0 || streamId % 2 === 0 || streamId >= this.#nextStreamId) throw protocolError(`${what} for stream ${streamId}`);
    return undefined;
  }

  #onData(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    const call = this.#callOf(streamId, "DATA");
    const length = end - start;
    let from = start;
    let to = end;
    if ((flags & flag.padded) !== 0) {
      if (length === 0) throw new Http2Error(errorCode.frameSizeError, "padding without a length");
      from += 1;
      to -= bytes[start] as number;
      if (to < from) throw protocolError("the padding is longer than the frame");
    }
    if (length > 0) {
      this.#receiveWindow -= length;
      if (this.#receiveWindow < 0) throw new Http2Error(errorCode.flowControlError, "more data than the connection's window");
      if (this.#receiveWindow <= connectionWindowBytes / 2) {
        this.#control(frame(frameType.windowUpdate, 0, 0, uint32(connectionWindowBytes - this.#receiveWindow)));
        this.#receiveWindow = connectionWindowBytes;
      }
    }
    if (!call) return;
    call.receiveWindow -= length;
    if (call.receiveWindow < 0) {
      this.#endMalformed(call, errorCode.flowControlError, "it sent more than it may.");
      return;
    }
    if (!call.hasHead) {
      this.#endMalformed(call, errorCode.protocolError, "its answer begins without headers.");
      return;
    }
    if (to > from) {
      this.#idleFrames = 0;
      call.receive(bytes, from, to);
      if (call.isOver) return;
    }
    if ((flags & flag.endStream) !== 0) {
      this.#finish(call);
      return;
    }
    if (call.receiveWindow <= streamWindowBytes / 2) {
      this.#control(frame(frameType.windowUpdate, 0, streamId, uint32(streamWindowBytes - call.receiveWindow)));
      call.receiveWindow = streamWindowBytes;
    }
  }

  #onHeaders(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    this.#callOf(streamId, "HEADERS");
    let from = start;
    let to = end;
    if ((flags & flag.padded) !== 0) {
      to -= from < to ? (bytes[from] as number) : 0;
      from += 1;
    }
    if ((flags & flag.priority) !== 0) from += 5;
    if (from > to) throw protocolError("HEADERS are shorter than their padding");
    if ((flags & flag.endHeaders) !== 0) {
      this.#onBlock(streamId, flags, bytes, from, to);
      return;
    }
    this.#blockStream = streamId;
    this.#blockFlags = flags;
    this.#blockPieces = [Buffer.from(bytes.subarray(from, to))];
    this.#blockBytes = to - from;
  }

  #onContinuation(flags: number, bytes: Buffer, start: number, end: number): void {
    if (this.#blockStream === 0) throw protocolError("CONTINUATION without HEADERS");
    this.#blockPieces.push(Buffer.from(bytes.subarray(start, end)));
    this.#blockBytes += end - start;
    if (this.#blockBytes > maxHeaderBlockBytes || this.#blockPieces.length > maxContinuations) {
      throw new Http2Error(errorCode.enhanceYourCalm, "a header block is too large");
    }
    if ((flags & flag.endHeaders) === 0) return;
    const streamId = this.#blockStream;
    const block = Buffer.concat(this.#blockPieces, this.#blockBytes);
    this.#blockStream = 0;
    this.#blockPieces = [];
    this.#onBlock(streamId, this.#blockFlags, block, 0, block.length);
  }

  /** A whole header block. It is decoded even when its call is over, because the decoder must see all of them. */
  #onBlock(streamId: number, flags: number, bytes: Buffer, start: number, end: number): void {
    const isEnd = (flags & flag.endStream) !== 0;
    const fields = this.#fieldsOf(isEnd, bytes, start, end);
    const call = this.#open.get(streamId);
    if (!call) return;
    if (!fields) {
      this.#endMalformed(call, errorCode.enhanceYourCalm, `its headers are larger than ${maxHeaderListBytes} bytes.`);
      return;
    }
    if (!call.hasHead) {
      if (fields.status === undefined) {
        this.#endMalformed(call, errorCode.protocolError, "its answer has no status.");
        return;
      }
      // An interim response; the real one follows.
      if (fields.status.startsWith("1") && !isEnd) return;
      call.hasHead = true;
      call.httpStatus = Number(fields.status);
    } else if (!isEnd) {
      this.#endMalformed(call, errorCode.protocolError, "its trailers do not end the answer.");
      return;
    }
    this.#idleFrames = 0;
    // An answer without a body carries its status in its only headers.
    if (fields.grpcStatus !== undefined) {
      call.grpcStatus = fields.grpcStatus;
      call.grpcMessage = fields.grpcMessage;
    }
    if (isEnd) this.#finish(call);
  }

  /** Undefined when the list is too long. */
  #fieldsOf(isEnd: boolean, bytes: Buffer, start: number, end: number): ResponseFields | undefined {
    const known = isEnd ? this.#knownTrailers : this.#knownHead;
    if (known && bytes.compare(known.bytes, 0, known.bytes.length, start, end) === 0) return known.fields;
    const fields: ResponseFields = { status: undefined, grpcStatus: undefined, grpcMessage: undefined };
    const isComplete = this.#decoder.decode(bytes, start, end, (name, value) => {
      if (name === ":status") fields.status = value;
      else if (name === "grpc-status") fields.grpcStatus = value;
      else if (name === "grpc-message") fields.grpcMessage = value;
    });
    if (!isComplete) return undefined;
    if (!this.#decoder.wasStateful && end - start <= maxKnownBlockBytes) {
      const block = { bytes: Buffer.from(bytes.subarray(start, end)), fields };
      if (isEnd) this.#knownTrailers = block;
      else this.#knownHead = block;
    }
    return fields;
  }

  #onReset(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw new Http2Error(errorCode.frameSizeError, "RST_STREAM has 4 bytes");
    const call = this.#callOf(streamId, "RST_STREAM");
    if (!call) return;
    const code = bytes.readUInt32BE(start);
    this.#forget(call);
    if (code === errorCode.refusedStream) {
      this.#refused(call);
      return;
    }
    call.interrupt(new Error(`The stream was reset with code ${code}.`));
  }

  #onSettings(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError("SETTINGS on a stream");
    const length = end - start;
    if ((flags & flag.ack) !== 0) {
      if (length !== 0) throw new Http2Error(errorCode.frameSizeError, "an acknowledgement of SETTINGS is empty");
      this.#decoder.limitTable(0);
      return;
    }
    if (length % 6 !== 0) throw new Http2Error(errorCode.frameSizeError, "SETTINGS have 6 bytes each");
    for (let at = start; at < end; at += 6) {
      const value = bytes.readUInt32BE(at + 2);
      switch (bytes.readUInt16BE(at)) {
        case setting.enablePush:
          if (value !== 0) throw protocolError("a server must not enable push");
          break;
        case setting.maxConcurrentStreams:
          this.#peerMaxStreams = value;
          break;
        case setting.initialWindowSize:
          this.#resizeWindows(value);
          break;
        case setting.maxFrameSize:
          if (value < defaultMaxFrameBytes || value >= 2 ** 24) throw protocolError(`a frame size of ${value} bytes is not allowed`);
          this.#peerMaxFrame = value;
          break;
        default:
          break;
      }
    }
    this.#control(settingsAck);
  }

  #resizeWindows(bytes: number): void {
    if (bytes > maxWindowBytes) throw new Http2Error(errorCode.flowControlError, "the initial window is too large");
    const change = bytes - this.#peerStreamWindow;
    this.#peerStreamWindow = bytes;
    for (const call of this.#open.values()) {
      call.sendWindow += change;
      if (call.sendWindow > maxWindowBytes) throw new Http2Error(errorCode.flowControlError, "a window is too large");
    }
  }

  #onPing(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError("PING on a stream");
    if (end - start !== pingBytes) throw new Http2Error(errorCode.frameSizeError, "PING has 8 bytes");
    if ((flags & flag.ack) !== 0) return;
    this.#pongs.push(frame(frameType.ping, flag.ack, 0, bytes.subarray(start, end)));
    this.#pongTimer ??= setTimeout(onPongDue, pongDelayMs, this);
  }

  pongDue(): void {
    this.#pongTimer = undefined;
    this.#schedule();
  }

  #onGoAway(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError("GOAWAY on a stream");
    if (end - start < 8) throw new Http2Error(errorCode.frameSizeError, "GOAWAY has 8 bytes at least");
    const lastStreamId = bytes.readUInt32BE(start) & maxStreamId;
    this.#spend();
    const unread = [...this.#open.values()].filter((call) => call.streamId > lastStreamId);
    for (const call of unread) {
      this.#forget(call);
      this.#refused(call);
    }
    this.#afterCall();
  }

  #onWindowUpdate(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw new Http2Error(errorCode.frameSizeError, "WINDOW_UPDATE has 4 bytes");
    const increment = bytes.readUInt32BE(start) & maxWindowBytes;
    if (streamId === 0) {
      if (increment === 0) throw protocolError("WINDOW_UPDATE of 0");
      this.#sendWindow += increment;
      if (this.#sendWindow > maxWindowBytes) throw new Http2Error(errorCode.flowControlError, "the connection's window is too large");
    } else {
      const call = this.#callOf(streamId, "WINDOW_UPDATE");
      if (!call) return;
      if (increment === 0) {
        this.#endMalformed(call, errorCode.protocolError, "it sent a WINDOW_UPDATE of 0.");
        return;
      }
      call.sendWindow += increment;
      if (call.sendWindow > maxWindowBytes) {
        this.#endMalformed(call, errorCode.flowControlError, "it opened its window too far.");
        return;
      }
    }
    if (this.#blocked.size > 0) this.#schedule();
  }

  // Ends

  /** The peer's half of the stream has ended. */
  #finish(call: UnaryCall): void {
    const wasSent = call.unsent === undefined;
    this.#forget(call);
    // Whatever is left of the request has no reader.
    if (!wasSent) this.#reset(call.streamId, errorCode.cancel);
    call.finish();
    this.#afterCall();
  }

  #endMalformed(call: UnaryCall, code: number, why: string): void {
    this.#forget(call);
    this.#reset(call.streamId, code);
    call.malformed(why);
    this.#afterCall();
  }

  #forget(call: UnaryCall): void {
    this.#open.delete(call.streamId);
    this.#blocked.delete(call);
    call.carrier = undefined;
  }

  /** The peer has certainly not looked at the call. One that refuses everything must not keep us busy. */
  #refused(call: UnaryCall): void {
    if (call.isOver) return;
    call.carrier = undefined;
    if (call.resends >= maxResends) {
      call.interrupt(new Error("The plugin refused the stream."));
      return;
    }
    call.resends += 1;
    call.unsent = undefined;
    call.hasHead = false;
    call.streamId = 0;
    this.#resend(call);
  }

  #afterCall(): void {
    if (this.#waiting.size > 0) this.#schedule();
    else if (this.isSpent && this.#open.size === 0) this.#die(undefined);
  }

  #spend(): void {
    if (this.isSpent) return;
    this.isSpent = true;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const call of waiting) this.#refused(call);
  }

  #break(code: number, why: string, cause: Error = new Http2Error(code, why)): void {
    if (this.#isClosed) return;
    // The peer may be told why, but is not waited for.
    this.#socket.write(frame(frameType.goAway, 0, 0, Buffer.concat([uint32(0, code), Buffer.from(why)])));
    this.#die(cause);
  }

  #die(cause: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#pongTimer);
    this.#socket.destroy();
    const calls = [...this.#open.values(), ...this.#waiting];
    this.#open.clear();
    this.#waiting.clear();
    this.#blocked.clear();
    for (const call of calls) call.carrier = undefined;
    this.isSpent = true;
    this.#onClosed(this);
    for (const call of calls) call.interrupt(cause);
  }
}

const flushNow = (connection: Http2Connection) => connection.flush();
const onPongDue = (connection: Http2Connection) => connection.pongDue();
