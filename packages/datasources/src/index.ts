export { openChroma } from "./chroma.ts";
export { createEmbedder } from "./embedders.ts";
export { createJsonClient, type JsonClient } from "./http.ts";
export { openQdrant } from "./qdrant.ts";
export { splitText } from "./split.ts";
export { type Chunk, type Embedder, type Match, type MetadataFilter, normalized, type VectorStore } from "./types.ts";
export { createVectorIndex, type VectorIndex, type VectorSource } from "./vector-index.ts";
