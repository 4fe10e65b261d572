import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { anApp, anLlm } from "./hub.ts";
import { anUpstream, aRawUpstream, delta, sse, upstreamAt } from "./upstreams.ts";
import { aWorld, basicSnapshot, call, chat, chatPath, endWorlds, secret, until } from "./world.ts";

afterEach(endWorlds);

test("what the upstream answers is passed on as it is: status, body, headers, 4xx and Retry-After", async () => {
  const { gateway, hub } = await aWorld();
  const limited = await call(gateway, chatPath, { body: chat(), headers: { "x-demo-status": "429" } });
  expect(limited.status).toBe(429);
  expect(limited.headers.get("retry-after")).toBe("7");
  expect(limited.json).toMatchObject({ error: { type: "rate_limit_error" } });
  const broken = await call(gateway, chatPath, { body: chat(), headers: { "x-demo-status": "503" } });
  expect(broken).toMatchObject({ status: 503, json: { error: { type: "server_error" } } });
  await until(() => hub.records().length === 2);
  expect(hub.records()[0]).toMatchObject({
    outcome: "failed",
    reason: "upstream_status",
    statusCode: 429,
    costMicroUsd: 0,
    usageEstimated: false,
  });
});

test("the upstream sees the vendor's key and the client's headers, but none of the gateway's secrets", async () => {
  const seen: { url: string | undefined; headers: Record<string, unknown> }[] = [];
  const url = await anUpstream((req, res) => {
    seen.push({ url: req.url, headers: req.headers });
    res.setHeader("Set-Cookie", ["a=1", "b=2"]);
    res.setHeader("X-Request-Id", "theirs");
    res.end("{}");
  });
  const { gateway } = await aWorld(upstreamAt(`${url}/base/v1`));
  const headers = {
    cookie: "session=1",
    "x-api-key": "leak",
    "x-portico-user": "4",
    "x-request-id": "mine",
    "openai-organization": "org",
    connection: "x-hop",
    "x-hop": "1",
  };
  // fetch would refuse to send some of these.
  const answer = await new Promise<{ cookies: string[] | undefined; requestId: unknown; theirs: unknown }>((resolve, reject) => {
    const path = "/llm/call/demo/v1/chat/completions?x=%2F1&y";
    const req = httpRequest(gateway.url + path, { method: "POST", headers: { authorization: `Bearer ${secret}`, ...headers } }, (res) => {
      res.resume().on("end", () =>
        resolve({
          cookies: res.headers["set-cookie"],
          requestId: res.headers["x-request-id"],
          theirs: res.headers["x-upstream-request-id"],
        }),
      );
    });
    req.on("error", reject).end(JSON.stringify(chat()));
  });
  expect(answer.cookies).toBeUndefined();
  expect(answer.requestId).toMatch(/^req_/);
  expect(answer.theirs).toBe("theirs");
  expect(seen[0]?.url).toBe("/base/v1/chat/completions?x=%2F1&y");
  expect(seen[0]?.headers).toMatchObject({
    authorization: "Bearer vendor-key",
    "openai-organization": "org",
    "accept-encoding": "identity",
  });
  for (const name of ["cookie", "x-api-key", "x-portico-user", "x-request-id", "x-hop"]) expect(seen[0]?.headers[name]).toBeUndefined();
  await call(gateway, "/llm/call/demo/base/v1/models");
  expect(seen[1]?.url).toBe("/base/v1/models");
});

test("the query of an endpoint is sent with every request, before the client's own", async () => {
  const seen: (string | undefined)[] = [];
  const url = await anUpstream((req, res) => {
    seen.push(req.url);
    res.end("{}");
  });
  const { gateway } = await aWorld(upstreamAt(`${url}/openai/deployments/gpt/?api-version=2024-10-21`));
  await call(gateway, "/llm/call/demo/chat/completions", { body: chat() });
  await call(gateway, "/llm/call/demo/chat/completions?x=%2F1", { body: chat() });
  expect(seen).toEqual([
    "/openai/deployments/gpt/chat/completions?api-version=2024-10-21",
    "/openai/deployments/gpt/chat/completions?api-version=2024-10-21&x=%2F1",
  ]);
});

test("a compressed answer reaches the client readable and is billed", async () => {
  const url = await anUpstream((_req, res) => {
    res.setHeader("Content-Type", "application/json");
    res.setHeader("Content-Encoding", "gzip");
    res.end(
      gzipSync(
        JSON.stringify({
          model: "demo-small",
          usage: { prompt_tokens: 100, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 40 } },
        }),
      ),
    );
  });
  const { gateway, hub } = await aWorld(upstreamAt(url));
  expect((await call(gateway, chatPath, { body: chat() })).json).toMatchObject({ model: "demo-small" });
  await until(() => hub.records().length === 1);
  expect(hub.records()[0]).toMatchObject({ promptTokens: 60, cacheReadTokens: 40, responseTokens: 7, costMicroUsd: 60 + 4 + 14 });
});

test("usage at the end of an answer too large to be kept is billed", async () => {
  const usage = { prompt_tokens: 100, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 40 } };
  const url = await anUpstream((_req, res) => {
    res.setHeader("Content-Type", "application/json");
    res.write('{"choices":[{"message":{"content":"');
    for (let i = 0; i < 24; i++) res.write("x".repeat(64 * 1024));
    res.end(`"}}],"usage":${JSON.stringify(usage)}}`);
  });
  const { gateway, hub } = await aWorld(upstreamAt(url));
  expect((await call(gateway, chatPath, { body: chat() })).json).toMatchObject({ usage });
  await until(() => hub.records().length === 1);
  expect(hub.records()[0]).toMatchObject({ promptTokens: 60, cacheReadTokens: 40, responseTokens: 7, usageEstimated: false });
});

test("a vendor cannot make usage undeliverable by a model of any length", async () => {
  const url = await anUpstream((_req, res) => {
    res.setHeader("Content-Type", "application/json");
    res.end(JSON.stringify({ model: "m".repeat(500_000), usage: { prompt_tokens: 1, completion_tokens: 2 } }));
  });
  const { gateway, hub } = await aWorld(upstreamAt(url, { allowedEndpoints: ["threads"] }));
  expect((await call(gateway, chatPath.replace("chat/completions", "threads/runs"), { body: "{}" })).status).toBe(200);
  await until(() => hub.records().length === 1);
  expect(hub.records()[0]).toMatchObject({ model: "m".repeat(256), promptTokens: 1, responseTokens: 2 });
});

test("a vendor that takes names loosely sees no model but the one that was judged", async () => {
  const bodies: string[] = [];
  const url = await anUpstream(async (req, res) => {
    bodies.push(Buffer.concat(await req.toArray()).toString());
    res.end("{}");
  });
  const { gateway } = await aWorld(upstreamAt(url, { allowedModels: ["^small$"] }));
  const loose = [
    '{"model":"small","Model":"large","n":1}',
    '{"MODEL":"large","model":"small","n":1}',
    '{"model":"large","n":1,"model":"small"}',
  ];
  for (const body of loose) expect((await call(gateway, chatPath, { body })).status, body).toBe(200);
  expect(bodies.map((body) => JSON.parse(body))).toEqual(loose.map(() => ({ model: "small", n: 1 })));
  expect(bodies.join()).not.toContain("large");
  // With no rule about models there is nothing to mend: a body arrives as it was sent.
  const open = await aWorld(upstreamAt(url));
  const odd = '{ "model": "small", "n": 1.50, "model": "small" }';
  await call(open.gateway, chatPath, { body: odd });
  expect(bodies.at(-1)).toBe(odd);
});

test("a silent upstream is 504, an unreachable or nonsensical one 502; each in JSON and settled once", async () => {
  const silent = await aRawUpstream(() => undefined);
  const garbage = await aRawUpstream((socket) => socket.on("data", () => socket.end("what?\r\n\r\n")));
  const resets = await aRawUpstream((socket) => socket.on("data", () => socket.resetAndDestroy()));
  const { gateway, hub } = await aWorld({
    snapshot: (hub, url) => ({
      ...basicSnapshot(hub, url),
      llms: [silent, garbage, resets, "http://127.0.0.1:1"].map((endpoint, i) => anLlm(hub, endpoint, { id: i + 1, slug: `llm-${i}` })),
      apps: [anApp(secret, { llmIds: [1, 2, 3, 4] })],
    }),
    limits: { firstByteTimeoutMs: 300 },
  });
  const answers = await Promise.all([0, 1, 2, 3].map((i) => call(gateway, `/llm/call/llm-${i}/v1/chat/completions`, { body: chat() })));
  expect(answers.map(({ status }) => status)).toEqual([504, 502, 502, 502]);
  for (const { json, status } of answers) expect(json).toMatchObject({ status, message: expect.stringContaining("The upstream of LLM") });
  await until(() => hub.records().length === 4);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(hub.records().map(({ outcome }) => outcome)).toEqual(["failed", "failed", "failed", "failed"]);
});

test("an upstream that breaks off mid-stream breaks off the client's stream too, and is billed by estimate", async () => {
  const url = await anUpstream((_req, res) => {
    res.writeHead(200, { "Content-Type": "text/event-stream" });
    res.write(sse(delta("some words")));
    setTimeout(() => res.destroy(), 50);
  });
  const { gateway, hub } = await aWorld(upstreamAt(url));
  await expect(call(gateway, chatPath, { body: chat("x", { stream: true }) })).rejects.toThrow();
  await until(() => hub.records().length === 1);
  expect(hub.records()[0]).toMatchObject({ outcome: "failed", reason: "upstream_broke_off", usageEstimated: true, responseTokens: 3 });
});

test("a client that leaves mid-stream stops the upstream and is billed once, by estimate", async () => {
  let stopped = false;
  const url = await anUpstream((req, res) => {
    req.resume();
    res.writeHead(200, { "Content-Type": "text/event-stream" });
    const timer = setInterval(() => res.write(sse(delta("four"))), 10);
    res.on("close", () => {
      stopped = true;
      clearInterval(timer);
    });
  });
  const { gateway, hub } = await aWorld(upstreamAt(url));
  const leaving = new AbortController();
  const response = await fetch(gateway.url + chatPath, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}` },
    body: JSON.stringify(chat("x", { stream: true })),
    signal: leaving.signal,
  });
  const reader = response.body?.getReader();
  for (let i = 0; i < 3; i++) await reader?.read();
  leaving.abort();
  await until(() => stopped && hub.records().length === 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const [record, ...others] = hub.records();
  expect(others).toEqual([]);
  expect(record).toMatchObject({ outcome: "aborted", reason: "client_closed", usageEstimated: true, streamed: true });
  expect(record?.responseTokens).toBeGreaterThan(0);
  expect(record?.costMicroUsd).toBeGreaterThan(0);
});

test("usage is read from streams however they are cut: CRLF, comments, one byte at a time, totals that grow", async () => {
  const openai = `: keep-alive\r\n\r\ndata: ${delta("a")}\r\n\r\ndata: {"choices":[],"usage":{"prompt_tokens":11,\r\ndata: "completion_tokens":5}}\r\n\r\ndata: [DONE]\r\n\r\n`;
  const anthropic = [
    {
      type: "message_start",
      message: {
        model: "claude",
        usage: { input_tokens: 9, output_tokens: 1, cache_creation_input_tokens: 2, cache_read_input_tokens: 3 },
      },
    },
    { type: "message_delta", delta: {}, usage: { output_tokens: 12 } },
    { type: "message_delta", delta: {}, usage: { output_tokens: 20 } },
  ].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  const url = await anUpstream((req, res) => {
    req.resume();
    res.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
    const text = req.url?.includes("messages") ? anthropic.join("") : openai;
    void (async () => {
      for (const char of text) {
        res.write(char);
        await new Promise(setImmediate);
      }
      res.end();
    })();
  });
  const { gateway, hub } = await aWorld({
    snapshot: (hub, vendorUrl) => ({
      ...basicSnapshot(hub, vendorUrl),
      llms: [anLlm(hub, url), anLlm(hub, url, { id: 2, slug: "claude", vendor: "anthropic" })],
      apps: [anApp(secret, { llmIds: [1, 2] })],
    }),
  });
  const streamed = await call(gateway, chatPath, { body: chat("x", { stream: true }) });
  expect(streamed.text).toBe(`: keep-alive\r\n\r\ndata: ${delta("a")}\r\n\r\ndata: [DONE]\r\n\r\n`);
  await call(gateway, "/llm/call/claude/v1/messages", { body: chat("x", { stream: true, max_tokens: 5 }) });
  await until(() => hub.records().length === 2);
  expect(hub.records()[0]).toMatchObject({ promptTokens: 11, responseTokens: 5, usageEstimated: false });
  expect(hub.records()[1]).toMatchObject({ promptTokens: 9, responseTokens: 20, cacheWriteTokens: 2, cacheReadTokens: 3 });
});

test("a slow reader holds the upstream back instead of filling memory", async () => {
  let written = 0;
  const total = 64 * 1024 * 1024;
  const url = await anUpstream((req, res) => {
    req.resume();
    res.writeHead(200, { "Content-Type": "text/event-stream" });
    const event = Buffer.from(sse(delta("x".repeat(16_000))));
    const pump = () => {
      while (written < total) {
        written += event.length;
        if (!res.write(event)) return void res.once("drain", pump);
      }
      res.end();
    };
    pump();
  });
  const { gateway } = await aWorld(upstreamAt(url));
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  socket.pause();
  const body = JSON.stringify(chat("x", { stream: true }));
  socket.write(`POST ${chatPath} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${secret}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThan(total / 2);
  socket.destroy();
});

test("hostile clients get a clear answer: too large, not HTTP, slow, huge headers", async () => {
  const { gateway } = await aWorld({ limits: { requestBytes: 1_000, headersTimeoutMs: 300, requestTimeoutMs: 600 } });
  const large = await call(gateway, chatPath, { body: chat("x".repeat(2_000)) });
  expect(large).toMatchObject({ status: 413, json: { status: 413, message: expect.stringContaining("1000 bytes") } });
  const raw = (bytes: string) =>
    new Promise<string>((resolve) => {
      let text = "";
      const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1", () => socket.write(bytes));
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.on("close", () => resolve(text));
      socket.on("error", () => resolve(text));
    });
  expect(await raw("nonsense\r\n\r\n")).toContain('{"status":400');
  expect(await raw(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${"y".repeat(40_000)}\r\n\r\n`)).toContain('{"status":431');
  expect(await raw("POST / HTTP/1.1\r\nHost: x\r\n")).toContain('{"status":408');
  expect((await call(gateway, "/health")).status).toBe(200);
});

test("closing lets a request under way finish and takes no new one", async () => {
  const { gateway, hub } = await aWorld();
  const running = call(gateway, chatPath, { body: chat(), headers: { "x-demo-delay-ms": "400" } });
  await new Promise((resolve) => setTimeout(resolve, 150));
  const closing = gateway.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await expect(call(gateway, "/health")).rejects.toThrow();
  expect((await running).status).toBe(200);
  await closing;
  expect(hub.records().length).toBeLessThanOrEqual(1);
});
