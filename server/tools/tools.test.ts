import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aGrantedPlugin, callAs } from "../grpc/testing.ts";
import { aStudio, type Studio } from "../testing.ts";
import { ticketDocument } from "./testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const base64 = (text: string) => Buffer.from(text).toString("base64");
let count = 0;
const create = async (attributes: object = {}) =>
  (
    await studio.call("POST", "/api/v1/tools", {
      data: { type: "tools", attributes: { name: `Tickets ${++count}`, tool_type: "REST", oas_spec: ticketDocument, ...attributes } },
    })
  ).data;

test("a tool's key is never shown; [redacted] keeps it and an empty text clears it", async () => {
  const tool = await create({ auth_key: "tk-very-secret", auth_schema_name: "apiKey" });
  expect(tool.attributes).toMatchObject({ auth_key: "[redacted]", has_auth_key: true, auth_schema_name: "apiKey" });
  const path = `/api/v1/tools/${tool.id}`;
  expect((await studio.call("PATCH", path, { auth_key: "[redacted]", description: "d" })).data.attributes.has_auth_key).toBe(true);
  expect((await studio.call("GET", `/api/v1/audit-log?object_type=tool&object_id=${tool.id}`)).text).not.toContain("very-secret");
  expect((await studio.call("PATCH", path, { auth_key: "" })).data.attributes).toMatchObject({ auth_key: "", has_auth_key: false });
});

test("a document is taken as base64 or as it is, in JSON or YAML, and shown as the base64 of what was sent", async () => {
  const yaml =
    "openapi: 3.0.0\ninfo: {title: Y, version: '1'}\nservers: [{url: 'https://y.test'}]\npaths:\n  /y:\n    get:\n      responses: {'200': {description: ok}}\n";
  for (const sent of [yaml, base64(yaml)]) {
    const tool = await create({ oas_spec: sent });
    expect(tool.attributes).toMatchObject({ oas_spec: base64(yaml), operations: ["get_y"] });
  }
});

test("a document that is none is refused by place, and nothing is stored", async () => {
  const { total_count: before } = (await studio.call("GET", "/api/v1/tools")).meta;
  const broken =
    "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /y:\n    get:\n      responses: {'200': {$ref: '#/components/responses/No'}}\n";
  for (const [sent, message] of [
    [broken, 'line 6, paths./y.get.responses.200.$ref: refers to "#/components/responses/No", which is not in the document'],
    ["hello: world", 'line 1: must be an OpenAPI document: `openapi: 3.1.0` or `swagger: "2.0"` is missing'],
    ["openapi: [3", /line 1: is neither JSON nor YAML/],
    [ticketDocument.replace('"in": "query"', '"in": "body"'), /parameters\.0\.in: must be one of path, query, header, cookie$/],
    ["openapi: 3.0.0\ninfo: &a {title: T, version: '1', x-self: *a}\npaths: {}\n", /contains itself/],
    [`openapi: 3.0.0\nx: ${"[".repeat(500)}${"]".repeat(500)}`, /nested/],
  ] as const) {
    const answer = await studio.call("POST", "/api/v1/tools", { name: "Broken", oas_spec: sent });
    expect(answer.errors[0]).toMatchObject({ status: "422", field: "oas_spec" });
    expect(answer.errors.map(({ detail }) => detail)).toContainEqual(
      typeof message === "string" ? expect.stringContaining(message) : expect.stringMatching(message),
    );
  }
  expect((await studio.call("GET", "/api/v1/tools")).meta.total_count).toBe(before);
});

test("only operations and security schemes of the document are accepted, also when the document changes", async () => {
  const attempt = (attributes: object) => studio.call("POST", "/api/v1/tools", { name: "Odd", oas_spec: ticketDocument, ...attributes });
  expect((await attempt({ operations: ["listTickets", "noSuch"] })).errors[0]).toMatchObject({ status: "422", field: "operations.1" });
  expect((await attempt({ operations: [""] })).errors[0]).toMatchObject({ status: "422", field: "operations.0" });
  for (const base_url of ["ftp://x.test", "http://169.254.169.254/", "http://x.test/?q=1", "https://user:pw@x.test"])
    expect((await attempt({ base_url })).errors[0]).toMatchObject({ status: "422", field: "base_url" });
  expect((await attempt({ auth_schema_name: "noSuch" })).errors[0]).toMatchObject({ status: "422", field: "auth_schema_name" });
  const tool = await create({ operations: ["listTickets"] });
  const renamed = ticketDocument.replace("listTickets", "findTickets");
  const path = `/api/v1/tools/${tool.id}`;
  expect((await studio.call("PATCH", path, { oas_spec: renamed })).errors[0]).toMatchObject({ status: "422", field: "operations.0" });
  expect((await studio.call("PATCH", path, { oas_spec: renamed, operations: ["findTickets"] })).data.attributes.operations).toEqual([
    "findTickets",
  ]);
});

test("operations are allowed and denied one by one, and of two changes at once both hold", async () => {
  const { call } = studio;
  const tool = await create({ operations: [] });
  const path = `/api/v1/tools/${tool.id}`;
  expect((await call("GET", `${path}/spec-operations`)).json).toEqual({
    data: { type: "spec-operations", operations: ["listTickets", "createTicket", "getTicket"] },
  });
  await Promise.all(
    ["listTickets", "createTicket"].map((operation) => call("POST", `${path}/operations`, { data: { attributes: { operation } } })),
  );
  const allowed = async () => ((await call("GET", `${path}/operations`)).json as { data: { operations: string[] } }).data.operations;
  expect((await allowed()).toSorted()).toEqual(["createTicket", "listTickets"]);
  expect((await call("POST", `${path}/operations`, { operation: "noSuch" })).status).toBe(422);
  expect((await call("DELETE", `${path}/operations`, { operation: "createTicket" })).data.attributes.operations).toEqual(["listTickets"]);
});

test("a tool cannot depend on itself, directly or through others, also when two changes would close the circle at once", async () => {
  const { call } = studio;
  const [a, b, c] = [await create(), await create(), await create()];
  const depend = (on: { id: string }, tool: { id: string }) => call("POST", `/api/v1/tools/${tool.id}/dependencies/${on.id}`);
  expect((await depend(a, a)).errors[0]).toMatchObject({ status: "422", detail: expect.stringContaining("itself") });
  expect((await depend(b, a)).data.attributes.dependencies).toMatchObject([{ type: "tools", id: b.id }]);
  expect((await depend(c, b)).status).toBe(200);
  expect((await depend(a, c)).status).toBe(422);
  expect((await call("PUT", `/api/v1/tools/${c.id}/dependencies`, [Number(a.id)])).status).toBe(422);
  expect((await call("PUT", `/api/v1/tools/${c.id}/dependencies`, { data: [] })).status).toBe(422);
  expect((await call("POST", `/api/v1/tools/${c.id}/dependencies/999999`)).status).toBe(422);
  const [d, e] = [await create(), await create()];
  expect((await Promise.all([depend(d, e), depend(e, d)])).map((answer) => answer.status).toSorted()).toEqual([200, 422]);
  expect((await call("GET", `/api/v1/tools/${a.id}/dependencies`)).list.map(({ id }) => id)).toEqual([b.id]);
  expect((await call("GET", `/api/v1/tools/${b.id}/dependents`)).json).toMatchObject({
    data: [{ type: "tools", id: a.id }],
    meta: { total_count: 1 },
  });
  expect((await call("PUT", `/api/v1/tools/${a.id}/dependencies`, [])).data.attributes.dependencies).toEqual([]);
});

test("a copy has the key and the dependencies of its original, and is inactive", async () => {
  const other = await create();
  const tool = await create({ name: "Original", auth_key: "tk", auth_schema_name: "apiKey", privacy_score: 20 });
  await studio.call("POST", `/api/v1/tools/${tool.id}/dependencies/${other.id}`);
  const copies = [await studio.call("POST", `/api/v1/tools/${tool.id}/clone`), await studio.call("POST", `/api/v1/tools/${tool.id}/clone`)];
  expect(copies.map(({ status }) => status)).toEqual([201, 201]);
  expect(copies.map(({ data }) => data.attributes.name)).toEqual(["Copy of Original", "Copy of Original 2"]);
  expect(copies[0]?.data.attributes).toMatchObject({
    active: false,
    has_auth_key: true,
    privacy_score: 20,
    dependencies: [{ id: other.id }],
  });
});

test("tools are found by type, and by a part of their name or description whatever its case", async () => {
  const { call } = studio;
  const tool = await create({ name: "Zeppelin API", description: "Flies 100%" });
  const ids = async (query: string) => (await call("GET", `/api/v1/tools${query}`)).list.map(({ id }) => id);
  expect(await ids("/search?query=ZEPPEL")).toEqual([tool.id]);
  expect(await ids("/search?query=100%25")).toEqual([tool.id]);
  expect(await ids("/search?query=zz%25zz")).toEqual([]);
  expect(await ids("/by-type?type=REST")).toContain(tool.id);
  expect(await ids("/by-type?type=zzz")).toEqual([]);
  for (const path of ["/search", "/by-type"]) expect((await call("GET", `/api/v1/tools${path}`)).status).toBe(400);
  const slim = (await call("GET", "/api/v1/tools?slim=true&q=zeppelin")).list;
  expect(slim.map(({ attributes }) => attributes.oas_spec)).toEqual([""]);
});

test("a plugin reads tools and their allowed operations, changes them with tools.write, and moves no key that it does not know", async () => {
  const call = (pluginId: number, rpc: string, request: object) => callAs(studio.runtime.serviceApi, pluginId, rpc, request);
  const reader = await aGrantedPlugin(studio, ["tools.read", "tools.operations"]);
  const writer = await aGrantedPlugin(studio, ["tools.read", "tools.write"]);
  const draft = { name: "Plugin made", toolType: "REST", oasSpec: base64(ticketDocument), authSchemaName: "apiKey", authKey: "tk" };
  expect(await call(reader.id, "createTool", draft)).toMatchObject({ code: status.PERMISSION_DENIED });
  const made = await call(writer.id, "createTool", draft);
  const { id } = (made.response as { tool: { id: number } }).tool;
  await studio.call("DELETE", `/api/v1/tools/${id}/operations`, { operation: "getTicket" });
  expect(await call(reader.id, "getToolOperations", { toolId: id })).toMatchObject({
    response: {
      operations: [
        { operationId: "listTickets", method: "GET", path: "/tickets", parameters: [{ name: "status", in: "query", type: "string" }] },
        { operationId: "createTicket", requestBody: { contentType: "application/json", required: true } },
      ],
    },
  });
  const elsewhere = base64(ticketDocument.replace("vendor.test", "elsewhere.test"));
  expect(await call(writer.id, "updateTool", { toolId: id, oasSpec: elsewhere })).toMatchObject({ code: status.PERMISSION_DENIED });
  expect(await call(writer.id, "updateTool", { toolId: id, name: "Renamed" })).toMatchObject({ response: { tool: { name: "Renamed" } } });
  expect(await call(writer.id, "deleteTool", { toolId: id })).toMatchObject({ response: { success: true } });
  expect(await call(reader.id, "getTool", { toolId: id })).toMatchObject({ code: status.NOT_FOUND });
});

test("an app is given tools and loses them again, and loses those that are deleted", async () => {
  const { call } = studio;
  const [a, b] = [await create(), await create()];
  const app = (await call("POST", "/api/v1/apps", { name: "crm", tool_ids: [Number(a.id)] })).data;
  const path = `/api/v1/apps/${app.id}`;
  const tools = async () => (await call("GET", path)).data.attributes.tool_ids;
  expect((await call("POST", `${path}/tools/${b.id}`)).data.attributes.tool_ids).toEqual([Number(a.id), Number(b.id)]);
  expect((await call("POST", `${path}/tools/999999`)).status).toBe(404);
  expect((await call("GET", `${path}/tools`)).list.map(({ id }) => id)).toEqual([Number(a.id), Number(b.id)]);
  expect((await call("GET", `/api/v1/tools/${b.id}/dependents`)).json).toMatchObject({ data: [{ type: "apps", id: app.id, name: "crm" }] });
  for (const status of [204, 204]) expect((await call("DELETE", `${path}/tools/${a.id}`)).status).toBe(status);
  expect((await call("DELETE", `/api/v1/tools/${b.id}`)).status).toBe(204);
  expect(await tools()).toEqual([]);
  expect((await call("PATCH", path, { tool_ids: [999_999] })).errors[0]).toMatchObject({ status: "422", field: "tool_ids" });
});
