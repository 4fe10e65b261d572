import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { createOutbound } from "@portico/outbound";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { BodyContent, OperationDefinition, ParameterDefinition, SecurityScheme, ToolDefinition } from "./definition.ts";
import { createToolExecutor, type ToolExecutor, type ToolTarget } from "./executor.ts";
import type { ToolCall } from "./request.ts";

type Seen = { method: string; url: string; headers: IncomingMessage["headers"]; body: string };

/** Answers what it got as JSON, unless its path asks for something else. */
let respond: ((request: IncomingMessage, body: Buffer, response: ServerResponse) => void) | undefined;
const seen: Seen[] = [];
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    const one = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body: body.toString("latin1") };
    seen.push(one);
    if (respond) return respond(request, body, response);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(one));
  });
});
let origin = "";
let executor: ToolExecutor;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  executor = createToolExecutor({ outbound: createOutbound() });
});
afterAll(async () => {
  await executor.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  respond = undefined;
  seen.length = 0;
});

const parameter = (name: string, place: ParameterDefinition["in"], over: Partial<ParameterDefinition> = {}): ParameterDefinition => ({
  name,
  in: place,
  required: place === "path",
  description: "",
  style: place === "path" || place === "header" ? "simple" : "form",
  explode: place === "query" || place === "cookie",
  allowReserved: false,
  schema: { type: "string" },
  ...over,
});

const operation = (over: Partial<OperationDefinition> = {}): OperationDefinition => ({
  id: "op",
  method: "GET",
  path: "/things",
  summary: "",
  description: "",
  deprecated: false,
  parameters: [],
  isOpen: false,
  ...over,
});

function target(
  one: OperationDefinition,
  { scheme, key = null, ...over }: Partial<ToolTarget> & { scheme?: SecurityScheme } = {},
): ToolTarget {
  const definition: ToolDefinition = {
    version: 1,
    title: "Things",
    documentVersion: "1",
    description: "",
    servers: ["http://nowhere.test"],
    securitySchemes: scheme ? { auth: scheme } : {},
    operations: [one],
  };
  return { definition, operations: ["op"], baseUrl: `${origin}/api/`, authSchemaName: scheme ? "auth" : "", key, ...over };
}

const execute = (one: ToolTarget, call: Partial<ToolCall> = {}, options: Parameters<ToolExecutor["execute"]>[2] = {}) =>
  executor.execute(one, { operationId: "op", ...call }, options);

const withBody = (content: Partial<BodyContent> & { type: string }, required = true) =>
  operation({ method: "POST", body: { required, description: "", contents: [{ schema: {}, ...content }] } });

test("parameters go to path, query, header and cookie as the document says, and the answer comes back with status, headers and time", async () => {
  const one = operation({
    path: "/things/{id}/{kind}",
    parameters: [
      parameter("id", "path", { schema: { type: "integer" } }),
      parameter("kind", "path"),
      parameter("tags", "query", { schema: { type: "array", items: { type: "string" } } }),
      parameter("filter", "query", { style: "deepObject", schema: { type: "object" } }),
      parameter("where", "query", { contentType: "application/json", schema: { type: "object" } }),
      parameter("X-Trace", "header"),
      parameter("theme", "cookie"),
    ],
  });
  const outcome = await execute(target(one), {
    parameters: {
      id: [7],
      kind: "a b/c",
      tags: ["x", "y&z"],
      filter: [{ size: 3, color: "red" }],
      where: { a: [1] },
      "X-Trace": ["t-1"],
      theme: "dark mode",
    },
    headers: { "x-more": ["1", "2"] },
  });
  expect(seen).toMatchObject([
    {
      method: "GET",
      url: "/api/things/7/a%20b%2Fc?tags=x&tags=y%26z&filter%5Bsize%5D=3&filter%5Bcolor%5D=red&where=%7B%22a%22%3A%5B1%5D%7D",
      headers: { "x-trace": "t-1", "x-more": "1, 2", cookie: "theme=dark%20mode" },
    },
  ]);
  expect(outcome).toMatchObject({
    ok: true,
    answer: { status: 200, headers: { "content-type": "application/json" }, body: { encoding: "text" } },
  });
  expect(outcome.durationMs).toBeGreaterThanOrEqual(0);
});

test("a call that does not fit the operation is refused by field, and nothing is sent", async () => {
  const one = operation({ path: "/things/{id}", parameters: [parameter("id", "path"), parameter("q", "query", { required: true })] });
  const faults = [
    [{}, "bad_input", "parameters.id"],
    [{ parameters: { id: "1" } }, "bad_input", "parameters.q"],
    [{ parameters: { id: "1", q: "", other: "x" } }, "bad_input", "parameters.other"],
    [{ parameters: { id: ["1", "2"], q: "x" } }, "bad_input", "parameters.id"],
    [{ parameters: { id: "..", q: "x" } }, "bad_input", "parameters"],
    [{ parameters: { id: "1", q: "x" }, payload: { a: 1 } }, "bad_input", "payload"],
    [{ parameters: { id: "1", q: "x" }, headers: { host: "evil.test" } }, "bad_input", "headers.host"],
    [{ parameters: { id: "1", q: "x" }, headers: { "x-a": "b\r\nx-evil: 1" } }, "bad_input", "headers.x-a"],
    [{ operationId: "other" }, "unknown_operation", "operation_id"],
  ] as const;
  for (const [call, kind, field] of faults) expect(await execute(target(one), call)).toMatchObject({ ok: false, fault: { kind, field } });
  expect(await execute({ ...target(one), operations: [] })).toMatchObject({ ok: false, fault: { kind: "not_allowed" } });
  expect(await execute(target(withBody({ type: "application/json" })))).toMatchObject({ fault: { kind: "bad_input", field: "payload" } });
  expect(seen).toEqual([]);
});

test("bodies are written as JSON, as a form and as multipart with files", async () => {
  await execute(target(withBody({ type: "application/json" })), { payload: { title: "Jäm", n: [1] } });
  expect(seen[0]).toMatchObject({ headers: { "content-type": "application/json" } });
  expect(JSON.parse(Buffer.from(seen[0]?.body ?? "", "latin1").toString("utf8"))).toEqual({ title: "Jäm", n: [1] });

  await execute(target(withBody({ type: "application/x-www-form-urlencoded", encoding: { d: { style: "deepObject" } } })), {
    payload: { a: "x y&z", list: [1, 2], o: { k: 1 }, d: { k: 1 } },
  });
  expect([...new URLSearchParams(seen[1]?.body)]).toEqual([
    ["a", "x y&z"],
    ["list", "1"],
    ["list", "2"],
    ["o", '{"k":1}'],
    ["d[k]", "1"],
  ]);

  const bytes = Buffer.from([0, 255, 13, 10, 45, 45]);
  await execute(target(withBody({ type: "multipart/form-data", encoding: { meta: { contentType: "application/vnd.x+json" } } })), {
    payload: {
      note: "hällo",
      meta: { a: 1 },
      'na"me\r\nx: y': "1",
      file: { file_name: "a.bin", content_type: "image/png", content_base64: bytes.toString("base64") },
    },
  });
  const form = await new Response(Buffer.from(seen[2]?.body ?? "", "latin1"), {
    headers: { "content-type": String(seen[2]?.headers["content-type"]) },
  }).formData();
  expect(form.get("note")).toBe("hällo");
  expect([...form.keys()]).toHaveLength(4);
  const file = form.get("file") as File;
  expect([file.name, file.type, Buffer.from(await file.arrayBuffer()).equals(bytes)]).toEqual(["a.bin", "image/png", true]);
  expect(seen[2]?.body).toContain("application/vnd.x+json");

  await execute(target(withBody({ type: "application/octet-stream" })), { payload: { content_base64: bytes.toString("base64") } });
  expect(Buffer.from(seen[3]?.body ?? "", "latin1").equals(bytes)).toBe(true);
  await execute(target(withBody({ type: "text/plain" })), { payload: "plain" });
  expect(seen[4]).toMatchObject({ body: "plain", headers: { "content-type": "text/plain" } });
});

test("the key goes where the scheme says, over whatever the caller put there, and comes back in no part of the outcome", async () => {
  const key = "user:s3cret-key";
  const apiKey = (place: "header" | "query" | "cookie"): SecurityScheme => ({ type: "apiKey", name: "X-Key", in: place, description: "" });
  const http = (scheme: "bearer" | "basic"): SecurityScheme => ({ type: "http", scheme, description: "" });
  const cases: [SecurityScheme, (one: Seen) => unknown, string][] = [
    [apiKey("header"), ({ headers }) => headers["x-key"], key],
    [apiKey("query"), ({ url }) => new URL(url, origin).searchParams.getAll("X-Key").join(), key],
    [apiKey("cookie"), ({ headers }) => decodeURIComponent(String(headers.cookie)), `X-Key=${key}`],
    [http("bearer"), ({ headers }) => headers.authorization, `Bearer ${key}`],
    [http("basic"), ({ headers }) => headers.authorization, `Basic ${Buffer.from(key).toString("base64")}`],
  ];
  for (const [scheme, read, expected] of cases) {
    const one = operation({ parameters: [parameter("X-Key", "query"), parameter("X-Key", "cookie")] });
    const outcome = await execute(target(one, { scheme, key }), {
      parameters: { "X-Key": "mine" },
      headers: { "x-key": "mine", authorization: "mine" },
    });
    expect(read(seen.at(-1) as Seen)).toEqual(expect.stringContaining(expected));
    const text = JSON.stringify(outcome);
    for (const form of [key, "s3cret-key", encodeURIComponent(key), Buffer.from(key).toString("base64")]) expect(text).not.toContain(form);
    expect(text).toContain("[redacted]");
  }
  await execute(target(operation({ isOpen: true }), { scheme: http("bearer"), key }));
  expect(seen.at(-1)?.headers.authorization).toBeUndefined();
  const broken = await execute(target(operation(), { scheme: http("bearer"), key: "a\nb: c" }));
  expect(broken).toMatchObject({ ok: false, fault: { kind: "misconfigured" } });
});

test("client credentials are exchanged for a token once, until it is refused", async () => {
  let issued = 0;
  respond = (request, body, response) => {
    if (request.url === "/token") {
      expect(request.headers.authorization).toBe(`Basic ${Buffer.from("client:s3cret").toString("base64")}`);
      expect(body.toString()).toBe("grant_type=client_credentials&scope=read%20write");
      return void response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ access_token: `token-${++issued}`, expires_in: 3600 }));
    }
    response.writeHead(request.headers.authorization === "Bearer token-2" ? 200 : seen.length > 3 ? 401 : 200).end();
  };
  const scheme: SecurityScheme = { type: "oauth2", tokenUrl: `${origin}/token`, scopes: ["read", "write"], description: "" };
  const one = target(operation(), { scheme, key: "client:s3cret" });
  const statuses: unknown[] = [];
  for (let i = 0; i < 4; i++) {
    const outcome = await execute(one);
    statuses.push(outcome.ok && outcome.answer.status);
  }
  expect(statuses).toEqual([200, 200, 401, 200]);
  expect(issued).toBe(2);
});

test("whatever the API answers is an answer: errors, redirects that are not followed, bytes, and what it compressed", async () => {
  const answers: [number, Record<string, string>, Buffer, object][] = [
    [503, { "content-type": "text/plain" }, Buffer.from("busy"), { status: 503, body: { encoding: "text", content: "busy" } }],
    [302, { location: "http://169.254.169.254/" }, Buffer.alloc(0), { status: 302, headers: { location: "http://169.254.169.254/" } }],
    [200, { "content-type": "image/png" }, Buffer.from([1, 2, 255]), { body: { encoding: "base64", content: "AQL/" } }],
    [200, { "content-type": "application/json" }, Buffer.from([123, 255]), { body: { encoding: "base64" } }],
    [
      200,
      { "content-type": "application/json", "content-encoding": "gzip" },
      gzipSync("{}"),
      { body: { encoding: "text", content: "{}" } },
    ],
    [204, {}, Buffer.alloc(0), { status: 204, bytes: 0 }],
  ];
  for (const [status, headers, body, expected] of answers) {
    respond = (_request, _body, response) => void response.writeHead(status, headers).end(body);
    expect(await execute(target(operation()))).toMatchObject({ ok: true, answer: expected });
  }
  expect(seen).toHaveLength(answers.length);
});

test("an answer that is too large, also once it is unpacked, or too slow ends the call and the connection", async () => {
  const limits = { maxAnswerBytes: 1000, timeoutMs: 400 };
  const closed: Promise<void>[] = [];
  const cases: [string, (response: ServerResponse) => void][] = [
    ["too_large", (response) => response.writeHead(200, { "content-length": "5000" }).end(Buffer.alloc(5000))],
    [
      "too_large",
      (response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(Buffer.alloc(300)), 5);
        response.on("close", () => clearInterval(timer));
      },
    ],
    ["too_large", (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(1_000_000)))],
    ["timeout", () => undefined],
    ["timeout", (response) => response.writeHead(200).write("{")],
  ];
  for (const [kind, answer] of cases) {
    respond = (request, _body, response) => {
      closed.push(new Promise((resolve) => request.socket.once("close", () => resolve())));
      answer(response);
    };
    expect(await execute(target(operation()), {}, { limits }), kind).toMatchObject({ ok: false, fault: { kind } });
  }
  // The answer that unpacks to too much was read to its end, so its connection serves the next call.
  await Promise.all(closed.toSpliced(2, 1));
  const large = await execute(
    target(withBody({ type: "application/json" })),
    { payload: { a: "x".repeat(2000) } },
    { limits: { maxRequestBytes: 1000 } },
  );
  expect(large).toMatchObject({ ok: false, fault: { kind: "bad_input", field: "payload" } });
});

test("a caller that goes away ends the call", async () => {
  const caller = new AbortController();
  respond = () => caller.abort();
  expect(await execute(target(operation()), {}, { signal: caller.signal })).toMatchObject({ ok: false, fault: { kind: "aborted" } });
});

test("a document alone leads to no address inside; a base URL does, but never to a metadata service", async () => {
  const inside = target(operation(), { baseUrl: "" });
  inside.definition.servers = [`${origin}/api`];
  const refused = await execute(inside);
  expect(refused).toMatchObject({
    ok: false,
    fault: { kind: "refused", message: expect.stringContaining("set it as the tool's base_url") },
  });
  expect(seen).toEqual([]);
  expect(await execute(target(operation(), { baseUrl: origin }))).toMatchObject({ ok: true });
  expect(await execute(target(operation(), { baseUrl: "http://169.254.169.254/latest" }))).toMatchObject({ fault: { kind: "refused" } });

  const scheme: SecurityScheme = { type: "oauth2", tokenUrl: "http://127.0.0.2:9/token", scopes: [], description: "" };
  expect(await execute(target(operation(), { scheme, key: "a:b" }))).toMatchObject({ fault: { kind: "refused" } });
  for (const server of ["", "/v1", "ftp://x.test", "http://user:pw@x.test"]) {
    inside.definition.servers = [server];
    expect(await execute(inside)).toMatchObject({ fault: { kind: "misconfigured" } });
  }
});

test("an API that cannot be reached is said to be, in words", async () => {
  const away = await execute(target(operation(), { baseUrl: "http://127.0.0.1:9" }));
  expect(away).toMatchObject({
    ok: false,
    fault: { kind: "unreachable", message: "Could not reach 127.0.0.1:9: nothing accepts connections there." },
  });
});
