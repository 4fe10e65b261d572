import { CredentialBucket, type Resource, type ResourceName } from "@portico/protocol/edge";
import { bucketDigits, bucketEntryBytes } from "@portico/protocol/resources";
import { ConfigRefused } from "./compile.ts";

type Bucket = ReadonlyMap<string, number>;
type Buckets = readonly (Bucket | undefined)[];

/** Ids of apps by SHA-256 (lower-case hex) of a credential's secret. A changed copy shares all buckets but those that changed. */
export class CredentialIndex {
  readonly #shared: Buckets;
  readonly #own: Buckets;

  constructor(shared: Buckets = [], own: Buckets = []) {
    this.#shared = shared;
    this.#own = own;
  }

  appIdOf(hash: string): number | undefined {
    const at = Number.parseInt(hash.slice(0, bucketDigits), 16);
    return this.#shared[at]?.get(hash) ?? this.#own[at]?.get(hash);
  }

  edit(): CredentialIndexEdit {
    return new CredentialIndexEdit([...this.#shared], [...this.#own]);
  }
}

export class CredentialIndexEdit {
  readonly #shared: (Bucket | undefined)[];
  readonly #own: (Bucket | undefined)[];

  constructor(shared: (Bucket | undefined)[], own: (Bucket | undefined)[]) {
    this.#shared = shared;
    this.#own = own;
  }

  /** @throws ConfigRefused when it is not a bucket of the name's credentials. */
  set({ name, shared, body }: Resource): void {
    const { entries } = CredentialBucket.decode(body);
    if (entries.length % bucketEntryBytes !== 0) throw new ConfigRefused("its length is not that of whole entries");
    const bucket = new Map<string, number>();
    for (let at = 0; at < entries.length; at += bucketEntryBytes) {
      const hash = entries.toString("hex", at, at + 32);
      if (!hash.startsWith(name)) throw new ConfigRefused(`it holds a credential of bucket ${hash.slice(0, bucketDigits)}`);
      bucket.set(hash, entries.readUInt32BE(at + 32));
    }
    this.#put(name, shared, bucket);
  }

  remove({ name, shared }: ResourceName): void {
    this.#put(name, shared, undefined);
  }

  done(): CredentialIndex {
    return new CredentialIndex(this.#shared, this.#own);
  }

  #put(name: string, shared: boolean, bucket: Bucket | undefined): void {
    if (!/^[0-9a-f]{3}$/.test(name)) throw new ConfigRefused("its name is not the beginning of a hash");
    (shared ? this.#shared : this.#own)[Number.parseInt(name, 16)] = bucket;
  }
}
