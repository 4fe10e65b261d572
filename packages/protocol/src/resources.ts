import { createHash } from "node:crypto";

/** What distinguishes a resource of an edge from all others. */
export type ResourceRef = { type: string; name: string; shared: boolean };

export const resourceKey = ({ type, name, shared }: ResourceRef): string => `${shared ? "shared" : "own"} ${type} ${name}`;

/** SHA-256 over what the resource is called and what is in it. */
export const resourceHash = (ref: ResourceRef, body: Uint8Array): Buffer =>
  createHash("sha256")
    .update(`${resourceKey(ref)}\0`)
    .update(body)
    .digest();

/** Of resources of type "credentials": how many hex digits their hashes share. */
export const bucketDigits = 3;
export const bucketEntryBytes = 36;

const lanes = 8;

/**
 * Checksum of a set of resources that can be kept up to date without reading the others: the sum of their hashes, in eight lanes of 32
 * bits. It shows that two sides have diverged; it does not protect from somebody who chooses the resources.
 */
export class StateChecksum {
  readonly #sum = new Uint32Array(lanes);

  static parse(hex: string): StateChecksum {
    const checksum = new StateChecksum();
    checksum.add(Buffer.from(hex, "hex"));
    return checksum;
  }

  /** @param hash 32 bytes; none changes nothing. */
  add(hash: Uint8Array): this {
    return this.#each(hash, (sum, lane) => sum + lane);
  }

  remove(hash: Uint8Array): this {
    return this.#each(hash, (sum, lane) => sum - lane);
  }

  plus(other: StateChecksum): this {
    for (const [i, lane] of other.#sum.entries()) this.#sum[i] = (this.#sum[i] ?? 0) + lane;
    return this;
  }

  minus(other: StateChecksum): this {
    for (const [i, lane] of other.#sum.entries()) this.#sum[i] = (this.#sum[i] ?? 0) - lane;
    return this;
  }

  copy(): StateChecksum {
    const copy = new StateChecksum();
    copy.#sum.set(this.#sum);
    return copy;
  }

  /** 64 lower-case hex digits. */
  toString(): string {
    const bytes = Buffer.alloc(lanes * 4);
    for (const [i, lane] of this.#sum.entries()) bytes.writeUInt32BE(lane, i * 4);
    return bytes.toString("hex");
  }

  #each(hash: Uint8Array, combine: (sum: number, lane: number) => number): this {
    const view = new DataView(hash.buffer, hash.byteOffset, hash.byteLength);
    for (let i = 0; i < lanes && i * 4 < hash.byteLength; i++) this.#sum[i] = combine(this.#sum[i] ?? 0, view.getUint32(i * 4));
    return this;
  }
}
