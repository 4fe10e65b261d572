import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";
import { createDocuments } from "./document/documents.ts";
import { ticketDocument } from "./testing.ts";

let studio: Studio;
const documents: Record<string, { status?: number; body: string; location?: string }> = {};
const server = createServer((request, response) => {
  const { status = 200, body, location } = documents[request.url ?? ""] ?? { status: 404, body: "" };
  response.writeHead(status, location ? { location } : {}).end(body);
});
let origin = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  studio = await aStudio({ env: { PORTICO_OUTBOUND_ALLOW: "127.0.0.1" } });
});
afterAll(async () => {
  await studio.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const check = (body: object) => studio.call("POST", "/api/v1/tools/validate-spec", body);

test("a document is checked before there is a tool: faults with line, column and path, or what it offers", async () => {
  expect((await check({ oas_spec: ticketDocument })).data.attributes).toMatchObject({
    valid: true,
    dialect: "3.0.0",
    faults: [],
    definition: { title: "Ticket API", operations: [{ operation_id: "listTickets" }, {}, {}], security_schemes: [{ name: "apiKey" }] },
  });
  const broken = ticketDocument.replace('"in": "query"', '"in": "body"');
  const line = broken.split("\n").findIndex((one) => one.includes('"in": "body"')) + 1;
  expect((await check({ oas_spec: broken })).data.attributes).toMatchObject({
    valid: false,
    definition: null,
    faults: [
      { severity: "error", line, path: "paths./tickets.get.parameters.0.in", message: "must be one of path, query, header, cookie" },
    ],
  });
  for (const body of [{}, { oas_spec: ticketDocument, url: origin }, { url: "" }]) expect((await check(body)).status).toBe(422);
});

test("Swagger 2 becomes OpenAPI 3: host, consumed types, form fields and collection formats", async () => {
  const swagger = {
    swagger: "2.0",
    info: { title: "Old", version: "1" },
    host: "old.test",
    basePath: "/v1",
    schemes: ["https"],
    securityDefinitions: { basic: { type: "basic" } },
    paths: {
      "/upload/{id}": {
        post: {
          operationId: "upload",
          consumes: ["multipart/form-data"],
          parameters: [
            { name: "id", in: "path", required: true, type: "integer" },
            { name: "tags", in: "query", type: "array", items: { type: "string" }, collectionFormat: "multi" },
            { name: "file", in: "formData", type: "file", required: true },
          ],
          responses: { "200": { description: "ok" } },
        },
      },
    },
  };
  const { attributes } = (await check({ oas_spec: JSON.stringify(swagger) })).data;
  expect(attributes).toMatchObject({
    dialect: "Swagger 2.0",
    definition: {
      servers: ["https://old.test/v1"],
      security_schemes: [{ name: "basic", type: "basic" }],
      operations: [
        {
          operation_id: "upload",
          parameters: [{ name: "id" }, { name: "tags", style: "form", explode: true }],
          body: { contents: [{ type: "multipart/form-data", schema: { properties: { file: {} } } }] },
        },
      ],
    },
  });
});

test("schemas that refer to themselves end, and ones that multiply stay within bounds", async () => {
  const doubled = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [
      `s${i}`,
      { type: "object", properties: { a: { $ref: `#/components/schemas/s${i + 1}` }, b: { $ref: `#/components/schemas/s${i + 1}` } } },
    ]),
  );
  const document = {
    openapi: "3.1.0",
    info: { title: "T", version: "1" },
    servers: [{ url: "https://t.test" }],
    paths: {
      "/t": {
        post: {
          requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/node" } } } },
          responses: { "200": { description: "ok" } },
        },
        put: {
          requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/s0" } } } },
          responses: { "200": { description: "ok" } },
        },
      },
    },
    components: {
      schemas: {
        node: { type: "object", properties: { name: { type: "string" }, next: { $ref: "#/components/schemas/node" } } },
        ...doubled,
        s40: { type: "string" },
      },
    },
  };
  const answer = await check({ oas_spec: JSON.stringify(document) });
  expect(answer.data.attributes).toMatchObject({
    valid: true,
    definition: {
      operations: [
        { operation_id: "post_t", body: { contents: [{ schema: { properties: { name: { type: "string" }, next: {} } } }] } },
        { operation_id: "put_t" },
      ],
    },
  });
  expect(answer.text.length).toBeLessThan(500_000);
});

test("a document that takes too long to read is given up, and the next one is read", async () => {
  const one = createDocuments({ deadlineMs: 1 });
  expect((await one.check(`${ticketDocument}${" ".repeat(900_000)}`)).faults).toMatchObject([
    { message: expect.stringContaining("takes longer") },
  ]);
  await one.close();
  const patient = createDocuments();
  const bomb = `openapi: 3.0.0\na: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefghi"].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[i]}`).join()}]`).join("\n")}\n`;
  expect((await patient.check(bomb)).document).toBeNull();
  expect((await patient.check(ticketDocument)).document).not.toBeNull();
  await patient.close();
});

test("a document is fetched from a URL, through redirects, and its relative server follows the address that was asked for", async () => {
  documents["/v1/openapi.json"] = { body: ticketDocument.replace("http://vendor.test", "../v2") };
  documents["/moved"] = { status: 302, body: "", location: "/v1/openapi.json" };
  const { attributes } = (await check({ url: `${origin}/v1/openapi.json` })).data;
  expect(attributes).toMatchObject({ valid: true, base_url: `${origin}/v2`, text: expect.stringContaining("listTickets") });
  expect((await check({ url: `${origin}/moved` })).data.attributes.valid).toBe(true);
  documents["/inside"] = { status: 302, body: "", location: "http://169.254.169.254/latest/meta-data" };
  documents["/large"] = { body: "x".repeat(1024 * 1024 + 1) };
  for (const [url, said] of [
    [`${origin}/absent`, "answers with status 404"],
    [`${origin}/inside`, "cloud metadata"],
    [`${origin}/large`, "more than 1 MiB"],
    ["file:///etc/passwd", "must be an http or https URL"],
    ["http://10.0.0.1/x", "a private address"],
    ["http://127.0.0.1:9/x", "cannot be reached"],
  ] as const)
    expect((await check({ url })).errors[0], url).toMatchObject({ status: "422", field: "url", detail: expect.stringContaining(said) });
});
