const smallBytes = 512;
const blockBytes = 4 * 1024;

/**
 * Gathers a body that arrives in pieces. Small pieces are copied together: kept each by itself, a body that is sent byte by byte would
 * take a hundred times its size.
 */
export class Chunks {
  /** Of all pieces together. */
  bytes = 0;
  #list: Buffer[] = [];
  #block: Buffer | undefined;
  #used = 0;

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    // Most bodies are one piece, which is not copied.
    if (chunk.length >= smallBytes || (this.#list.length === 0 && !this.#block)) {
      this.#close();
      this.#list.push(chunk);
      return;
    }
    if (!this.#block || this.#used + chunk.length > blockBytes) {
      this.#close();
      this.#block = Buffer.allocUnsafe(blockBytes);
    }
    chunk.copy(this.#block, this.#used);
    this.#used += chunk.length;
  }

  #close(): void {
    if (this.#block) this.#list.push(this.#block.subarray(0, this.#used));
    this.#block = undefined;
    this.#used = 0;
  }

  all(): Buffer {
    this.#close();
    const [first] = this.#list;
    return first && this.#list.length === 1 ? first : Buffer.concat(this.#list, this.bytes);
  }

  clear(): void {
    this.bytes = 0;
    this.#list = [];
    this.#block = undefined;
    this.#used = 0;
  }
}
