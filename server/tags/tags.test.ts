import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aGrantedPlugin, callAs } from "../grpc/testing.ts";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const create = async (name: string) => (await studio.call("POST", "/api/v1/tags", { data: { type: "tags", attributes: { name } } })).data;

test("a tag is created, renamed and deleted, and its history says so", async () => {
  const { call } = studio;
  const tag = await create("pii");
  expect(tag).toMatchObject({ type: "tags", attributes: { name: "pii" } });
  const path = `/api/v1/tags/${tag.id}`;
  expect((await call("PATCH", path, { name: "personal data" })).data.attributes.name).toBe("personal data");
  expect((await call("GET", `${path}/dependents`)).json).toEqual({ data: [], meta: { total_count: 0 } });
  expect((await call("DELETE", path)).status).toBe(204);
  expect((await call("GET", path)).status).toBe(404);
  expect((await call("DELETE", path)).status).toBe(404);
  const entries = (await call("GET", `/api/v1/audit-log?object_type=tag&object_id=${tag.id}`)).list;
  expect(entries.map(({ attributes }) => attributes.action)).toEqual(["tag.deleted", "tag.updated", "tag.created"]);
});

test("two tags may have the same name, and none may be without one", async () => {
  expect((await create("twin")).id).not.toBe((await create("twin")).id);
  for (const attributes of [{}, { name: "" }, { name: "   " }, { name: { a: 1 } }, { name: "x".repeat(121) }])
    expect((await studio.call("POST", "/api/v1/tags", { data: { type: "tags", attributes } })).errors).toEqual([
      expect.objectContaining({ status: "422", field: "name" }),
    ]);
});

test("tags are found by the beginning of their name, whatever its case, and by any part of it in the list", async () => {
  for (const name of ["Find_A", "find_b", "Findex", "unfind_"]) await create(name);
  const names = async (query: string) => (await studio.call("GET", `/api/v1/tags${query}`)).list.map(({ attributes }) => attributes.name);
  expect(await names("/search?name=FIND_")).toEqual(["Find_A", "find_b"]);
  expect(await names("/search?name=zzz")).toEqual([]);
  expect(await names("?q=find_&sort=-name")).toEqual(expect.arrayContaining(["Find_A", "find_b", "unfind_"]));
  for (const query of ["", "?name=", "?name=%20"]) expect((await studio.call("GET", `/api/v1/tags/search${query}`)).status).toBe(400);
});

test("a plugin reads tags with tags.read and changes them only with tags.write", async () => {
  const call = (pluginId: number, rpc: string, request: object) => callAs(studio.runtime.serviceApi, pluginId, rpc, request);
  const reader = await aGrantedPlugin(studio, ["tags.read"]);
  const writer = await aGrantedPlugin(studio, ["tags.read", "tags.write"]);
  expect(await call(reader.id, "createTag", { name: "no" })).toMatchObject({ code: status.PERMISSION_DENIED });
  const made = await call(writer.id, "createTag", { name: "plugin-made" });
  const { id } = (made.response as { tag: { id: number } }).tag;
  expect(await call(reader.id, "searchTags", { query: "PLUGIN-" })).toMatchObject({ response: { tags: [{ id, name: "plugin-made" }] } });
  expect(await call(reader.id, "searchTags", { query: " " })).toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(await call(writer.id, "updateTag", { tagId: id, name: "renamed" })).toMatchObject({ response: { tag: { name: "renamed" } } });
  expect(await call(reader.id, "getTag", { tagId: id })).toMatchObject({ response: { tag: { id, name: "renamed" } } });
  expect(await call(writer.id, "deleteTag", { tagId: id })).toMatchObject({ response: { success: true } });
  expect(await call(reader.id, "getTag", { tagId: id })).toMatchObject({ code: status.NOT_FOUND });
});
