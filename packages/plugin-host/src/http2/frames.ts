/** Constants of RFC 9113. */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const flag = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const;
export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;
export const errorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const;

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
export const frameHeaderBytes = 9;
export const defaultWindowBytes = 65_535;
export const maxWindowBytes = 2 ** 31 - 1;
export const maxStreamId = 2 ** 31 - 1;
/** What every peer takes, and all that we take. */
export const defaultMaxFrameBytes = 16_384;

/** The peer broke the protocol: nothing more can be said on the connection. */
export class Http2Error extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(`HTTP/2: ${message}`);
    this.code = code;
  }
}

export function writeFrameHeader(target: Buffer, at: number, length: number, type: number, flags: number, streamId: number): void {
  target[at] = length >>> 16;
  target[at + 1] = length >>> 8;
  target[at + 2] = length;
  target[at + 3] = type;
  target[at + 4] = flags;
  target[at + 5] = streamId >>> 24;
  target[at + 6] = streamId >>> 16;
  target[at + 7] = streamId >>> 8;
  target[at + 8] = streamId;
}

export function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
  writeFrameHeader(bytes, 0, payload.length, type, flags, streamId);
  payload.copy(bytes, frameHeaderBytes);
  return bytes;
}

export function settingsPayload(entries: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.allocUnsafe(entries.length * 6);
  for (const [at, [id, value]] of entries.entries()) {
    payload.writeUInt16BE(id, at * 6);
    payload.writeUInt32BE(value, at * 6 + 2);
  }
  return payload;
}

export function uint32(...values: number[]): Buffer {
  const payload = Buffer.allocUnsafe(values.length * 4);
  for (const [at, value] of values.entries()) payload.writeUInt32BE(value, at * 4);
  return payload;
}

/** The payload is the part of `bytes` between `start` and `end`, which is used again after the call. */
export type OnFrame = (type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number) => void;

/** Cuts what arrives into frames, however it is split. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  /** The beginning of a frame whose end has not arrived. */
  #kept: Buffer | undefined;
  #keptBytes = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** @throws Http2Error for a frame that is too long, and what `onFrame` throws. */
  push(bytes: Buffer, length: number): void {
    let at = this.#keptBytes > 0 ? this.#complete(bytes, length) : 0;
    while (at + frameHeaderBytes <= length) {
      const end = at + frameHeaderBytes + lengthAt(bytes, at);
      if (end > length) break;
      this.#emit(bytes, at, end);
      at = end;
    }
    if (at < length) this.#keep(bytes, at, length);
  }

  /** @returns where the next frame begins. */
  #complete(bytes: Buffer, length: number): number {
    let at = 0;
    for (let wanted = frameHeaderBytes; ; wanted = frameHeaderBytes + lengthAt(this.#kept as Buffer, 0)) {
      const missing = Math.min(wanted - this.#keptBytes, length - at);
      if (missing > 0) {
        this.#keep(bytes, at, at + missing);
        at += missing;
      }
      if (this.#keptBytes < wanted) return length;
      if (this.#keptBytes === frameHeaderBytes + lengthAt(this.#kept as Buffer, 0)) break;
    }
    const end = this.#keptBytes;
    this.#keptBytes = 0;
    this.#emit(this.#kept as Buffer, 0, end);
    return at;
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    this.#kept ??= Buffer.allocUnsafeSlow(frameHeaderBytes + defaultMaxFrameBytes);
    bytes.copy(this.#kept, this.#keptBytes, start, end);
    this.#keptBytes += end - start;
  }

  #emit(bytes: Buffer, at: number, end: number): void {
    const streamId = (((bytes[at + 5] as number) & 0x7f) << 24) | bytes.readUIntBE(at + 6, 3);
    this.#onFrame(bytes[at + 3] as number, bytes[at + 4] as number, streamId, bytes, at + frameHeaderBytes, end);
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
  if (length > defaultMaxFrameBytes) throw new Http2Error(errorCode.frameSizeError, `a frame of ${length} bytes is too long`);
  return length;
}
