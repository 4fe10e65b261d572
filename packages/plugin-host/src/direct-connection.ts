import { connect, type Socket } from "node:net";
import { addDirectFrame, DirectCallError, DirectFrameReader, directPreface, directType, Outbox } from "@portico/core/direct-calls";
import { grpcStatus } from "./call-errors.ts";
import type { PluginAddress } from "./launch/handshake.ts";
import type { CallCarrier, UnaryCall } from "./unary-call.ts";

const readBufferBytes = 64 * 1024;
/** What waits in the socket, before calls wait here instead, where one that is over can be forgotten. */
const maxSocketBytes = 1024 * 1024;
const maxErrorBytes = 1024 * 1024;
const maxCallId = 2 ** 32 - 1;
/** Frames that serve no call, in a row, and what they may hold: late answers are skipped, but reading them costs CPU. */
const maxIdleFrames = 20_000;
const maxIdleBytes = 256 * 1024 * 1024;
const nothing = Buffer.alloc(0);

const pathHeads = new Map<string, Buffer>();
/** The beginning of a call's payload; there are as many as there are methods. */
function pathHead(path: string): Buffer {
  const known = pathHeads.get(path);
  if (known) return known;
  const made = Buffer.from(`${String.fromCharCode(path.length)}${path}`, "latin1");
  if (pathHeads.size < 256) pathHeads.set(path, made);
  return made;
}

/** One connection to a plugin on our SDK, for unary calls without HTTP/2. */
export class DirectConnection implements CallCarrier {
  /** Takes no further calls. */
  isSpent = false;
  readonly #socket: Socket;
  readonly #onClosed: (connection: DirectConnection) => void;
  readonly #out = new Outbox();
  /** Calls that were sent. */
  readonly #open = new Map<number, UnaryCall>();
  readonly #waiting = new Set<UnaryCall>();
  readonly #reader = new DirectFrameReader({
    accepts: (type, id, length) => this.#accepts(type, id, length),
    frame: (type, id, bytes, start, end) => this.#onFrame(type, id, bytes, start, end),
  });
  #nextId = 1;
  #idleFrames = 0;
  #idleBytes = 0;
  #isFlushing = false;

  /** @param options.onClosed called once, when all its calls are over. */
  constructor({ address, onClosed }: { address: PluginAddress; onClosed: (connection: DirectConnection) => void }) {
    this.#onClosed = onClosed;
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
    this.#socket.write(directPreface);
  }

  send(call: UnaryCall): void {
    call.carrier = this;
    this.#waiting.add(call);
    this.#schedule();
  }

  abandon(call: UnaryCall): void {
    if (this.#waiting.delete(call) || !this.#open.delete(call.streamId)) return;
    addDirectFrame(this.#out, directType.cancel, call.streamId, nothing, nothing);
    this.#schedule();
  }

  close(): void {
    this.#die(undefined);
  }

  /** Once for everything that happens in one turn of the event loop: a write costs more than what it carries. */
  #schedule(): void {
    if (this.#isFlushing || this.isSpent) return;
    this.#isFlushing = true;
    setImmediate(flushNow, this);
  }

  flush(): void {
    this.#isFlushing = false;
    if (this.isSpent) return;
    for (const call of this.#waiting) {
      if (this.#out.bytes + this.#socket.writableLength >= maxSocketBytes) break;
      this.#waiting.delete(call);
      call.streamId = this.#freeId();
      this.#open.set(call.streamId, call);
      addDirectFrame(this.#out, directType.call, call.streamId, pathHead(call.path), call.message);
    }
    if (this.#out.bytes > 0) this.#out.writeTo(this.#socket);
  }

  #freeId(): number {
    // After four thousand million calls numbers begin again; a call that still has one keeps it.
    while (this.#open.has(this.#nextId)) this.#nextId = this.#nextId >= maxCallId ? 1 : this.#nextId + 1;
    const id = this.#nextId;
    this.#nextId = id >= maxCallId ? 1 : id + 1;
    return id;
  }

  #read(buffer: Buffer, length: number): void {
    if (this.isSpent) return;
    try {
      this.#reader.push(buffer, length);
    } catch (error) {
      this.#die(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #accepts(type: number, id: number, length: number): boolean {
    if (type !== directType.response && type !== directType.error) throw new DirectCallError(`A plugin sent a frame of type ${type}.`);
    this.#idleFrames += 1;
    if (this.#idleFrames > maxIdleFrames) throw new DirectCallError("A plugin sent too many frames for no call.");
    if (type === directType.error && (length === 0 || length > maxErrorBytes))
      throw new DirectCallError(`A plugin sent an error of ${length} bytes.`);
    const call = this.#open.get(id);
    if (call && (type === directType.error || call.takes(length))) return true;
    this.#idleBytes += length;
    if (this.#idleBytes > maxIdleBytes) throw new DirectCallError("A plugin sent too many bytes for no call.");
    return false;
  }

  #onFrame(type: number, id: number, bytes: Buffer, start: number, end: number): void {
    const call = this.#open.get(id);
    if (!call) return;
    this.#idleFrames = this.#idleBytes = 0;
    this.#open.delete(id);
    call.carrier = undefined;
    if (type === directType.error) call.refuse(bytes[start] || grpcStatus.unknown, bytes.toString("utf8", start + 1, end));
    else call.succeed(Buffer.from(bytes.subarray(start, end)));
  }

  #die(cause: Error | undefined): void {
    if (this.isSpent) return;
    this.isSpent = true;
    this.#socket.destroy();
    const calls = [...this.#open.values(), ...this.#waiting];
    this.#open.clear();
    this.#waiting.clear();
    this.#onClosed(this);
    for (const call of calls) {
      call.carrier = undefined;
      call.interrupt(cause);
    }
  }
}

const flushNow = (connection: DirectConnection) => connection.flush();
