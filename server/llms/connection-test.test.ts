import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";
import { modelsUrl } from "./connection-test.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

async function aVendor(answer: RequestListener) {
  const seen: { url: string | undefined; headers: NodeJS.Dict<string | string[]> }[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url, headers: request.headers });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { origin, seen, close, [Symbol.asyncDispose]: close };
}

const listing: RequestListener = (request, response) => {
  const isKnown = request.headers.authorization === "Bearer sk-right" || request.headers["x-api-key"] === "sk-right";
  response.statusCode = isKnown ? 200 : 401;
  response.end(JSON.stringify(isKnown ? { data: [{ id: "small" }, { id: "large" }] } : { error: { message: "no" } }));
};

const check = (body: unknown) => studio.call("POST", "/api/v1/llms/test-connection", body);
const openai = (api_endpoint: string, more: object = {}) => ({ vendor: "openai", api_endpoint, ...more });

test("a working draft is connected, lists its models, and is called as its protocol wants", async () => {
  await using vendor = await aVendor(listing);
  const found = await check(openai(`${vendor.origin}/v1`, { api_key: "sk-right", default_model: "small" }));
  expect(found.data.attributes).toMatchObject({
    result: "ok",
    code: "connected",
    http_status: 200,
    models: ["small", "large"],
    host: "127.0.0.1",
  });
  const anthropic = await check({ vendor: "anthropic", api_endpoint: vendor.origin, api_key: "sk-right" });
  expect(anthropic.data.attributes).toMatchObject({ result: "ok" });
  expect(vendor.seen).toMatchObject([{ url: "/v1/models" }, { url: "/v1/models", headers: { "anthropic-version": "2023-06-01" } }]);
});

test("a missing key, a wrong key and a model that the vendor does not have are told apart, each with its field", async () => {
  await using vendor = await aVendor(listing);
  const at = (more: object) => check(openai(vendor.origin, more));
  expect((await at({})).data.attributes).toMatchObject({ result: "failed", code: "key_missing", field: "api_key" });
  expect((await at({ api_key: "sk-wrong" })).data.attributes).toMatchObject({ result: "failed", code: "key_rejected", field: "api_key" });
  expect((await at({ api_key: "sk-\nbroken" })).data.attributes).toMatchObject({ result: "failed", code: "key_invalid" });
  expect((await at({ api_key: "sk-right", default_model: "huge" })).data.attributes).toMatchObject({
    result: "warning",
    code: "model_not_found",
    field: "default_model",
  });
});

test("an endpoint that cannot be reached is named, with the reason and what to do", async () => {
  await using vendor = await aVendor((_request, response) => response.writeHead(302, { location: "https://elsewhere.example/" }).end());
  const closed = createTcpServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const port = (closed.address() as AddressInfo).port;
  const found = async (endpoint: string) => (await check(openai(endpoint))).data.attributes;
  try {
    expect(await found("https://api.portico.invalid/v1")).toMatchObject({
      result: "failed",
      field: "api_endpoint",
      message: expect.stringMatching(/^Could not reach api\.portico\.invalid: .+\.$/),
    });
    expect(await found(`http://127.0.0.1:${port}`)).toMatchObject({ code: "connection_closed" });
    expect(await found(vendor.origin.replace("http:", "https:"))).toMatchObject({ code: "tls_failed" });
    expect(await found(vendor.origin)).toMatchObject({
      code: "redirected",
      message: expect.stringContaining("https://elsewhere.example/"),
    });
    expect(await found("http://169.254.169.254/v1")).toMatchObject({ code: "not_allowed" });
  } finally {
    await new Promise((resolve) => closed.close(resolve));
  }
  expect(await found(`http://127.0.0.1:${port}`)).toMatchObject({ code: "connection_refused" });
});

test("the stored key tests the stored endpoint and is sent to no other", async () => {
  await using vendor = await aVendor(listing);
  await using other = await aVendor(listing);
  const llm = await studio.call("POST", "/api/v1/llms", { ...openai(`${vendor.origin}/v1`), name: "Stored", api_key: "sk-right" });
  const llm_id = Number(llm.data.id);
  expect((await check({ llm_id })).data.attributes).toMatchObject({ result: "ok" });
  expect((await check({ llm_id, api_endpoint: `${vendor.origin}/`, api_key: "[redacted]" })).data.attributes).toMatchObject({
    result: "ok",
  });
  for (const key of [{}, { api_key: "[redacted]" }])
    expect((await check({ llm_id, api_endpoint: other.origin, ...key })).errors[0]).toMatchObject({ status: "422", field: "api_key" });
  expect(other.seen).toEqual([]);
  expect((await check({ llm_id, api_endpoint: other.origin, api_key: "sk-right" })).data.attributes).toMatchObject({ result: "ok" });
});

test("neither a key nor a vendor's answer is in the result", async () => {
  await using vendor = await aVendor((_request, response) => response.writeHead(401).end("your key sk-secret-4711 is wrong"));
  expect((await check(openai(vendor.origin, { api_key: "sk-secret-4711" }))).text).not.toContain("4711");
});

test("models are asked for under the endpoint's own version, with its query", () => {
  const places: [string, "openai" | "anthropic", string][] = [
    ["https://h", "openai", "https://h/v1/models"],
    ["https://h/v1/", "openai", "https://h/v1/models"],
    ["https://h/api/paas/v4", "openai", "https://h/api/paas/v4/models"],
    ["https://h/openai/deployments/x?api-version=1", "openai", "https://h/openai/deployments/x/models?api-version=1"],
    ["https://h", "anthropic", "https://h/v1/models"],
    ["https://h/api/anthropic", "anthropic", "https://h/api/anthropic/v1/models"],
  ];
  for (const [endpoint, dialect, url] of places) expect(modelsUrl(endpoint, dialect).href).toBe(url);
});
