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
const remote = {
  db_source_type: "qdrant",
  db_conn_string: "https://qdrant.example",
  db_name: "hr",
  embed_vendor: "openai",
  embed_model: "text-embedding-3-small",
};
const send = (attributes: object = {}) =>
  studio.call("POST", "/api/v1/datasources", {
    data: { type: "datasources", attributes: { name: `HR docs ${++count}`, ...attributes } },
  });
const create = async (attributes: object = {}) => (await send(attributes)).data;

test("a data source has the attributes of the reference, and without a store and an embedder it uses the built-in ones", async () => {
  const source = await create({ tags: ["hr"], privacy_score: 40, ...remote, db_conn_api_key: "k" });
  expect(Object.keys(source.attributes)).toEqual(
    expect.arrayContaining([
      ..."name short_description long_description icon url privacy_score user_id tags db_conn_string db_source_type".split(" "),
      ..."db_conn_api_key has_db_conn_api_key db_name embed_vendor embed_url embed_api_key has_embed_api_key".split(" "),
      ..."embed_model active namespace files".split(" "),
    ]),
  );
  expect(source.attributes).toMatchObject({
    user_id: studio.admin.userId,
    db_conn_api_key: "[redacted]",
    has_db_conn_api_key: true,
    embed_api_key: "",
    has_embed_api_key: false,
    tags: [{ type: "tags", attributes: { name: "hr" } }],
    files: [],
  });
  expect((await create({ db_source_type: "", embed_vendor: "" })).attributes).toMatchObject({
    db_source_type: "embedded",
    embed_vendor: "local",
  });
});

test("keys are never shown; [redacted] keeps one, an empty text clears it, and the audit log has neither", async () => {
  const source = await create({ ...remote, db_conn_api_key: "db-very-secret", embed_api_key: "embed-very-secret" });
  const path = `/api/v1/datasources/${source.id}`;
  const kept = await studio.call("PATCH", path, { db_conn_api_key: "[redacted]", embed_api_key: "", short_description: "s" });
  expect(kept.data.attributes).toMatchObject({ has_db_conn_api_key: true, has_embed_api_key: false, embed_api_key: "" });
  expect((await studio.call("PUT", path, { name: source.attributes.name, ...remote })).data.attributes.has_db_conn_api_key).toBe(true);
  const log = await studio.call("GET", `/api/v1/audit-log?object_type=datasource&object_id=${source.id}`);
  expect(log.list.length).toBeGreaterThan(1);
  expect(log.text).not.toContain("very-secret");
});

test("what a store or embedder needs is demanded at its field, and an address with a password is refused", async () => {
  for (const [attributes, field] of [
    [{ ...remote, db_conn_string: "" }, "db_conn_string"],
    [{ ...remote, db_conn_string: "ftp://qdrant" }, "db_conn_string"],
    [{ ...remote, db_conn_string: "https://me:secret@qdrant.example" }, "db_conn_string"],
    [{ ...remote, db_source_type: "embedded" }, "db_conn_string"],
    [{ ...remote, db_name: "" }, "db_name"],
    [{ ...remote, db_name: 'hr"; drop' }, "db_name"],
    [{ ...remote, embed_model: "" }, "embed_model"],
    [{ ...remote, embed_vendor: "ollama" }, "embed_url"],
    [{ db_source_type: "faiss" }, "db_source_type"],
    [{ tags: "hr" }, "tags"],
    [{ user_id: 999_999 }, "user_id"],
    [{ privacy_score: 101 }, "privacy_score"],
  ] as const) {
    const answer = await send(attributes);
    expect([answer.status, answer.errors[0]?.field]).toEqual([422, field]);
  }
});

test("tags are created when they do not exist, are found by, and may be sent back as they are shown", async () => {
  const name = `tag-${Date.now()}`;
  const [first, second] = [await create({ tags: [name] }), await create({ tags: [name, name] })];
  const found = await studio.call("GET", `/api/v1/datasources/by-tag?tag=${name}`);
  expect(found.list.map(({ id }) => id)).toEqual([first.id, second.id]);
  expect((await studio.call("GET", `/api/v1/tags?q=${name}`)).list).toHaveLength(1);
  const again = await studio.call("PATCH", `/api/v1/datasources/${first.id}`, { tags: first.attributes.tags });
  expect(again.data.attributes.tags).toEqual(first.attributes.tags);
  expect((await studio.call("PATCH", `/api/v1/datasources/${first.id}`, { tags: [] })).data.attributes.tags).toEqual([]);
});

test("a copy has keys and tags, no files, is in no namespace and inactive", async () => {
  const source = await create({ ...remote, namespace: "eu", tags: ["copied"], db_conn_api_key: "k" });
  const file = await studio.db.prisma.fileStore.create({ data: { fileName: "a.txt", content: Buffer.from("a"), length: 1 } });
  const path = `/api/v1/datasources/${source.id}`;
  expect((await studio.call("POST", `${path}/filestores/${file.id}`)).data.attributes.files).toMatchObject([{ id: String(file.id) }]);
  expect((await studio.call("POST", `${path}/filestores/999999`)).status).toBe(422);
  const copy = await studio.call("POST", `${path}/clone`);
  expect(copy.status).toBe(201);
  expect(copy.data.attributes).toMatchObject({
    name: `Copy of ${source.attributes.name}`,
    active: false,
    namespace: "",
    files: [],
    has_db_conn_api_key: true,
    tags: [{ attributes: { name: "copied" } }],
  });
  expect((await studio.call("DELETE", `${path}/filestores/${file.id}`)).data.attributes.files).toEqual([]);
});

test("an app names its data sources, a data source names its apps, and a deleted one is taken from them", async () => {
  const source = await create();
  const id = Number(source.id);
  const llm = (await studio.call("POST", "/api/v1/llms", { name: "Private", vendor: "openai", privacy_score: 100 })).data;
  const llm_ids = [Number(llm.id)];
  const app = (await studio.call("POST", "/api/v1/apps", { name: "Reader", llm_ids, datasource_ids: [id] })).data;
  expect(app.attributes.datasource_ids).toEqual([id]);
  expect((await studio.call("POST", "/api/v1/apps", { name: "R", llm_ids, datasource_ids: [999_999] })).errors[0]?.field).toBe(
    "datasource_ids",
  );
  expect((await studio.call("GET", `/api/v1/datasources/${id}/dependents`)).json).toMatchObject({ data: [{ id: app.id, name: "Reader" }] });
  expect((await studio.call("DELETE", `/api/v1/datasources/${id}`)).status).toBe(204);
  expect((await studio.call("GET", `/api/v1/apps/${app.id}`)).data.attributes.datasource_ids).toEqual([]);
});

test("a plugin cannot send a key that it does not know to a host of its choice", async () => {
  const plugin = await aGrantedPlugin(studio, ["datasources.read", "datasources.write"]);
  const source = await create({ ...remote, db_conn_api_key: "kept" });
  const request = { datasourceId: Number(source.id), dbConnString: "https://elsewhere.example" };
  const as = (rpc: string, body: object) => callAs(studio.runtime.serviceApi, plugin.id, rpc, body);
  expect(await as("updateDatasource", request)).toMatchObject({ code: status.PERMISSION_DENIED });
  expect(await as("updateDatasource", { ...request, dbConnApiKey: "new" })).toMatchObject({ code: status.OK });
});
