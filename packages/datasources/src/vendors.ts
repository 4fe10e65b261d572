/** Kinds of vector store, and what each needs to be reached. */
export const vectorStores = {
  embedded: {
    label: "Built in",
    description: "Vectors live in Portico's own database; nothing else to run.",
    isRemote: false,
    namesCollection: false,
  },
  qdrant: { label: "Qdrant", description: "A Qdrant server or cloud cluster.", isRemote: true, namesCollection: true },
  chroma: { label: "Chroma", description: "A Chroma server.", isRemote: true, namesCollection: true },
} as const satisfies Record<string, VectorStoreInfo>;

/** Services that make vectors of texts. `endpoint` is used when a data source names none; "" demands one. */
export const embedders = {
  local: {
    label: "Built in",
    description: "Hashed words and letter groups: finds shared wording, not meaning. No network.",
    endpoint: "",
    isRemote: false,
  },
  openai: {
    label: "OpenAI",
    description: "OpenAI's embeddings API and what is compatible with it.",
    endpoint: "https://api.openai.com/v1",
    isRemote: true,
  },
  ollama: { label: "Ollama", description: "An Ollama server.", endpoint: "", isRemote: true },
  google_ai: {
    label: "Google AI",
    description: "The Gemini API.",
    endpoint: "https://generativelanguage.googleapis.com/v1beta",
    isRemote: true,
  },
  vertex: { label: "Vertex AI", description: "A Vertex AI location; the key is an access token.", endpoint: "", isRemote: true },
  cohere: { label: "Cohere", description: "Cohere's embed API.", endpoint: "https://api.cohere.com", isRemote: true },
} as const satisfies Record<string, EmbedderInfo>;

type VectorStoreInfo = { label: string; description: string; isRemote: boolean; namesCollection: boolean };
type EmbedderInfo = { label: string; description: string; endpoint: string; isRemote: boolean };

export type VectorStoreId = keyof typeof vectorStores;
export type EmbedderId = keyof typeof embedders;

export const vectorStoreIds = Object.keys(vectorStores) as [VectorStoreId, ...VectorStoreId[]];
export const embedderIds = Object.keys(embedders) as [EmbedderId, ...EmbedderId[]];

export const vectorStoreOf = (id: VectorStoreId): VectorStoreInfo => vectorStores[id];
export const embedderOf = (id: EmbedderId): EmbedderInfo => embedders[id];
