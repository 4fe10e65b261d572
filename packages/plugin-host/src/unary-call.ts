import type { AppError } from "@portico/core";
import { Chunks } from "@portico/core/chunks";
import { type CallName, cancelled, failed, fromStatus, grpcStatus, lost, timedOut } from "./call-errors.ts";
import type { CallOptions } from "./types.ts";

/** As much as a plugin may be sent, which is what gRPC in Go takes; a call that needs more says so. */
const defaultMaxBytes = 4 * 1024 * 1024;
/** Of all responses being received at once; one plugin must not fill the host's memory through many calls. */
const maxBufferedBytes = 128 * 1024 * 1024;
/** By which the clocks of two processes may differ in what is one deadline. */
const clockSlackMs = 5;
const prefixBytes = 5;

/** Bytes of the responses that one plugin's calls are holding. */
export type ReceiveBudget = { bytes: number };

/** A connection with a call on it that is over before its response is. */
export type CallCarrier = { abandon(call: UnaryCall): void };

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What connections need to know of a call, and how they report what came of it. The first report counts. */
export class UnaryCall {
  readonly path: string;
  readonly message: Buffer;
  readonly timeoutMs: number;
  /** The connection that has the call now. */
  carrier: CallCarrier | undefined;
  isOver = false;
  /** How often it was given to another connection because a peer had not looked at it. */
  resends = 0;

  // Of the HTTP/2 stream that carries it; 0 until there is one.
  streamId = 0;
  /** Prefix and message, once they cannot be sent in one piece. */
  unsent: Buffer | undefined;
  unsentFrom = 0;
  sendWindow = 0;
  receiveWindow = 0;
  hasHead = false;
  httpStatus = 0;
  grpcStatus: string | undefined;
  grpcMessage: string | undefined;

  readonly #name: CallName;
  readonly #maxBytes: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: (() => void) | undefined;
  readonly #budget: ReceiveBudget;
  readonly #deadlineMs: number;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #resolve: (message: Buffer) => void;
  readonly #reject: (error: AppError) => void;
  #chunks: Chunks | undefined;
  #received = 0;

  constructor({
    name,
    path,
    message,
    options: { timeoutMs, signal, maxBytes = defaultMaxBytes },
    budget,
    resolve,
    reject,
  }: {
    name: CallName;
    path: string;
    message: Buffer;
    options: CallOptions;
    budget: ReceiveBudget;
    /** Called with the bytes of the response. What it throws means that they cannot be decoded. */
    resolve: (message: Buffer) => void;
    reject: (error: AppError) => void;
  }) {
    this.path = path;
    this.message = message;
    this.timeoutMs = timeoutMs;
    this.#name = name;
    this.#maxBytes = maxBytes;
    this.#signal = signal;
    this.#budget = budget;
    this.#deadlineMs = performance.now() + timeoutMs;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = Number.isFinite(timeoutMs) ? setTimeout(onDeadline, timeoutMs, this) : undefined;
    if (signal) {
      this.#onAbort = () => this.fail(cancelled(this.#name));
      signal.addEventListener("abort", this.#onAbort, { once: true });
    }
  }

  /** Prefix and message as one piece. */
  framed(): Buffer {
    const { length } = this.message;
    const frame = Buffer.allocUnsafe(prefixBytes + length);
    frame[0] = 0;
    frame.writeUInt32BE(length, 1);
    this.message.copy(frame, prefixBytes);
    return frame;
  }

  /** Copies a piece of the response's body, which may lie in a buffer that is used again. */
  receive(source: Buffer, start: number, end: number): void {
    if (this.isOver) return;
    const length = end - start;
    this.#received += length;
    this.#budget.bytes += length;
    if (this.#received > this.#maxBytes || this.#budget.bytes > maxBufferedBytes) {
      this.fail(failed(this.#name, `its answer is larger than ${this.#maxBytes} bytes.`, grpcStatus.resourceExhausted));
      return;
    }
    const piece = Buffer.allocUnsafe(length);
    source.copy(piece, 0, start, end);
    this.#chunks ??= new Chunks();
    this.#chunks.add(piece);
  }

  /** The peer has ended the stream in order; status and message are those of its last headers. */
  finish(): void {
    if (this.isOver) return;
    const { grpcStatus: status, httpStatus } = this;
    if (status === undefined) {
      this.fail(httpStatus !== 0 && httpStatus !== 200 ? failed(this.#name, `it answered with HTTP status ${httpStatus}.`) : this.#ended());
      return;
    }
    const code = Number(status);
    if (code !== 0) {
      this.refuse(code, percentDecoded(this.grpcMessage ?? ""));
      return;
    }
    const body = this.#chunks?.all();
    if (body === undefined || body.length < prefixBytes || body[0] !== 0 || body.length < prefixBytes + body.readUInt32BE(1)) {
      this.fail(failed(this.#name, "its answer is not a gRPC message.", grpcStatus.internal));
      return;
    }
    this.succeed(body.subarray(prefixBytes, prefixBytes + body.readUInt32BE(1)));
  }

  /** The plugin's answer is a gRPC status other than OK. */
  refuse(code: number, text: string): void {
    this.fail(fromStatus(this.#name, code, text || `gRPC status ${code}`, this.timeoutMs));
  }

  /** @returns whether a response of this size is taken; the call has failed otherwise. */
  takes(bytes: number): boolean {
    if (bytes <= this.#maxBytes) return true;
    this.fail(failed(this.#name, `its answer is larger than ${this.#maxBytes} bytes.`, grpcStatus.resourceExhausted));
    return false;
  }

  succeed(message: Buffer): void {
    if (this.isOver) return;
    try {
      this.#resolve(message);
    } catch {
      this.fail(failed(this.#name, "its answer cannot be decoded.", grpcStatus.internal));
      return;
    }
    this.carrier = undefined;
    this.#end();
  }

  /** What came broke the rules of the protocol, in this call only. */
  malformed(why: string): void {
    this.fail(failed(this.#name, why, grpcStatus.internal));
  }

  /** The stream or the connection ended before the response did. */
  interrupt(cause?: Error): void {
    if (!this.isOver) this.fail(this.#ended(cause));
  }

  expire(): void {
    this.fail(timedOut(this.#name, this.timeoutMs));
  }

  fail(error: AppError): void {
    if (this.isOver) return;
    this.#end();
    const { carrier } = this;
    this.carrier = undefined;
    carrier?.abandon(this);
    this.#reject(error);
  }

  #end(): void {
    this.isOver = true;
    clearTimeout(this.#timer);
    if (this.#onAbort) this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#budget.bytes -= this.#received;
    this.#chunks = undefined;
    this.unsent = undefined;
  }

  /** A plugin is sent its deadline too, and may end the stream at it before our own timer has fired. */
  #ended(cause?: Error): AppError {
    return performance.now() >= this.#deadlineMs - clockSlackMs ? timedOut(this.#name, this.timeoutMs) : lost(this.#name.plugin, cause);
  }
}

const onDeadline = (call: UnaryCall) => call.expire();
