import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createOutbound } from "@portico/outbound";
import { afterEach, expect, test } from "vitest";
import { createJsonClient, openChroma, openQdrant, type VectorStore } from "./index.ts";

const undo: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

type Json = Record<string, unknown>;
type Reply = { status: number; body?: unknown };

async function aServer(answer: (method: string, path: string, body: Json, key: string) => Reply): Promise<string> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const key = String(request.headers["api-key"] ?? request.headers["x-chroma-token"] ?? "");
      const text = Buffer.concat(parts).toString();
      const path = new URL(request.url ?? "/", "http://any").pathname;
      const { status, body } = answer(request.method ?? "", path, text === "" ? {} : (JSON.parse(text) as Json), key);
      response.writeHead(status, { "content-type": "application/json" }).end(body === undefined ? "" : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undo.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const dot = (a: number[], b: number[]) => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

/** Qdrant's documented wire: collections, and points with payloads that are filtered by keys of nested objects. */
function aQdrant() {
  type Point = { id: string; vector: number[]; payload: { content: string; metadata: Record<string, string> } };
  type Condition = { key: string; match: { value: string } };
  type Filter = { must?: Condition[]; should?: Condition[] };
  const collections = new Map<string, Point[]>();
  const holds = ({ payload }: Point, { key, match }: Condition) => payload.metadata[key.replace(/^metadata\./, "")] === match.value;
  const fits = (point: Point, filter?: Filter) =>
    (filter?.must ?? []).every((one) => holds(point, one)) && (!filter?.should || filter.should.some((one) => holds(point, one)));
  return aServer((method, path, body, key) => {
    if (key !== "qk") return { status: 401, body: { status: { error: "Invalid API key or JWT" } } };
    if (path === "/collections")
      return { status: 200, body: { result: { collections: [...collections.keys()].map((name) => ({ name })) } } };
    const [, , name = "", ...rest] = path.split("/");
    const points = collections.get(name);
    const filter = body.filter as Filter | undefined;
    const action = `${method} ${rest.join("/")}`;
    if (action === "PUT ") {
      collections.set(name, []);
      return { status: 200, body: { result: true } };
    }
    if (!points) return { status: 404, body: { status: { error: `Not found: Collection \`${name}\` doesn't exist!` } } };
    const found = points.filter((point) => fits(point, filter));
    switch (action) {
      case "GET ":
        return { status: 200, body: { result: { status: "green" } } };
      case "DELETE ":
        return { status: 200, body: { result: collections.delete(name) } };
      case "PUT points":
        points.push(...(body.points as Point[]));
        return { status: 200, body: { result: { status: "completed" } } };
      case "POST points/count":
        return { status: 200, body: { result: { count: found.length } } };
      case "POST points/scroll":
        return {
          status: 200,
          body: { result: { points: found.slice(0, body.limit as number).map(({ id, payload }) => ({ id, payload })) } },
        };
      case "POST points/search": {
        const scored = found.map(({ id, vector, payload }) => ({ id, payload, score: dot(vector, body.vector as number[]) }));
        const near = scored.filter(({ score }) => score >= (body.score_threshold as number)).sort((a, b) => b.score - a.score);
        return { status: 200, body: { result: near.slice(0, body.limit as number) } };
      }
      case "POST points/delete":
        collections.set(
          name,
          points.filter((point) => !found.includes(point)),
        );
        return { status: 200, body: { result: { status: "completed" } } };
      default:
        return { status: 404 };
    }
  });
}

/** Chroma's documented wire, version 2. */
function aChroma() {
  type Row = { id: string; embedding: number[]; document: string; metadata: Record<string, string> | null };
  const collections = new Map<string, Row[]>();
  const root = "/api/v2/tenants/default_tenant/databases/default_database/collections";
  const fits = (row: Row, where: Record<string, unknown> | undefined): boolean =>
    Object.entries(where ?? {}).every(([key, value]) => {
      if (key === "$and") return (value as Record<string, unknown>[]).every((one) => fits(row, one));
      if (key === "$or") return (value as Record<string, unknown>[]).some((one) => fits(row, one));
      return row.metadata?.[key] === (value as { $eq: string }).$eq;
    });
  return aServer((method, path, body) => {
    const [name = "", action = ""] = path.slice(root.length + 1).split("/");
    if (path === root && method === "GET") return { status: 200, body: [...collections.keys()].map((one) => ({ id: one, name: one })) };
    if (path === root) {
      const made = body.name as string;
      if (!collections.has(made)) collections.set(made, []);
      return { status: 200, body: { id: made, name: made } };
    }
    const rows = collections.get(name);
    if (!rows) return { status: 404, body: { error: "NotFoundError", message: `Collection [${name}] does not exist` } };
    const found = rows.filter((row) => fits(row, body.where as Json | undefined));
    switch (`${method} ${action}`) {
      case "GET ":
        return { status: 200, body: { id: name, name } };
      case "DELETE ":
        collections.delete(name);
        return { status: 200, body: {} };
      case "GET count":
        return { status: 200, body: rows.length };
      case "POST upsert": {
        const { ids, embeddings, documents, metadatas } = body as unknown as {
          ids: string[];
          embeddings: number[][];
          documents: string[];
          metadatas: Row["metadata"][];
        };
        rows.push(
          ...ids.map((id, at) => ({
            id,
            embedding: embeddings[at] ?? [],
            document: documents[at] ?? "",
            metadata: metadatas[at] ?? null,
          })),
        );
        return { status: 200, body: {} };
      }
      case "POST get": {
        const from = (body.offset as number | undefined) ?? 0;
        const page = found.slice(from, from + ((body.limit as number | undefined) ?? found.length));
        return {
          status: 200,
          body: {
            ids: page.map(({ id }) => id),
            documents: page.map((row) => row.document),
            metadatas: page.map(({ metadata }) => metadata),
          },
        };
      }
      case "POST query": {
        const [vector = []] = body.query_embeddings as number[][];
        const near = rows
          .map((row) => ({ ...row, distance: 1 - dot(row.embedding, vector) }))
          .sort((a, b) => a.distance - b.distance)
          .slice(0, body.n_results as number);
        return {
          status: 200,
          body: {
            ids: [near.map(({ id }) => id)],
            documents: [near.map((row) => row.document)],
            metadatas: [near.map(({ metadata }) => metadata)],
            distances: [near.map(({ distance }) => distance)],
          },
        };
      }
      case "POST delete":
        collections.set(
          name,
          rows.filter((row) => !found.includes(row)),
        );
        return { status: 200, body: {} };
      default:
        return { status: 404 };
    }
  });
}

function aClient() {
  const client = createJsonClient({ outbound: createOutbound() });
  undo.push(() => client.close());
  return client;
}

/** PORTICO_TEST_CHROMA: a real server to hold the same to. */
const chromaUrl = async () => process.env.PORTICO_TEST_CHROMA ?? (await aChroma());

const stores: Record<string, () => Promise<VectorStore>> = {
  qdrant: async () => openQdrant({ url: await aQdrant(), key: "qk", client: aClient() }),
  chroma: async () => openChroma({ url: await chromaUrl(), key: "", client: aClient() }),
};

test.each(Object.keys(stores))("%s keeps chunks, finds the nearest and those with metadata, and deletes them", async (name) => {
  const store = await (stores[name] as () => Promise<VectorStore>)();
  const namespace = "portico-test";
  await store.deleteNamespace(namespace);
  expect(await store.nearest(namespace, Float32Array.of(1, 0), { limit: 5, minScore: -1 })).toEqual([]);
  expect(await store.deleteWithMetadata(namespace, { values: { a: "1" }, mode: "and" }, { dryRun: false })).toBe(0);
  await store.add(namespace, [
    { content: "east", embedding: Float32Array.of(1, 0), metadata: { a: "1", b: "x" } },
    { content: "north", embedding: Float32Array.of(0, 1), metadata: { a: "2", b: "x" } },
  ]);
  await store.add(namespace, [{ content: "west", embedding: Float32Array.of(-1, 0), metadata: {} }]);
  const near = await store.nearest(namespace, Float32Array.of(1, 0), { limit: 2, minScore: -1 });
  expect(near.map(({ content }) => content)).toEqual(["east", "north"]);
  expect(near[0]?.score).toBeCloseTo(1, 4);
  expect(near[0]?.metadata).toEqual({ a: "1", b: "x" });
  expect(await store.nearest(namespace, Float32Array.of(1, 0), { limit: 5, minScore: 0.5 })).toHaveLength(1);
  const either = { values: { a: "1", b: "x" }, mode: "or" } as const;
  expect((await store.withMetadata(namespace, { ...either, mode: "and" }, { limit: 9, offset: 0 })).matches).toMatchObject([
    { content: "east" },
  ]);
  const { matches, total } = await store.withMetadata(namespace, either, { limit: 1, offset: 1 });
  expect([matches.length, total]).toEqual([1, 2]);
  expect(await store.namespaces()).toContainEqual({ name: namespace, count: 3 });
  expect(await store.deleteWithMetadata(namespace, either, { dryRun: true })).toBe(2);
  expect(await store.namespaces()).toContainEqual({ name: namespace, count: 3 });
  expect(await store.deleteWithMetadata(namespace, either, { dryRun: false })).toBe(2);
  expect(await store.namespaces()).toContainEqual({ name: namespace, count: 1 });
  await store.deleteNamespace(namespace);
  expect((await store.namespaces()).map((one) => one.name)).not.toContain(namespace);
});

test("what a store answers with an error is said with its host, and never the key", async () => {
  const url = await aQdrant();
  const store = openQdrant({ url, key: "wrong-secret", client: aClient() });
  const failure = await store.namespaces().catch((error: Error) => error.message);
  expect(failure).toBe(`${new URL(url).host} answered with status 401: Invalid API key or JWT.`);
});
