import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { aGrantedPlugin, callAs } from "../grpc/testing.ts";
import { aStudio, type Studio } from "../testing.ts";
import { ticketDocument } from "./testing.ts";

let studio: Studio;
let respond: (request: IncomingMessage, response: ServerResponse, body: string) => void;
const seen: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[] = [];
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => {
    body += chunk.toString("utf8");
  });
  request.on("end", () => {
    seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
    respond(request, response, body);
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  studio = await aStudio();
});
afterAll(async () => {
  await studio.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  seen.length = 0;
  respond = (_request, response) => void response.writeHead(200, { "content-type": "application/json" }).end('[{"id":1}]');
});

let count = 0;
async function aTool(attributes: object = {}): Promise<string> {
  const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const draft = { name: `Called ${++count}`, oas_spec: ticketDocument, base_url, auth_key: "tk-very-secret", auth_schema_name: "apiKey" };
  const { data } = await studio.call("POST", "/api/v1/tools", { ...draft, ...attributes });
  return `/api/v1/tools/${data.id}`;
}

test("a call answers with the text of the API's answer, and sends the tool's key", async () => {
  const tool = await aTool();
  const body = {
    data: { type: "x", attributes: { operation_id: "listTickets", parameters: { status: ["open"] }, payload: {}, headers: {} } },
  };
  expect((await studio.call("POST", `${tool}/call-operation`, body)).json).toEqual({ data: '[{"id":1}]' });
  respond = (_request, response, sent) => void response.writeHead(201).end(sent);
  const created = await studio.call("POST", `${tool}/call-operation`, { operation_id: "createTicket", payload: { title: "Jam" } });
  expect([created.status, created.json]).toEqual([200, { data: '{"title":"Jam"}' }]);
  expect(seen).toMatchObject([
    { method: "GET", url: "/tickets?status=open", headers: { "x-api-key": "tk-very-secret" } },
    { method: "POST", url: "/tickets", body: '{"title":"Jam"}' },
  ]);
});

test("a call that does not fit its operation is 422 by field, one that is not allowed 403, and an API that fails 502", async () => {
  const tool = await aTool({ operations: ["listTickets", "getTicket"] });
  const attempt = async (body: object) => {
    const { errors } = await studio.call("POST", `${tool}/call-operation`, body);
    return [errors[0]?.status, errors[0]?.field];
  };
  expect(await attempt({})).toEqual(["422", "operation_id"]);
  expect(await attempt({ operation_id: "noSuch" })).toEqual(["422", "operation_id"]);
  expect(await attempt({ operation_id: "createTicket" })).toEqual(["403", "operation_id"]);
  expect(await attempt({ operation_id: "getTicket" })).toEqual(["422", "parameters.id"]);
  expect(await attempt({ operation_id: "getTicket", parameters: { id: "../x", nope: 1 } })).toEqual(["422", "parameters.nope"]);
  expect(await attempt({ operation_id: "listTickets", parameters: [] })).toEqual(["422", "parameters"]);
  expect(seen).toEqual([]);
  respond = (_request, response) => void response.writeHead(500).end("mock failure");
  expect((await studio.call("POST", `${tool}/call-operation`, { operation_id: "listTickets" })).errors[0]).toMatchObject({
    status: "502",
    detail: "The tool's API answered with status 500: mock failure",
  });
  expect((await studio.call("POST", "/api/v1/tools/999999/call-operation", { operation_id: "x" })).status).toBe(404);
  const nowhere = await aTool({ base_url: "" });
  expect((await studio.call("POST", `${nowhere}/call-operation`, { operation_id: "listTickets" })).errors[0]?.status).toBe("502");
});

test("trying an operation shows the request without its secrets and the answer whatever its status", async () => {
  const tool = await aTool();
  respond = (request, response) => void response.writeHead(418, { "x-echo": String(request.headers["x-api-key"]) }).end("short and stout");
  const tried = await studio.call("POST", `${tool}/try-operation`, { operation_id: "listTickets", parameters: { status: "open" } });
  expect(tried.data.attributes).toMatchObject({
    result: "answered",
    request: { method: "GET", headers: { "x-api-key": "[redacted]" }, body: null },
    response: { status: 418, body: "short and stout", encoding: "text", bytes: 15, headers: { "x-echo": "[redacted]" } },
    fault: null,
  });
  expect(tried.text).not.toContain("very-secret");
  const away = await aTool({ base_url: "http://127.0.0.1:9" });
  expect((await studio.call("POST", `${away}/try-operation`, { operation_id: "listTickets" })).data.attributes).toMatchObject({
    result: "failed",
    response: null,
    fault: { kind: "unreachable", message: "Could not reach 127.0.0.1:9: nothing accepts connections there." },
  });
});

test("a plugin with tools.call calls active tools, and is told apart what it did wrong from what the API did", async () => {
  const call = (pluginId: number, rpc: string, request: object) => callAs(studio.runtime.serviceApi, pluginId, rpc, request);
  const caller = await aGrantedPlugin(studio, ["tools.call"]);
  const reader = await aGrantedPlugin(studio, ["tools.read"]);
  const tool = await aTool({ operations: ["listTickets", "getTicket"] });
  const toolId = Number(tool.split("/").at(-1));
  const list = {
    toolId,
    operationId: "listTickets",
    paramsJson: '{"status":["open"]}',
    payloadJson: "{}",
    headersJson: '{"x-trace":["1"]}',
  };
  expect(await call(reader.id, "executeTool", list)).toMatchObject({ code: status.PERMISSION_DENIED });
  expect(await call(caller.id, "executeTool", list)).toMatchObject({
    response: { success: true, resultJson: '[{"id":1}]', statusCode: 200 },
  });
  expect(seen.at(-1)).toMatchObject({ url: "/tickets?status=open", headers: { "x-trace": "1" } });
  respond = (_request, response) => void response.writeHead(404).end("no such ticket");
  expect(await call(caller.id, "callToolOperation", { ...list, operationId: "getTicket", paramsJson: '{"id":7}' })).toMatchObject({
    response: { success: false, resultJson: '"no such ticket"', errorMessage: "The tool's API answered with status 404: no such ticket" },
  });
  for (const wrong of [{ operationId: "noSuch" }, { paramsJson: "{" }, { paramsJson: '{"other":1}' }, { payloadJson: '{"a":1}' }])
    expect(await call(caller.id, "executeTool", { ...list, ...wrong }), JSON.stringify(wrong)).toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  expect(await call(caller.id, "executeTool", { ...list, operationId: "createTicket" })).toMatchObject({ code: status.PERMISSION_DENIED });
  await studio.call("PATCH", tool, { active: false });
  expect((await call(caller.id, "executeTool", list)).code).not.toBe(status.OK);
});

test("the definition shows every operation with its parameters and body, and how the key is used", async () => {
  const tool = await aTool({ operations: [] });
  expect((await studio.call("GET", `${tool}/definition`)).data.attributes).toMatchObject({
    title: "Ticket API",
    servers: ["http://vendor.test"],
    security_schemes: [{ name: "apiKey", type: "apiKey", use: "The key is sent in the header X-Api-Key." }],
    operations: [
      { operation_id: "listTickets", method: "GET", path: "/tickets", parameters: [{ name: "status", in: "query" }], body: null },
      { operation_id: "createTicket", body: { required: true, contents: [{ type: "application/json" }] } },
      { operation_id: "getTicket", parameters: [{ name: "id", required: true }] },
    ],
  });
});
