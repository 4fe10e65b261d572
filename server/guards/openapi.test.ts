import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";

type Media = { content?: Record<string, { schema?: object }> };
type Operation = {
  operationId: string;
  summary: string;
  security: Record<string, string[]>[];
  parameters: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: Media;
  responses: Record<string, Media & { description: string }>;
};
type Document = {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, object>;
    parameters: Record<string, Operation["parameters"][number]>;
    securitySchemes: Record<string, object>;
  };
};

let studio: Studio;
let document: Document;
let operations: { name: string; path: string; operation: Operation }[];
beforeAll(async () => {
  studio = await aStudio();
  document = (await studio.call("GET", "/api/v1/openapi.json")).json as Document;
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      name: `${method} ${path}`,
      path,
      operation: { ...operation, parameters: operation.parameters.map(resolved) },
    })),
  );
});
afterAll(() => studio.close());

const resolved = (parameter: Operation["parameters"][number] & { $ref?: string }) =>
  parameter.$ref === undefined ? parameter : (document.components.parameters[parameter.$ref.split("/").at(-1) ?? ""] ?? parameter);

test("the document is OpenAPI 3.1 and has every endpoint once", () => {
  expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
  expect(operations).toHaveLength(studio.runtime.endpoints.length);
});

test("every operation has an id of its own, a summary, and an answer that says what it is", () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  for (const { name, operation } of operations) {
    expect(operation.operationId, name).toMatch(/^[a-z][A-Za-z0-9]*$/);
    expect(operation.summary, name).not.toBe("");
    const statuses = Object.keys(operation.responses);
    expect(statuses, name).toContain("default");
    for (const status of statuses) expect(status, name).toMatch(/^([1-5]\d\d|default)$/);
    for (const { description } of Object.values(operation.responses)) expect(description, name).toBeTruthy();
  }
});

test("every parameter of a path is declared, once, and no other", () => {
  for (const { name, path, operation } of operations) {
    const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, parameter]) => parameter);
    expect(
      operation.parameters.filter((parameter) => parameter.in === "path").map((parameter) => parameter.name),
      name,
    ).toEqual(inPath);
    const keys = operation.parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
    expect(new Set(keys).size, name).toBe(keys.length);
    expect(path, name).not.toMatch(/[:*]/);
  }
});

test("every schema is JSON Schema 2020-12, and every reference and security scheme exists", () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: "https://portico.test/openapi.json", components: document.components });
  for (const { name, operation } of operations) {
    const media = [operation.requestBody, ...Object.values(operation.responses)].flatMap((part) => Object.values(part?.content ?? {}));
    for (const schema of [...media.flatMap((one) => one.schema ?? []), ...operation.parameters.map((parameter) => parameter.schema)])
      expect(
        () => ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"https://portico.test/openapi.json#/')) as object),
        name,
      ).not.toThrow();
    for (const scheme of operation.security.flatMap((one) => Object.keys(one)))
      expect(document.components.securitySchemes, name).toHaveProperty(scheme);
  }
});

test("the document stays small: what many answers show is described once", () => {
  const operations = Object.values(document.paths).flatMap((path) => Object.keys(path));
  expect(JSON.stringify(document).length / operations.length).toBeLessThan(2.25 * 1024);
  const described = Object.keys(document.components.schemas);
  for (const name of ["Llms", "App", "Users", "Groups", "Plugins", "ModelPrices", "Credentials", "Edges"])
    expect(described).toContain(name);
});
