import { randomUUID } from "node:crypto";
import { z } from "zod";
import { below, type JsonClient } from "./http.ts";
import type { Match, MetadataFilter, VectorStore } from "./types.ts";

const Payload = z.object({ content: z.string().default(""), metadata: z.record(z.string(), z.coerce.string()).default({}) });
const Point = z.object({ score: z.number().default(0), payload: Payload.nullish() });

const toMatch = ({ score, payload }: z.infer<typeof Point>): Match => ({
  content: payload?.content ?? "",
  score,
  metadata: payload?.metadata ?? {},
});

const filterOf = ({ values, mode }: MetadataFilter) => ({
  [mode === "and" ? "must" : "should"]: Object.entries(values).map(([key, value]) => ({ key: `metadata.${key}`, match: { value } })),
});

/** Qdrant over its REST API. */
export function openQdrant({ url, key, client }: { url: string; key: string; client: JsonClient }): VectorStore {
  const headers: Record<string, string> = key === "" ? {} : { "api-key": key };
  const call = (method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown, accept?: number[]) =>
    client.call({ method, url: below(url, path), headers, ...(body === undefined ? {} : { body }), ...(accept ? { accept } : {}) });
  const collection = (name: string) => `/collections/${encodeURIComponent(name)}`;

  async function count(name: string, filter?: MetadataFilter): Promise<number> {
    const body = { exact: true, ...(filter ? { filter: filterOf(filter) } : {}) };
    const answer = await call("POST", `${collection(name)}/points/count`, body, [404]);
    return answer === undefined ? 0 : z.object({ result: z.object({ count: z.number() }) }).parse(answer).result.count;
  }

  return {
    async add(name, chunks) {
      const [first] = chunks;
      if (!first) return;
      if ((await call("GET", collection(name), undefined, [404])) === undefined)
        await call("PUT", collection(name), { vectors: { size: first.embedding.length, distance: "Cosine" } }, [409]);
      const points = chunks.map(({ content, embedding, metadata }) => ({
        id: randomUUID(),
        vector: [...embedding],
        payload: { content, metadata },
      }));
      const target = below(url, `${collection(name)}/points`);
      target.searchParams.set("wait", "true");
      await client.call({ method: "PUT", url: target, headers, body: { points } });
    },

    async nearest(name, vector, { limit, minScore }) {
      const body = { vector: [...vector], limit, with_payload: true, score_threshold: minScore };
      const answer = await call("POST", `${collection(name)}/points/search`, body, [404]);
      return answer === undefined
        ? []
        : z
            .object({ result: z.array(Point) })
            .parse(answer)
            .result.map(toMatch);
    },

    async withMetadata(name, filter, { limit, offset }) {
      // Scrolling goes by ids, not by numbers: what comes before the page is read too.
      const body = { filter: filterOf(filter), limit: offset + limit, with_payload: true };
      const answer = await call("POST", `${collection(name)}/points/scroll`, body, [404]);
      if (answer === undefined) return { matches: [], total: 0 };
      const { result } = z.object({ result: z.object({ points: z.array(Point) }) }).parse(answer);
      return { matches: result.points.slice(offset).map(toMatch), total: await count(name, filter) };
    },

    async deleteWithMetadata(name, filter, { dryRun }) {
      const matching = await count(name, filter);
      if (dryRun || matching === 0) return matching;
      const target = below(url, `${collection(name)}/points/delete`);
      target.searchParams.set("wait", "true");
      await client.call({ method: "POST", url: target, headers, body: { filter: filterOf(filter) } });
      return matching;
    },

    async namespaces() {
      const answer = await call("GET", "/collections");
      const { result } = z.object({ result: z.object({ collections: z.array(z.object({ name: z.string() })) }) }).parse(answer);
      const names = result.collections.slice(0, 100);
      return Promise.all(names.map(async ({ name }) => ({ name, count: await count(name) })));
    },

    async deleteNamespace(name) {
      await call("DELETE", collection(name), undefined, [404]);
    },
  };
}
