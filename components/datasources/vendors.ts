import type { DatasourceDraft } from "../../server/datasources/contract.ts";

export type StoreId = DatasourceDraft["db_source_type"];
export type EmbedderId = DatasourceDraft["embed_vendor"];

export const storeLabels: Record<StoreId, string> = { embedded: "Built in", qdrant: "Qdrant", chroma: "Chroma" };

export const embedderLabels: Record<EmbedderId, string> = {
  local: "Built in",
  openai: "OpenAI or compatible",
  ollama: "Ollama",
  google_ai: "Google AI",
  vertex: "Vertex AI",
  cohere: "Cohere",
};

export const labelOf = (labels: Record<string, string>, id: string): string => labels[id] ?? id;
export const choicesOf = (labels: Record<string, string>) => Object.entries(labels).map(([value, label]) => ({ value, label }));
