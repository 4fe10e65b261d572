import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aGrantedPlugin, callAs } from "../grpc/testing.ts";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

let count = 0;
const create = async (attributes: object = {}) =>
  `/api/v1/datasources/${(await studio.call("POST", "/api/v1/datasources", { name: `Documents ${++count}`, ...attributes })).data.id}`;
const upload = (path: string, file_name: string, content: string, encoding = "text") =>
  studio.call("POST", `${path}/documents`, { file_name, content, encoding });
const finished = (path: string) =>
  expect
    .poll(async () => (await studio.call("GET", `${path}/ingestions`)).list.map(({ attributes }) => attributes.status), { timeout: 60_000 })
    .not.toEqual(expect.arrayContaining([expect.stringMatching(/queued|running/)]));
type Found = { content: string; similarity_score: number; metadata: Record<string, string> }[];
const query = async (path: string, text: string, more: object = {}) =>
  ((await studio.call("POST", `${path}/query`, { query: text, ...more })).json as { data: Found }).data;

test("files of every text format are found by their words, best first, and only once however often they are processed", async () => {
  const path = await create();
  expect((await upload(path, "leave.md", "# Parental leave\n\nParents take twelve weeks of paid leave.")).status).toBe(202);
  await finished(path);
  await upload(
    path,
    "travel.html",
    "<html><style>p{}</style><script>alert(1)</script><p>Train tickets are <b>reimbursed</b> within a month.</p>",
  );
  await finished(path);
  await upload(path, "offices.csv", "City,Floor\nLisbon,4\nOsaka,9\n");
  await finished(path);
  expect((await studio.call("POST", `${path}/process-embeddings`)).status).toBe(202);
  await finished(path);

  const [leave, ...others] = await query(path, "how many weeks of parental leave");
  expect(leave).toMatchObject({ metadata: { filename: "leave.md" }, content: expect.stringContaining("twelve weeks") });
  expect(others.every(({ similarity_score }) => similarity_score <= (leave?.similarity_score ?? 0))).toBe(true);
  const [travel] = await query(path, "reimburse tickets for trains");
  expect(travel?.content).toBe("Train tickets are reimbursed within a month.");
  expect((await query(path, "Osaka"))[0]?.content).toContain("City: Osaka\nFloor: 9");
  expect(await query(path, "leave", { max_results: 100, similarity_threshold: -1 })).toHaveLength(3);
  expect(await query(path, "leave", { similarity_threshold: 0.99 })).toEqual([]);
  const runs = (await studio.call("GET", `${path}/ingestions`)).list;
  expect(runs[0]?.attributes).toMatchObject({ status: "completed", files_total: 3, files_done: 3, chunks_stored: 3, faults: [] });
  expect((await studio.call("GET", path)).data.attributes.files).toHaveLength(3);
});

test("a file that cannot be read is named with its reason, and does not keep the others out", async () => {
  const path = await create();
  await upload(path, "image.bin", Buffer.from([1, 0, 2, 0]).toString("base64"), "base64");
  await finished(path);
  await upload(path, "broken.pdf", "%PDF-1.7 nothing else");
  await finished(path);
  await upload(path, "good.txt", "Umbrellas are in the lobby.");
  await finished(path);
  const [run] = (await studio.call("GET", `${path}/ingestions`)).list;
  expect(run?.attributes).toMatchObject({
    status: "completed",
    chunks_stored: 1,
    faults: ["image.bin is not text, Markdown, HTML, PDF, DOCX or CSV.", expect.stringMatching(/^broken\.pdf cannot be read as PDF/)],
  });
  expect((await query(path, "umbrellas"))[0]?.content).toBe("Umbrellas are in the lobby.");
  expect((await studio.call("POST", `${path}/ingestions/${run?.id}/cancel`)).status).toBe(409);
  expect((await studio.call("POST", `${await create()}/process-embeddings`)).status).toBe(409);
});

test("a plugin embeds, stores, searches by text, vector and metadata, and deletes by metadata after a dry run", async () => {
  const plugin = await aGrantedPlugin(studio, ["datasources.read", "datasources.write", "datasources.embeddings", "datasources.query"]);
  const datasourceId = Number((await create({ active: true })).split("/").at(-1));
  const as = async (rpc: string, request: object = {}) => {
    const outcome = await callAs(studio.runtime.serviceApi, plugin.id, rpc, { datasourceId, ...request });
    expect(outcome).toMatchObject({ code: status.OK });
    return outcome.response as Record<string, unknown>;
  };
  const chunks = ["Cats sleep", "Dogs bark", "Cats purr"].map((content, at) => ({ content, metadata: { page: String(at), kind: "pet" } }));
  expect(await as("processAndStoreDocuments", { chunks })).toMatchObject({ success: true, processedCount: 3 });
  const { vectors } = (await as("generateEmbedding", { texts: ["parrots talk"] })) as { vectors: { values: number[] }[] };
  expect(
    await as("storeDocuments", { documents: [{ content: "parrots talk", embedding: vectors[0]?.values, metadata: {} }] }),
  ).toMatchObject({
    storedCount: 1,
  });
  const contents = (answer: Record<string, unknown>) => (answer.results as { content: string }[]).map(({ content }) => content);
  expect(contents(await as("queryDatasourceByVector", { embedding: vectors[0]?.values, maxResults: 1 }))).toEqual(["parrots talk"]);
  expect(contents(await as("queryDatasource", { query: "cats", maxResults: 2 })).sort()).toEqual(["Cats purr", "Cats sleep"]);
  const both = { metadataFilter: { page: "1", kind: "pet" } };
  expect(contents(await as("queryByMetadataOnly", both))).toEqual(["Dogs bark"]);
  expect(await as("queryByMetadataOnly", { ...both, filterMode: "OR", limit: 1 })).toMatchObject({ totalCount: 3 });
  expect(await as("listNamespaces")).toEqual({ namespaces: [{ name: "default", documentCount: 4 }] });
  expect(await as("deleteDocumentsByMetadata", { ...both, dryRun: true })).toMatchObject({ deletedCount: 1 });
  expect(await as("deleteDocumentsByMetadata", both)).toMatchObject({ deletedCount: 1 });
  expect(contents(await as("queryDatasource", { query: "dogs bark", similarityThreshold: 0.9 }))).toEqual([]);
  await as("deleteNamespace", { namespace: "default", confirm: true });
  expect(contents(await as("queryDatasource", { query: "cats" }))).toEqual([]);
  const refused = await callAs(studio.runtime.serviceApi, plugin.id, "deleteNamespace", { datasourceId, namespace: "default" });
  expect(refused).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining("confirm") });
});

test("an embedder over HTTP gets batches with the key, is asked again when it is busy, and a wrong answer names the fields to check", async () => {
  const seen: { authorization: string | undefined; input: string[] }[] = [];
  let busy = 1;
  let isWrong = false;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      if (busy-- > 0) return response.writeHead(429, { "retry-after": "0.05" }).end();
      const { input } = JSON.parse(Buffer.concat(parts).toString()) as { input: string[] };
      seen.push({ authorization: request.headers.authorization, input });
      const data = input.map((text, index) => ({ index, embedding: [text.length, 1] })).reverse();
      response.end(JSON.stringify({ data: isWrong ? data.slice(1) : data }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const embed_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const path = await create({ embed_vendor: "openai", embed_url, embed_model: "m", embed_api_key: "sk-embedder" });
    const plugin = await aGrantedPlugin(studio, ["datasources.embeddings"]);
    const texts = Array.from({ length: 130 }, (_, at) => "x".repeat(at + 1));
    const embed = () =>
      callAs(studio.runtime.serviceApi, plugin.id, "generateEmbedding", { datasourceId: Number(path.split("/").at(-1)), texts });
    const { response } = await embed();
    const made = (response?.vectors ?? []) as { values: number[] }[];
    expect(made.map(({ values }) => values[0])).toEqual(texts.map((text) => text.length));
    expect(seen.map(({ input }) => input.length)).toEqual([128, 2]);
    expect(seen[0]?.authorization).toBe("Bearer sk-embedder");
    isWrong = true;
    const { details } = await embed();
    expect(details).toMatch(/did not answer with one vector for each text. Check embed_url and embed_model/);
    expect(details).not.toContain("sk-embedder");
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
