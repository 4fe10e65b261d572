import { randomUUID } from "node:crypto";
import { z } from "zod";
import { below, type JsonClient } from "./http.ts";
import type { Match, MetadataFilter, VectorStore } from "./types.ts";

const root = "/api/v2/tenants/default_tenant/databases/default_database/collections";
const Collection = z.object({ id: z.string(), name: z.string() });
const Metadatas = z.array(z.record(z.string(), z.unknown()).nullable()).nullish();
const Documents = z.array(z.string().nullable()).nullish();

const textsOf = (metadata: Record<string, unknown> | null | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, String(value)]));

function whereOf({ values, mode }: MetadataFilter): object {
  const parts = Object.entries(values).map(([key, value]) => ({ [key]: { $eq: value } }));
  const [only] = parts;
  return parts.length === 1 && only ? only : { [`$${mode}`]: parts };
}

/** Chroma over version 2 of its REST API. */
export function openChroma({ url, key, client }: { url: string; key: string; client: JsonClient }): VectorStore {
  const headers: Record<string, string> = key === "" ? {} : { "x-chroma-token": key };
  const call = (method: "GET" | "POST" | "DELETE", path: string, body?: unknown, accept?: number[]) =>
    client.call({
      method,
      url: below(url, `${root}${path}`),
      headers,
      ...(body === undefined ? {} : { body }),
      ...(accept ? { accept } : {}),
    });

  async function idOf(name: string): Promise<string | undefined> {
    const answer = await call("GET", `/${encodeURIComponent(name)}`, undefined, [404]);
    return answer === undefined ? undefined : Collection.parse(answer).id;
  }

  const Ids = z.object({ ids: z.array(z.string()) });

  async function matching(id: string, filter: MetadataFilter): Promise<string[]> {
    return Ids.parse(await call("POST", `/${id}/get`, { where: whereOf(filter), include: [] })).ids;
  }

  return {
    async add(name, chunks) {
      if (chunks.length === 0) return;
      const made = await call("POST", "", { name, get_or_create: true, configuration: { hnsw: { space: "cosine" } } });
      await call("POST", `/${Collection.parse(made).id}/upsert`, {
        ids: chunks.map(() => randomUUID()),
        embeddings: chunks.map(({ embedding }) => [...embedding]),
        documents: chunks.map(({ content }) => content),
        // Chroma takes no empty metadata.
        metadatas: chunks.map(({ metadata }) => (Object.keys(metadata).length === 0 ? null : metadata)),
      });
    },

    async nearest(name, vector, { limit, minScore }) {
      const id = await idOf(name);
      if (!id) return [];
      const body = { query_embeddings: [[...vector]], n_results: limit, include: ["documents", "metadatas", "distances"] };
      const Found = z.object({
        documents: z.array(Documents).nullish(),
        metadatas: z.array(Metadatas).nullish(),
        distances: z.array(z.array(z.number().nullable()).nullish()).nullish(),
      });
      const found = Found.parse(await call("POST", `/${id}/query`, body));
      const distances = found.distances?.[0] ?? [];
      return distances
        .map(
          (distance, at): Match => ({
            content: found.documents?.[0]?.[at] ?? "",
            score: 1 - (distance ?? 1),
            metadata: textsOf(found.metadatas?.[0]?.[at]),
          }),
        )
        .filter(({ score }) => score >= minScore);
    },

    async withMetadata(name, filter, { limit, offset }) {
      const id = await idOf(name);
      if (!id) return { matches: [], total: 0 };
      const body = { where: whereOf(filter), limit, offset, include: ["documents", "metadatas"] };
      const Got = z.object({ ids: z.array(z.string()), documents: Documents, metadatas: Metadatas });
      const got = Got.parse(await call("POST", `/${id}/get`, body));
      const matches = got.ids.map((_, at) => ({ content: got.documents?.[at] ?? "", score: 0, metadata: textsOf(got.metadatas?.[at]) }));
      return { matches, total: (await matching(id, filter)).length };
    },

    async deleteWithMetadata(name, filter, { dryRun }) {
      const id = await idOf(name);
      if (!id) return 0;
      const ids = await matching(id, filter);
      if (!dryRun && ids.length > 0) await call("POST", `/${id}/delete`, { where: whereOf(filter) });
      return ids.length;
    },

    async namespaces() {
      const collections = z
        .array(Collection)
        .parse(await call("GET", ""))
        .slice(0, 100);
      return Promise.all(collections.map(async ({ id, name }) => ({ name, count: Number(await call("GET", `/${id}/count`)) })));
    },

    async deleteNamespace(name) {
      await call("DELETE", `/${encodeURIComponent(name)}`, undefined, [404]);
    },
  };
}
