export type Metadata = Readonly<Record<string, string>>;

/** A piece of text with its vector. */
export type Chunk = { content: string; embedding: Float32Array; metadata: Metadata };

/** What a query found; the score is the cosine similarity, 0 where nothing was compared. */
export type Match = { content: string; score: number; metadata: Metadata };

/** All of the values (`and`) or any of them (`or`). */
export type MetadataFilter = { values: Metadata; mode: "and" | "or" };

export type VectorNamespace = { name: string /** -1 when the store does not say. */; count: number };

/** A vector store, opened for one data source. What it calls a collection, index or table is a namespace here. */
export type VectorStore = {
  /** Adds chunks; the namespace is made when it is not there. */
  add(namespace: string, chunks: readonly Chunk[]): Promise<void>;
  /** The nearest chunks, best first. A namespace that is not there has none. */
  nearest(namespace: string, vector: Float32Array, options: { limit: number; minScore: number }): Promise<Match[]>;
  withMetadata(
    namespace: string,
    filter: MetadataFilter,
    page: { limit: number; offset: number },
  ): Promise<{ matches: Match[]; total: number }>;
  /** @returns how many match; with `dryRun` they stay. */
  deleteWithMetadata(namespace: string, filter: MetadataFilter, options: { dryRun: boolean }): Promise<number>;
  namespaces(): Promise<VectorNamespace[]>;
  deleteNamespace(namespace: string): Promise<void>;
};

/** Makes vectors of texts, in their order. */
export type Embedder = { embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> };

/** Brings a vector to length 1; one of zeros stays. */
export function normalized(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const length = Math.sqrt(sum);
  return length === 0 || !Number.isFinite(length) ? new Float32Array(vector.length) : vector.map((value) => value / length);
}
