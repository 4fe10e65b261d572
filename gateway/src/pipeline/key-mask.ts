import type { OutgoingHttpHeader } from "node:http";

/** Shorter ones are no secrets, and would be found in words. */
const shortestKey = 8;
const asterisk = 42;

/**
 * Blots a vendor's key out of what it answers: some echo the request, in errors above all. The blot is as long as the key, so that no length
 * that was announced becomes untrue.
 */
export class KeyMask {
  readonly #key: Buffer;
  readonly #text: string;
  readonly #blot: string;

  constructor(key: string) {
    this.#key = Buffer.from(key);
    this.#text = key;
    this.#blot = "*".repeat(key.length);
  }

  header(value: OutgoingHttpHeader): OutgoingHttpHeader {
    if (typeof value === "string") return value.length < this.#text.length ? value : this.#without(value);
    return Array.isArray(value) ? value.map((one) => this.#without(one)) : value;
  }

  #without(value: string): string {
    return value.includes(this.#text) ? value.replaceAll(this.#text, this.#blot) : value;
  }

  /** Blots out the key in place. @returns where at the end a part of the key begins, or the length when none does. */
  blotOut(bytes: Buffer): number {
    const key = this.#key;
    for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + key.length)) bytes.fill(asterisk, at, at + key.length);
    const start = key[0] as number;
    for (let at = Math.max(0, bytes.length - key.length + 1); at < bytes.length; at++) {
      if (bytes[at] === start && key.subarray(0, bytes.length - at).equals(bytes.subarray(at))) return at;
    }
    return bytes.length;
  }
}

export const keyMaskOf = (key: string): KeyMask | undefined => (key.length >= shortestKey ? new KeyMask(key) : undefined);
