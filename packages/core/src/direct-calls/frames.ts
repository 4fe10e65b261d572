import type { Outbox } from "./outbox.ts";

/**
 * Unary calls between a host and a plugin on our SDK, on the plugin's own socket, once both have said in the handshake that they speak
 * this. The host begins with the preface; HTTP/2 begins with a "P". Then both send frames: the length of the payload (4 bytes), a type
 * (1), the number of the call (4), the payload. Numbers are big-endian.
 */
export const directPreface = Buffer.from("\0portico1", "latin1");

export const directType = {
  /** Of the host: the length of the method's path (1 byte), the path, the request. */
  call: 1,
  /** Of the host: it no longer waits for the call. Empty. */
  cancel: 2,
  /** Of the plugin: the response. */
  response: 3,
  /** Of the plugin: a gRPC status (1 byte) and its message in UTF-8. */
  error: 4,
} as const;

const headerBytes = 9;
const maxCopiedBytes = 2 * 1024;

/** The peer does not speak this protocol: nothing more can be read from it. */
export class DirectCallError extends Error {}

/** Sends a frame whose payload is `head` and then `body`, which must not change until it is sent. */
export function addDirectFrame(out: Outbox, type: number, call: number, head: Buffer, body: Buffer): void {
  const length = head.length + body.length;
  const isCopied = body.length <= maxCopiedBytes;
  const at = out.reserve(headerBytes + head.length + (isCopied ? body.length : 0));
  const { slab } = out;
  slab.writeUInt32BE(length, at);
  slab[at + 4] = type;
  slab.writeUInt32BE(call, at + 5);
  head.copy(slab, at + headerBytes);
  if (isCopied) body.copy(slab, at + headerBytes + head.length);
  else out.add(body);
}

export type DirectFrameHandlers = {
  /**
   * A frame begins. @returns whether its payload is wanted; otherwise its bytes are skipped and nothing is kept of them.
   * @throws DirectCallError
   */
  accepts(type: number, call: number, length: number): boolean;
  /** The payload is the part of `bytes` between `start` and `end`, which may be used again after the call. */
  frame(type: number, call: number, bytes: Buffer, start: number, end: number): void;
};

/** Cuts what arrives into frames, however it is split. */
export class DirectFrameReader {
  readonly #handlers: DirectFrameHandlers;
  readonly #header: Buffer = Buffer.alloc(headerBytes);
  #headerBytes = 0;
  /** Payload of the current frame that arrives in pieces. */
  #payload: Buffer | undefined;
  #payloadBytes = 0;
  #skip = 0;

  constructor(handlers: DirectFrameHandlers) {
    this.#handlers = handlers;
  }

  /** @throws what the handlers throw. */
  push(bytes: Buffer, length: number): void {
    let at = 0;
    while (at < length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, length - at);
        this.#skip -= skipped;
        at += skipped;
      } else if (this.#payload) at = this.#gather(bytes, at, length);
      else if (this.#headerBytes > 0 || length - at < headerBytes) at = this.#gatherHeader(bytes, at, length);
      else at = this.#begin(bytes, at, bytes, at + headerBytes, length);
    }
  }

  #gatherHeader(bytes: Buffer, at: number, length: number): number {
    const end = Math.min(at + headerBytes - this.#headerBytes, length);
    bytes.copy(this.#header, this.#headerBytes, at, end);
    this.#headerBytes += end - at;
    if (this.#headerBytes < headerBytes) return end;
    this.#headerBytes = 0;
    return this.#begin(this.#header, 0, bytes, end, length);
  }

  /** A frame whose header is whole. @returns where to read on. */
  #begin(header: Buffer, from: number, bytes: Buffer, start: number, length: number): number {
    const payloadBytes = header.readUInt32BE(from);
    const type = header[from + 4] as number;
    const call = header.readUInt32BE(from + 5);
    if (!this.#handlers.accepts(type, call, payloadBytes)) {
      this.#skip = payloadBytes;
      return start;
    }
    if (start + payloadBytes <= length) {
      this.#handlers.frame(type, call, bytes, start, start + payloadBytes);
      return start + payloadBytes;
    }
    if (header !== this.#header) header.copy(this.#header, 0, from, from + headerBytes);
    this.#payload = Buffer.allocUnsafeSlow(payloadBytes);
    this.#payloadBytes = 0;
    return this.#gather(bytes, start, length);
  }

  #gather(bytes: Buffer, at: number, length: number): number {
    const payload = this.#payload as Buffer;
    const end = Math.min(at + payload.length - this.#payloadBytes, length);
    bytes.copy(payload, this.#payloadBytes, at, end);
    this.#payloadBytes += end - at;
    if (this.#payloadBytes < payload.length) return end;
    this.#payload = undefined;
    this.#handlers.frame(this.#header[4] as number, this.#header.readUInt32BE(5), payload, 0, payload.length);
    return end;
  }
}
