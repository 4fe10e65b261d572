import { AppError } from "@portico/core";
import { z } from "zod";
import { below, type JsonClient } from "./http.ts";
import { localEmbedder } from "./local-embedder.ts";
import type { Embedder } from "./types.ts";
import { type EmbedderId, embedderOf } from "./vendors.ts";

export type EmbedderSettings = { vendor: EmbedderId; url: string; key: string; model: string };

const Vector = z.array(z.number()).min(1);
type Dialect = {
  batch: number;
  call(settings: EmbedderSettings, base: string, texts: readonly string[]): { url: URL; headers: Record<string, string>; body: unknown };
  /** Vectors of the answer, in the order of the texts. */
  read(answer: unknown): number[][];
};

const bearer = (key: string): Record<string, string> => (key === "" ? {} : { authorization: `Bearer ${key}` });

const dialects: Record<Exclude<EmbedderId, "local">, Dialect> = {
  openai: {
    batch: 128,
    call: ({ model, key }, base, input) => ({ url: below(base, "/embeddings"), headers: bearer(key), body: { model, input } }),
    read: (answer) =>
      z
        .object({ data: z.array(z.object({ index: z.number().optional(), embedding: Vector })) })
        .parse(answer)
        .data.map((one, at) => ({ at: one.index ?? at, vector: one.embedding }))
        .sort((a, b) => a.at - b.at)
        .map(({ vector }) => vector),
  },
  ollama: {
    batch: 32,
    call: ({ model, key }, base, input) => ({ url: below(base, "/api/embed"), headers: bearer(key), body: { model, input } }),
    read: (answer) => z.object({ embeddings: z.array(Vector) }).parse(answer).embeddings,
  },
  google_ai: {
    batch: 100,
    call: ({ model, key }, base, texts) => {
      const name = model.startsWith("models/") ? model : `models/${model}`;
      return {
        url: below(base, `/${name}:batchEmbedContents`),
        headers: key === "" ? {} : { "x-goog-api-key": key },
        body: { requests: texts.map((text) => ({ model: name, content: { parts: [{ text }] } })) },
      };
    },
    read: (answer) =>
      z
        .object({ embeddings: z.array(z.object({ values: Vector })) })
        .parse(answer)
        .embeddings.map(({ values }) => values),
  },
  vertex: {
    batch: 5,
    call: ({ model, key }, base, texts) => ({
      url: below(base, `/publishers/google/models/${model}:predict`),
      headers: bearer(key),
      body: { instances: texts.map((content) => ({ content })) },
    }),
    read: (answer) =>
      z
        .object({ predictions: z.array(z.object({ embeddings: z.object({ values: Vector }) })) })
        .parse(answer)
        .predictions.map(({ embeddings }) => embeddings.values),
  },
  cohere: {
    batch: 96,
    call: ({ model, key }, base, texts) => ({
      url: below(base, "/v2/embed"),
      headers: bearer(key),
      body: { model, texts, input_type: "search_document", embedding_types: ["float"] },
    }),
    read: (answer) => z.object({ embeddings: z.object({ float: z.array(Vector) }) }).parse(answer).embeddings.float,
  },
};

export function createEmbedder(settings: EmbedderSettings, client: JsonClient): Embedder {
  if (settings.vendor === "local") return localEmbedder;
  const dialect = dialects[settings.vendor];
  const base = settings.url || embedderOf(settings.vendor).endpoint;
  return {
    async embed(texts, signal) {
      const vectors: Float32Array[] = [];
      for (let at = 0; at < texts.length; at += dialect.batch) {
        const batch = texts.slice(at, at + dialect.batch);
        const { url, ...call } = dialect.call(settings, base, batch);
        const answer = await client.call({ method: "POST", url, ...call, signal });
        const read = readVectors(dialect, answer);
        if (read?.length !== batch.length || read.some((vector) => vector.length !== read[0]?.length))
          throw new AppError({
            code: "upstream_failed",
            message: `${url.host} did not answer with one vector for each text. Check embed_url and embed_model.`,
          });
        for (const vector of read) vectors.push(Float32Array.from(vector));
      }
      return vectors;
    },
  };
}

function readVectors(dialect: Dialect, answer: unknown): number[][] | undefined {
  try {
    return dialect.read(answer);
  } catch {
    return undefined;
  }
}
