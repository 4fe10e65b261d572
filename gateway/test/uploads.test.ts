import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { afterEach, expect, test } from "vitest";
import { anApp, anLlm } from "./hub.ts";
import { anUpstream, delta, sse } from "./upstreams.ts";
import { aWorld, basicSnapshot, chatPath, endWorlds, onEnd, secret, until, type World } from "./world.ts";

afterEach(endWorlds);

const mebibyte = 1024 * 1024;

type Seen = { bytes: number; body: string; headers: IncomingMessage["headers"]; isComplete: boolean; req: IncomingMessage };

/** A vendor that remembers what it receives, and answers as `answer` says once that is complete. */
async function aVendor({
  answer = { status: 200, type: "application/json", text: '{"model":"demo-small","usage":{"prompt_tokens":7,"completion_tokens":2}}' },
  onRequest = (req: IncomingMessage) => void req,
  llm = {},
  monthlyBudgetMicroUsd,
}: {
  answer?: { status: number; type: string; text: string };
  onRequest?: (req: IncomingMessage, seen: Seen) => void;
  llm?: Parameters<typeof anLlm>[2];
  monthlyBudgetMicroUsd?: number;
} = {}) {
  const seen: Seen[] = [];
  const url = await anUpstream((req, res) => {
    const one: Seen = { bytes: 0, body: "", headers: req.headers, isComplete: false, req };
    seen.push(one);
    req.setEncoding("latin1");
    req.on("data", (chunk: string) => {
      one.bytes += chunk.length;
      if (one.bytes < 16 * mebibyte) one.body += chunk;
    });
    req.on("end", () => {
      one.isComplete = true;
      res.writeHead(answer.status, { "content-type": answer.type }).end(answer.text);
    });
    req.on("error", () => undefined);
    onRequest(req, one);
  });
  const world = await aWorld({
    snapshot: (hub) => ({
      ...basicSnapshot(hub, url),
      llms: [anLlm(hub, url, llm)],
      apps: [anApp(secret, { monthlyBudgetMicroUsd })],
    }),
    limits: { requestBytes: 64 * mebibyte },
  });
  return { ...world, seen };
}

type Answer = { status: number; text: string };
type Upload = { req: ClientRequest; answer: Promise<Answer> };

/** Begins a request whose body the test writes. */
function begin({ gateway }: Pick<World, "gateway">, path: string, headers: Record<string, string | number> = {}): Upload {
  const req = request(gateway.url + path, {
    method: "POST",
    agent: false,
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", ...headers },
  });
  onEnd(async () => void req.destroy());
  const answer = new Promise<Answer>((resolve, reject) => {
    req.on("error", reject);
    req.on("response", (res) => {
      let text = "";
      res.setEncoding("utf8");
      res.on("data", (chunk: string) => {
        text += chunk;
      });
      res.on("end", () => resolve({ status: res.statusCode ?? 0, text }));
    });
  });
  answer.catch(() => undefined);
  return { req, answer };
}

const send = (world: Pick<World, "gateway">, path: string, body: string, headers: Record<string, string> = {}) => {
  const { req, answer } = begin(world, path, { "content-length": Buffer.byteLength(body), ...headers });
  req.end(body);
  return answer;
};

const text = "z".repeat(6 * mebibyte);
const large = (rest: string) => `{"messages":[{"role":"user","content":"${text}"}]${rest}}`;

test("a large body reaches the vendor while it arrives, but its end waits for the judgement", async () => {
  const world = await aVendor();
  const body = large(', "seed":12345678901234567890, "model":"demo-small"');
  for (const [at, headers] of [{ "content-length": body.length }, {}].entries()) {
    const { req, answer } = begin(world, chatPath, headers);
    req.write(body.slice(0, -20));
    await until(() => (world.seen[at]?.bytes ?? 0) > 5 * mebibyte);
    expect(world.seen[at]?.isComplete).toBe(false);
    req.end(body.slice(-20));
    expect((await answer).status).toBe(200);
    expect(world.seen[at]?.body === body).toBe(true);
  }
  await until(() => world.hub.records().length === 2);
  expect(world.hub.records()[1]).toMatchObject({
    model: "demo-small",
    promptTokens: 7,
    responseTokens: 2,
    requestBytes: body.length,
    usageEstimated: false,
  });
});

test("what a large body is refused for is found at its end, and the vendor never has the whole of it", async () => {
  const world = await aVendor({ llm: { allowedModels: ["^demo-.*$"] } });
  const bad: [body: string, status: number, reason: string][] = [
    [large(',"model":"other"'), 403, "model_not_allowed"],
    [large(',"model":"demo-small","model":"other"'), 400, "invalid_json"],
    [large(',"mod\\u0065l":"other","model":"demo-small"'), 400, "invalid_json"],
    [large(',"model":"demo-small","Model":"other"'), 400, "invalid_json"],
    [large(',"model":"demo-small","models":["other"]'), 403, "model_not_allowed"],
    [large(""), 400, "model_missing"],
    [`${large(',"model":"demo-small"')}x`, 400, "invalid_json"],
    [large(',"model":"demo-small"').replace('"role"', "'role'"), 400, "invalid_json"],
  ];
  for (const [body, status, reason] of bad) {
    const count = world.hub.records().length;
    expect(await send(world, chatPath, body), body.slice(-60)).toMatchObject({ status });
    await until(() => world.hub.records().length > count);
    expect(world.hub.records().at(-1), body.slice(-60)).toMatchObject({ outcome: "blocked", reason, costMicroUsd: 0 });
  }
  await until(() => world.seen.every(({ req }) => req.destroyed));
  expect(world.seen.filter(({ isComplete }) => isComplete)).toEqual([]);
  expect((await send(world, chatPath, large(',"model":"demo-small"'))).status).toBe(200);
});

test("a large body that costs more than is left of a budget is refused before the vendor can act on it", async () => {
  // Six million characters are 1.5 million tokens at a micro-dollar each.
  const world = await aVendor({ monthlyBudgetMicroUsd: 1_000_000 });
  expect(await send(world, chatPath, large(',"max_tokens":5,"model":"demo-small"'))).toMatchObject({ status: 403 });
  expect(world.seen.filter(({ isComplete }) => isComplete)).toEqual([]);
  const richer = await aVendor({ monthlyBudgetMicroUsd: 2_000_000 });
  expect(await send(richer, chatPath, large(',"max_tokens":5,"model":"demo-small"'))).toMatchObject({ status: 200 });
});

test("usage and a default model are added behind the other fields of a large body", async () => {
  const stream = sse(delta("hi"), '{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5}}', "[DONE]");
  const world = await aVendor({ answer: { status: 200, type: "text/event-stream", text: stream }, llm: { defaultModel: "demo-small" } });
  expect(await send(world, chatPath, large(',"stream":true'))).toEqual({ status: 200, text: sse(delta("hi"), "[DONE]") });
  expect(world.seen[0]?.body === large(',"stream":true,"stream_options":{"include_usage":true},"model":"demo-small"')).toBe(true);
  await until(() => world.hub.records().length === 1);
  expect(world.hub.records()[0]).toMatchObject({ model: "demo-small", promptTokens: 9, responseTokens: 5 });

  const own = large(',"stream":true,"model":"demo-small","stream_options":{"include_usage":false}');
  expect((await send(world, chatPath, own)).status).toBe(200);
  expect(world.seen[1]?.body === own).toBe(true);
});

test("a vendor that refuses what was added to a large body gets it unchanged when the client sends it again", async () => {
  const world = await aVendor({
    answer: { status: 400, type: "application/json", text: '{"error":{"message":"stream_options is not supported"}}' },
  });
  const body = large(',"model":"demo-small","stream":true');
  expect((await send(world, chatPath, body)).status).toBe(503);
  expect((await send(world, chatPath, body)).status).toBe(400);
  expect(world.seen[1]?.body === body).toBe(true);
});

test("a large form is sent while it arrives, whichever of its parts names the model", async () => {
  const world = await aVendor({ llm: { allowedModels: ["^whisper-1$"] } });
  const form = (model: string) =>
    [
      `--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n${text}`,
      `--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n${model}`,
      "--b--\r\n",
    ].join("\r\n");
  const path = "/llm/call/demo/v1/audio/transcriptions";
  const type = { "content-type": "multipart/form-data; boundary=b" };
  expect(await send(world, path, form("whisper-2"), type)).toMatchObject({ status: 403 });
  expect(await send(world, path, form("whisper-1"), type)).toMatchObject({ status: 200 });
  expect(world.seen.at(-1)?.body === form("whisper-1")).toBe(true);
  expect(world.seen.at(-1)?.headers["content-length"]).toBe(String(form("whisper-1").length));
  expect(world.seen.filter(({ isComplete }) => isComplete)).toHaveLength(1);
});

test("a body larger than the limit, a client that leaves and a vendor that leaves each end the other side", async () => {
  const world = await aVendor();
  const tooMuch = begin(world, chatPath);
  tooMuch.req.write('{"a":"');
  for (let sent = 0; sent < 64; sent++) tooMuch.req.write(Buffer.alloc(mebibyte, "z"));
  tooMuch.req.end();
  expect(await tooMuch.answer).toMatchObject({ status: 413 });
  await until(() => world.seen[0]?.req.destroyed === true);

  const leaving = begin(world, chatPath);
  leaving.req.write(large(""));
  await until(() => (world.seen[1]?.bytes ?? 0) > mebibyte);
  leaving.req.destroy();
  await until(() => world.seen[1]?.req.destroyed === true);
  await until(() => world.hub.records().some(({ reason }) => reason === "client_closed"));

  const left = begin(world, chatPath);
  left.req.write(large("").slice(0, -1));
  await until(() => (world.seen[2]?.bytes ?? 0) > mebibyte);
  world.seen[2]?.req.destroy();
  left.req.end(',"model":"demo-small"}');
  expect(await left.answer).toMatchObject({ status: 502 });
  expect(world.seen.filter(({ isComplete }) => isComplete)).toEqual([]);
});

test("an answer that comes before the request is judged does not pass, unless it is a refusal", async () => {
  let status = 200;
  const url = await anUpstream((req, res) => {
    req.once("data", () => res.writeHead(status, { "content-type": "application/json" }).end('{"usage":{}}'));
  });
  const world = await aWorld({ snapshot: (hub) => ({ ...basicSnapshot(hub, url), llms: [anLlm(hub, url)] }) });
  for (const [answered, expected] of [
    [200, 502],
    [401, 401],
  ] as const) {
    status = answered;
    const { req, answer } = begin(world, chatPath);
    req.write(large("").slice(0, -1));
    expect((await answer).status).toBe(expected);
    req.destroy();
  }
});

test("32 uploads of 50 MB at once take a few megabytes each, however slow the vendor is", async () => {
  const paused: IncomingMessage[] = [];
  const world = await aVendor({
    onRequest(req) {
      req.pause();
      paused.push(req);
    },
  });
  const piece = Buffer.alloc(mebibyte, "z");
  const end = Buffer.from('"}],"model":"demo-small"}');
  const start = Buffer.from('{"messages":[{"role":"user","content":"');
  const before = process.memoryUsage().rss;
  let blocked = 0;
  const uploads = Array.from({ length: 32 }, () => begin(world, chatPath, { "content-length": start.length + 50 * mebibyte + end.length }));
  for (const { req } of uploads) {
    let sent = 0;
    const write = () => {
      while (sent < 50) {
        sent++;
        if (!req.write(piece)) {
          blocked++;
          req.once("drain", write);
          return;
        }
      }
      req.end(end);
    };
    req.write(start);
    write();
  }
  await until(() => paused.length === 32, 20_000);
  // Nothing moves any more: every buffer on the way is full.
  for (let last = -1; last !== blocked; await new Promise((resolve) => setTimeout(resolve, 300))) last = blocked;
  expect(blocked).toBeLessThan(32 * 20);
  // This process holds client and vendor too: a piece that is being sent, and what sockets hold.
  expect(process.memoryUsage().rss - before).toBeLessThan(400 * mebibyte);
  for (const req of paused) req.resume();
  const answers = await Promise.all(uploads.map(({ answer }) => answer));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(world.seen.every(({ bytes }) => bytes === start.length + 50 * mebibyte + end.length)).toBe(true);
}, 120_000);
