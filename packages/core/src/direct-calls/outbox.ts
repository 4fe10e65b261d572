import type { Socket } from "node:net";

const slabBytes = 16 * 1024;
/** Larger pieces are not copied together with others. */
const maxCopiedBytes = 4 * 1024;

/** What is to be sent, gathered until it is written in one piece. */
export class Outbox {
  bytes = 0;
  #pieces: Buffer[] = [];
  #slab: Buffer = Buffer.allocUnsafeSlow(slabBytes);
  /** Of the slab: what is gathered lies between these two, what was written before them. */
  #from = 0;
  #to = 0;

  /** Room for `length` bytes, at most 4 KiB: what is written to `slab` from the returned place on is sent. */
  reserve(length: number): number {
    if (this.#to + length > this.#slab.length) {
      this.#cut();
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#from = this.#to = 0;
    }
    const at = this.#to;
    this.#to += length;
    this.bytes += length;
    return at;
  }

  /** The memory of the last `reserve`. */
  get slab(): Buffer {
    return this.#slab;
  }

  /** `bytes` must not change until they are sent. */
  add(bytes: Buffer): void {
    if (bytes.length <= maxCopiedBytes) {
      const at = this.reserve(bytes.length);
      bytes.copy(this.#slab, at);
      return;
    }
    this.#cut();
    this.#pieces.push(bytes);
    this.bytes += bytes.length;
  }

  writeTo(socket: Socket): void {
    this.#cut();
    const pieces = this.#pieces;
    this.bytes = 0;
    this.#pieces = [];
    if (pieces.length === 1) {
      socket.write(pieces[0] as Buffer);
      return;
    }
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
  }

  #cut(): void {
    if (this.#to > this.#from) this.#pieces.push(this.#slab.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
