import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterEach, expect, test } from "vitest";
import { anApp, anLlm } from "./hub.ts";
import { aWorld, call, chat, chatPath, endWorlds, secret, until } from "./world.ts";

afterEach(endWorlds);

test("the unmodified openai client works plain and streaming, and its usage is billed", async () => {
  const { gateway, hub } = await aWorld();
  const client = new OpenAI({ apiKey: secret, baseURL: `${gateway.url}/llm/call/demo/v1`, maxRetries: 0 });
  const plain = await client.chat.completions.create({ model: "demo-small", messages: [{ role: "user", content: "two words" }] });
  expect(plain.choices[0]?.message.content).toBe("You said: two words");
  expect(plain._request_id).toMatch(/^req_/);

  let streamed = "";
  const stream = await client.chat.completions.create({
    model: "demo-small",
    messages: [{ role: "user", content: "two words" }],
    stream: true,
  });
  for await (const chunk of stream) {
    // The usage event was asked for by the gateway, not by this client.
    expect(chunk.choices.length).toBe(1);
    streamed += chunk.choices[0]?.delta.content ?? "";
  }
  expect(streamed).toBe("You said: two words");
  expect((await client.models.list()).data.map((model) => model.id)).toContain("demo-small");

  await until(() => hub.records().length === 3);
  const [first, second, third] = hub.records();
  expect(first).toMatchObject({ requestId: plain._request_id, appId: 7, userId: 3, llmId: 1, vendor: "openai", model: "demo-small" });
  expect(first).toMatchObject({
    outcome: "completed",
    statusCode: 200,
    promptTokens: 2,
    responseTokens: 4,
    costMicroUsd: 10,
    usageEstimated: false,
  });
  expect(second).toMatchObject({
    outcome: "completed",
    streamed: true,
    promptTokens: 2,
    responseTokens: 4,
    costMicroUsd: 10,
    usageEstimated: false,
  });
  expect(third).toMatchObject({ outcome: "completed", promptTokens: 0, costMicroUsd: 0, path: "/v1/models" });
});

test("the openai client's responses, plain and streaming, and its embeddings are billed", async () => {
  const { gateway, hub } = await aWorld();
  const client = new OpenAI({ apiKey: secret, baseURL: `${gateway.url}/llm/call/demo/v1`, maxRetries: 0 });
  const question = { model: "demo-small", input: "two words", instructions: "be brief" };
  const plain = await client.responses.create(question);
  expect(plain.output_text).toBe("You said: two words I was told: be brief");
  let streamed = "";
  for await (const event of await client.responses.create({ ...question, stream: true })) {
    if (event.type === "response.output_text.delta") streamed += event.delta;
  }
  expect(streamed).toBe(plain.output_text);
  const { data } = await client.embeddings.create({ model: "demo-small", input: ["one", "two words"] });
  expect(data.map(({ embedding }) => Math.hypot(...embedding))).toEqual([expect.closeTo(1, 3), expect.closeTo(1, 3)]);

  await until(() => hub.records().length === 3);
  expect(hub.records()).toMatchObject([
    { path: "/v1/responses", promptTokens: 4, responseTokens: 9, costMicroUsd: 22, usageEstimated: false },
    { path: "/v1/responses", promptTokens: 4, responseTokens: 9, costMicroUsd: 22, usageEstimated: false, streamed: true },
    { path: "/v1/embeddings", promptTokens: 3, responseTokens: 0, costMicroUsd: 3, usageEstimated: false },
  ]);
});

test("a client that asks for usage in its stream gets it", async () => {
  const { gateway } = await aWorld();
  const client = new OpenAI({ apiKey: secret, baseURL: `${gateway.url}/llm/stream/demo/v1`, maxRetries: 0 });
  const stream = await client.chat.completions.create({
    model: "demo-small",
    messages: [{ role: "user", content: "two words" }],
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 2, completion_tokens: 4 } });
});

test("the unmodified anthropic client works plain and streaming, and its usage is billed", async () => {
  const { gateway, hub } = await aWorld({
    snapshot: (hub, url) => ({ llms: [anLlm(hub, url, { vendor: "anthropic" })], apps: [anApp(secret)] }),
  });
  const client = new Anthropic({ apiKey: secret, baseURL: `${gateway.url}/llm/call/demo`, maxRetries: 0 });
  const request = { model: "claude-demo", max_tokens: 50, system: "be brief", messages: [{ role: "user" as const, content: "hi" }] };
  const plain = await client.messages.create(request);
  expect(plain.content[0]).toMatchObject({ type: "text", text: "You said: hi I was told: be brief" });
  const streamed = await client.messages.stream(request).finalMessage();
  expect(streamed.content[0]).toMatchObject({ type: "text", text: "You said: hi I was told: be brief" });
  expect(streamed.usage.output_tokens).toBe(8);
  expect(await client.messages.countTokens({ model: "claude-demo", messages: request.messages })).toEqual({ input_tokens: 1 });

  await until(() => hub.records().length === 3);
  expect(hub.records()[2]).toMatchObject({ path: "/v1/messages/count_tokens", promptTokens: 0, costMicroUsd: 0 });
  for (const record of hub.records().slice(0, 2)) {
    expect(record).toMatchObject({ outcome: "completed", vendor: "anthropic", promptTokens: 3, responseTokens: 8, usageEstimated: false });
  }
});

test("refusals have one shape, a request id and the true status", async () => {
  const { gateway, hub } = await aWorld({
    snapshot: (hub, url) => ({
      llms: [anLlm(hub, url, { allowedModels: ["^demo-"] }), anLlm(hub, url, { id: 2, slug: "other", name: "Other" })],
      apps: [anApp(secret), anApp("off", { id: 8, active: false })],
    }),
  });
  const cases = [
    { path: chatPath, headers: { authorization: "Bearer wrong" }, status: 401, message: "Invalid or expired bearer token" },
    { path: chatPath, headers: { authorization: "Bearer off" }, status: 401, message: "Invalid or expired bearer token" },
    { path: chatPath, headers: { authorization: "" }, status: 401, message: "Missing or invalid authentication method." },
    { path: "/llm/call/nowhere/v1/chat/completions", status: 404, message: "LLM not found: nowhere" },
    { path: "/llm/call/other/v1/chat/completions", status: 403, message: 'App "Test app" may not call LLM "other".' },
    { path: "/ai/demo/v1/chat/completions", status: 404, message: "Not found: POST /ai/demo/v1/chat/completions" },
    { path: "/llm/call/demo/v1/..%2fsecret", status: 400, message: "The path must not contain . or .. segments." },
    { path: chatPath, body: chat("x", { model: "gpt-9" }), status: 403, message: "model 'gpt-9' is not allowed" },
    { path: chatPath, body: { messages: [] }, status: 400, message: "Bad request: model field is required" },
    { path: chatPath, body: { model: 5 }, status: 400, message: "Bad request: model must be a string" },
    { path: chatPath, body: "nonsense", status: 400, message: "Bad request: invalid JSON body" },
    {
      path: "/llm/rest/demo/v1/chat/completions",
      body: chat("x", { stream: true }),
      status: 400,
      message: "Bad request: streaming is not allowed for this endpoint",
    },
  ];
  for (const { path, headers, status, message, body = chat() } of cases) {
    const answer = await call(gateway, path, { body, ...(headers ? { headers } : {}) });
    expect(answer.json).toMatchObject({ status, message });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
    expect(answer.headers.get("www-authenticate")).toBe(status === 401 ? 'Bearer realm="portico"' : null);
  }
  await until(() => hub.records().length === 10);
  expect(hub.records().every((record) => record.outcome === "blocked" && record.reason !== "" && record.costMicroUsd === 0)).toBe(true);
});

test("the allow-list judges the model that is sent, however often the body names one", async () => {
  const { gateway } = await aWorld({
    snapshot: (hub, url) => ({
      llms: [anLlm(hub, url, { allowedModels: ["^demo-small$"], defaultModel: "demo-small" })],
      apps: [anApp(secret)],
    }),
  });
  const twice = await call(gateway, chatPath, {
    body: '{"model":"gpt-9","messages":[{"role":"user","content":"x"}],"model":"demo-small"}',
  });
  expect(twice.json).toMatchObject({ model: "demo-small" });
  const filledIn = await call(gateway, chatPath, { body: { messages: [{ role: "user", content: "x" }] } });
  expect(filledIn.json).toMatchObject({ model: "demo-small" });
});

test("only the control plane's app names the acting user", async () => {
  const { gateway, hub } = await aWorld({
    snapshot: (hub, url) => ({
      llms: [anLlm(hub, url)],
      apps: [anApp(secret), anApp("system", { id: 9, userId: 1, llmIds: [], system: true })],
    }),
  });
  const asUser = (user: string) => ({ body: chat(), headers: { authorization: "Bearer system", "x-portico-user": user } });
  await call(gateway, `//${chatPath.slice(1)}`, asUser("42"));
  await call(gateway, chatPath, { body: chat(), headers: { "x-portico-user": "42" } });
  await until(() => hub.records().length === 2);
  expect(hub.records()).toMatchObject([
    { appId: 9, userId: 42, interaction: "studio", statusCode: 200 },
    { appId: 7, userId: 3, interaction: "proxy", statusCode: 200 },
  ]);
  // An id that the hub could not store would cost the records beside it.
  for (const odd of ["0", "-1", "1.5", "somebody", "2147483648"])
    expect((await call(gateway, chatPath, asUser(odd))).status, odd).toBe(400);
});
