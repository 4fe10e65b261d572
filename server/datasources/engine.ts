import { conflict, invalid } from "@portico/core";
import {
  createEmbedder,
  type Embedder,
  type JsonClient,
  type Match,
  type MetadataFilter,
  openChroma,
  openQdrant,
  type VectorStore,
} from "@portico/datasources";
import type { SecretValues } from "../secrets/values.ts";
import type { DatasourceService } from "./service.ts";
import type { Datasource, DatasourceStore } from "./store.ts";

/** A data source whose store and embedder can be called. */
export type OpenDatasource = { source: Datasource; store: VectorStore; embedder: Embedder; namespace: string };

export type NearestOptions = { limit: number; minScore: number };

export type DatasourceEngine = {
  open(id: number): Promise<OpenDatasource>;
  embed(id: number, texts: string[]): Promise<Float32Array[]>;
  /** @returns how many were stored. */
  store(id: number, documents: { content: string; metadata: Record<string, string>; embedding?: Float32Array }[]): Promise<number>;
  query(id: number, text: string, options: NearestOptions): Promise<Match[]>;
  queryVector(id: number, vector: Float32Array, options: NearestOptions): Promise<Match[]>;
  queryMetadata(id: number, filter: MetadataFilter, page: { limit: number; offset: number }): Promise<{ matches: Match[]; total: number }>;
};

const maxTextChars = 32_000;

/** What is done with the documents of data sources, for people, plugins and jobs. */
export function createDatasourceEngine({
  datasources,
  store,
  secretValues,
  client,
  openEmbedded,
}: {
  datasources: Pick<DatasourceService, "get">;
  store: Pick<DatasourceStore, "sealedKeys">;
  secretValues: Pick<SecretValues, "reveal">;
  client: JsonClient;
  openEmbedded(datasourceId: number): VectorStore;
}): DatasourceEngine {
  async function open(id: number): Promise<OpenDatasource> {
    const source = await datasources.get(id);
    const keys = await store.sealedKeys(id);
    const plain = async (stored: string | null | undefined, field: string) => (stored ? secretValues.reveal(stored, field) : "");
    const server = { url: source.dbConnString, key: await plain(keys?.dbConnApiKeySealed, "db_conn_api_key"), client };
    const drivers: Record<Datasource["dbSourceType"], () => VectorStore> = {
      embedded: () => openEmbedded(id),
      qdrant: () => openQdrant(server),
      chroma: () => openChroma(server),
    };
    const embedKey = await plain(keys?.embedApiKeySealed, "embed_api_key");
    const embedder = createEmbedder({ vendor: source.embedVendor, url: source.embedUrl, key: embedKey, model: source.embedModel }, client);
    return { source, store: drivers[source.dbSourceType](), embedder, namespace: source.dbName || "default" };
  }

  function checkTexts(field: string, texts: readonly string[], most: number): void {
    if (texts.length === 0) throw invalid(field, "must have at least one text");
    if (texts.length > most) throw invalid(field, `must have at most ${most} texts`);
    const at = texts.findIndex((text) => text.trim() === "" || text.length > maxTextChars);
    if (at !== -1)
      throw invalid(`${field}.${at}`, texts[at]?.trim() === "" ? "must not be empty" : `must be at most ${maxTextChars} characters`);
  }

  return {
    open,

    async embed(id, texts) {
      checkTexts("texts", texts, 500);
      return (await open(id)).embedder.embed(texts);
    },

    async store(id, documents) {
      checkTexts(
        "documents",
        documents.map(({ content }) => content),
        500,
      );
      const { store: vectors, embedder, namespace } = await open(id);
      const without = documents.filter(({ embedding }) => embedding === undefined);
      const made = without.length === 0 ? [] : await embedder.embed(without.map(({ content }) => content));
      const chunks = documents.map((document) => ({
        ...document,
        embedding: document.embedding ?? made[without.indexOf(document)] ?? new Float32Array(),
      }));
      const size = chunks[0]?.embedding.length ?? 0;
      const odd = chunks.findIndex(
        ({ embedding }) => embedding.length === 0 || embedding.length !== size || !embedding.every(Number.isFinite),
      );
      if (odd !== -1) throw invalid(`documents.${odd}.embedding`, `must have ${size || "at least one"} finite numbers, like the others`);
      await vectors.add(namespace, chunks);
      return chunks.length;
    },

    async query(id, text, options) {
      checkTexts("query", [text], 1);
      const { store: vectors, embedder, namespace } = await open(id);
      const [vector] = await embedder.embed([text]);
      return vector ? vectors.nearest(namespace, vector, options) : [];
    },

    async queryVector(id, vector, options) {
      if (vector.length === 0 || !vector.every(Number.isFinite)) throw invalid("embedding", "must be a list of finite numbers");
      const { store: vectors, namespace } = await open(id);
      return vectors.nearest(namespace, vector, options);
    },

    async queryMetadata(id, filter, page) {
      const { store: vectors, namespace } = await open(id);
      return vectors.withMetadata(namespace, filter, page);
    },
  };
}

/** Plugins use active data sources only. */
export function checkActive(source: Datasource): void {
  if (!source.active) throw conflict(`The data source ${source.name} is not active.`);
}
