/** What readers need of a map. */
export type Lookup<K, V> = { get(key: K): V | undefined; has(key: K): boolean; values(): Iterable<V>; readonly size: number };

const shards = 256;

/** An immutable map of many entries: a changed copy shares all shards but those that changed. */
export class ShardedMap<K extends string | number, V> implements Lookup<K, V> {
  readonly #shards: readonly ReadonlyMap<K, V>[];
  readonly size: number;

  constructor(shards: readonly ReadonlyMap<K, V>[] = [], size = 0) {
    this.#shards = shards;
    this.size = size;
  }

  get(key: K): V | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  has(key: K): boolean {
    return this.#shards[shardOf(key)]?.has(key) ?? false;
  }

  *values(): Generator<V> {
    for (const shard of this.#shards) yield* shard.values();
  }

  edit(): ShardedMapEdit<K, V> {
    return new ShardedMapEdit([...this.#shards], this.size);
  }
}

/** A changed copy in the making; the map it began with stays as it is. */
export class ShardedMapEdit<K extends string | number, V> {
  readonly #shards: (ReadonlyMap<K, V> | undefined)[];
  readonly #own = new Map<number, Map<K, V>>();
  #size: number;

  constructor(shards: ReadonlyMap<K, V>[], size: number) {
    this.#shards = shards;
    this.#size = size;
  }

  get(key: K): V | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  set(key: K, value: V): void {
    const shard = this.#ownShard(shardOf(key));
    if (!shard.has(key)) this.#size++;
    shard.set(key, value);
  }

  delete(key: K): void {
    if (this.get(key) === undefined) return;
    if (this.#ownShard(shardOf(key)).delete(key)) this.#size--;
  }

  /** Ends the editing. */
  done(): ShardedMap<K, V> {
    return new ShardedMap(
      Array.from({ length: shards }, (_, at) => this.#shards[at] ?? new Map<K, V>()),
      this.#size,
    );
  }

  #ownShard(at: number): Map<K, V> {
    let shard = this.#own.get(at);
    if (!shard) {
      shard = new Map(this.#shards[at]);
      this.#own.set(at, shard);
      this.#shards[at] = shard;
    }
    return shard;
  }
}

function shardOf(key: string | number): number {
  if (typeof key === "number") return key % shards;
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) | 0;
  return hash & (shards - 1);
}
