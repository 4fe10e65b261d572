import { afterEach, expect, test } from "vitest";
import { anLlm } from "./hub.ts";
import { anUpstream, delta, sse, upstreamAt } from "./upstreams.ts";
import { aWorld, call, chat, chatPath, endWorlds, until } from "./world.ts";

afterEach(endWorlds);

/** A world whose vendor answers with this. */
async function answering({
  type,
  text,
  vendor = "openai",
  length = false,
}: {
  type: string;
  text: string;
  vendor?: string;
  length?: boolean;
}) {
  const url = await anUpstream((req, res) => {
    req.resume();
    res.setHeader("content-type", type);
    if (length) res.setHeader("content-length", Buffer.byteLength(text));
    res.end(text);
  });
  return aWorld({
    ...upstreamAt(url),
    snapshot: (hub, at) => ({ ...upstreamAt(url).snapshot(hub, at), llms: [anLlm(hub, url, { vendor })] }),
  });
}

const events = "text/event-stream";
const usageChunk = '{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5}}';

test.each([
  ["an error in a stream", "openai", events, sse('{"error":{"message":"quota exceeded","code":429}}', "[DONE]"), 0],
  ["an error as JSON", "openai", "application/json", '{"error":{"message":"no such model"}}', 0],
  ["an event of an error", "openai", events, sse('{"type":"error","code":"server_error","message":"x"}'), 0],
  [
    "a failed response",
    "openai",
    events,
    sse('{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error"}}}'),
    0,
  ],
  ["an error of Anthropic", "anthropic", events, 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n', 0],
  ["an error after some text", "openai", events, sse(delta("eight ch"), '{"error":{"message":"overloaded"}}'), 2],
])("%s under status 200 is a failure, and only what was generated is charged", async (_, vendor, type, text, responseTokens) => {
  const { gateway, hub } = await answering({ type, text, vendor });
  const path = vendor === "anthropic" ? "/llm/call/demo/v1/messages" : chatPath;
  const answer = await call(gateway, path, { body: chat("x", { stream: type === events, max_tokens: 5 }) });
  expect(answer).toMatchObject({ status: 200, text });
  await until(() => hub.records().length === 1);
  expect(hub.records()[0]).toMatchObject({ outcome: "failed", reason: "upstream_error", responseTokens });
  if (responseTokens === 0) expect(hub.records()[0]).toMatchObject({ promptTokens: 0, costMicroUsd: 0 });
});

test("text and arguments that speak of errors are no failure", async () => {
  const text = sse(
    delta('{"error": "x"} and {"type":"error"}'),
    JSON.stringify({ choices: [{ delta: {}, note: { error: { a: 1 } } }] }),
    usageChunk,
  );
  const { gateway, hub } = await answering({ type: events, text });
  await call(gateway, chatPath, { body: chat("x", { stream: true }) });
  await until(() => hub.records().length === 1);
  expect(hub.records()[0]).toMatchObject({ outcome: "completed", promptTokens: 9, responseTokens: 5 });
});

test.each([
  ["under the type of JSON", "application/json"],
  ["as plain text, after a byte order mark", "text/plain"],
])("events %s are read, and the usage that the client did not ask for is left out", async (_, type) => {
  const start = type === "text/plain" ? "\ufeff" : "";
  const { gateway, hub } = await answering({ type, text: start + sse(delta("a"), usageChunk, "[DONE]"), length: true });
  const answer = await call(gateway, chatPath, { body: chat("x", { stream: true }) });
  expect(answer.text).toBe(sse(delta("a"), "[DONE]"));
  await until(() => hub.records().length === 1);
  expect(hub.records()[0]).toMatchObject({ outcome: "completed", streamed: true, promptTokens: 9, responseTokens: 5 });
});

test("an event with usage and something else loses its usage alone", async () => {
  const chunk = (rest: string) => `{"id":"c","choices":[],"citations":["https://a.example/1"],"big":9223372036854775807${rest}}`;
  const { gateway, hub } = await answering({
    type: events,
    text: sse(delta("a"), chunk(',"usage":{"prompt_tokens":9,"completion_tokens":5,"details":{"x":1}}'), "[DONE]"),
  });
  expect((await call(gateway, chatPath, { body: chat("x", { stream: true }) })).text).toBe(sse(delta("a"), chunk(""), "[DONE]"));
  await until(() => hub.records().length === 1);
  expect(hub.records()[0]).toMatchObject({ promptTokens: 9, responseTokens: 5 });
});

const image = "iVBORw0K".repeat(190_000);
const counts = '"usage":{"input_tokens":321,"input_tokens_details":{"cached_tokens":21},"output_tokens":654}';

test.each([
  [
    "behind a large image in an event",
    events,
    sse(`{"type":"response.completed","response":{"output":[{"result":"${image}"}],${counts}}}`),
  ],
  [
    "in front of a large answer",
    "application/json",
    `{"object":"list","note":"\\"usage\\":{","inner":{"usage":{"input_tokens":1}},${counts},"data":["${image}"]}`,
  ],
])("usage is read %s", async (_, type, text) => {
  const { gateway, hub } = await answering({ type, text });
  const answer = await call(gateway, "/llm/call/demo/v1/responses", { body: { model: "demo-small", input: "x", stream: type === events } });
  expect(answer.text).toHaveLength(text.length);
  await until(() => hub.records().length === 1);
  expect(hub.records()[0]).toMatchObject({
    outcome: "completed",
    promptTokens: 300,
    cacheReadTokens: 21,
    responseTokens: 654,
    usageEstimated: false,
  });
});

test("tokens that are kept in the cache for an hour cost 1.6 times those that are kept for five minutes", async () => {
  const usage = (hour: number, short: number) =>
    `{"type":"message","model":"m","usage":{"input_tokens":0,"output_tokens":0,"cache_creation_input_tokens":1000,"cache_creation":{"ephemeral_5m_input_tokens":${short},"ephemeral_1h_input_tokens":${hour}}}}`;
  let text = "";
  const url = await anUpstream((req, res) => {
    req.resume();
    res.setHeader("content-type", "application/json");
    res.end(text);
  });
  const price = { inputMicroUsdPerMillion: 3_000_000, outputMicroUsdPerMillion: 15_000_000, cacheWriteMicroUsdPerMillion: 3_750_000 };
  const { gateway, hub } = await aWorld({
    snapshot: (hub, at) => ({
      ...upstreamAt(url).snapshot(hub, at),
      llms: [anLlm(hub, url, { vendor: "anthropic" })],
      prices: [{ vendor: "anthropic", modelName: "demo-small", cacheReadMicroUsdPerMillion: 300_000, ...price }],
    }),
  });
  for (const [hour, short] of [
    [1_000, 0],
    [0, 1_000],
    [500, 500],
    [9_000, 0],
  ] as const) {
    text = usage(hour, short);
    await call(gateway, "/llm/call/demo/v1/messages", { body: chat("x", { max_tokens: 5 }) });
  }
  await until(() => hub.records().length === 4);
  expect(hub.records().map(({ costMicroUsd }) => costMicroUsd)).toEqual([6_000, 3_750, 4_875, 6_000]);
});

test("a body that must be changed keeps its numbers to the last digit", async () => {
  const bodies: string[] = [];
  const url = await anUpstream(async (req, res) => {
    bodies.push(Buffer.concat(await req.toArray()).toString());
    res.end("{}");
  });
  const rest = '"seed":9007199254740993,"tools":[{"maximum":9223372036854775807,"default":1.0}],"messages":[]}';
  const { gateway } = await aWorld(upstreamAt(url, { defaultModel: "demo-small", allowedModels: ["^demo-small$"] }));
  await call(gateway, chatPath, {
    body: `{"model":"demo-small","stream":true,"stream_options":{"include_obfuscation":false,"n":9007199254740993},${rest}`,
  });
  await call(gateway, chatPath, { body: `{"model":"",${rest}` });
  await call(gateway, chatPath, { body: `{"model":"demo-small","Model":"other",${rest}` });
  expect(bodies).toEqual([
    `{"model":"demo-small","stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false,"n":9007199254740993},${rest}`,
    `{"model":"demo-small",${rest}`,
    `{"model":"demo-small",${rest}`,
  ]);
});

test("a vendor that refuses to be asked for usage gets the client's own body, and is not asked again", async () => {
  const bodies: string[] = [];
  const url = await anUpstream(async (req, res) => {
    const body = Buffer.concat(await req.toArray()).toString();
    bodies.push(body);
    if (body.includes("stream_options")) return void res.writeHead(400).end('{"message":"stream_options: extra fields not permitted"}');
    if (body.includes("bad"))
      return void res.writeHead(400, { "content-type": "application/json" }).end('{"error":{"message":"bad words"}}');
    res.writeHead(200, { "content-type": events }).end(sse(delta("eight ch"), "[DONE]"));
  });
  const { gateway, hub } = await aWorld(upstreamAt(url));
  const ask = (text: string) => call(gateway, chatPath, { body: chat(text, { stream: true }) });
  expect(await ask("x")).toMatchObject({ status: 200, text: sse(delta("eight ch"), "[DONE]") });
  expect((await ask("x")).status).toBe(200);
  expect(bodies.map((body) => body.includes("stream_options"))).toEqual([true, false, false]);
  expect(JSON.parse(bodies[1] as string)).toEqual(chat("x", { stream: true }));
  expect(await ask("bad")).toMatchObject({ status: 400, json: { error: { message: "bad words" } } });
  await until(() => hub.records().length === 3);
  expect(hub.records()[0]).toMatchObject({ outcome: "completed", usageEstimated: true, responseTokens: 2 });
  // Another refusal is the client's to see.
  const other = await aWorld(
    upstreamAt(await anUpstream((req, res) => void req.resume().on("end", () => res.writeHead(400).end('{"error":{"message":"no"}}')))),
  );
  expect(await call(other.gateway, chatPath, { body: chat("x", { stream: true }) })).toMatchObject({
    status: 400,
    text: '{"error":{"message":"no"}}',
  });
});
