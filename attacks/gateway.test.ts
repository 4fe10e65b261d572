import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { AppConfig, LlmConfig, ModelPrice, PluginConfig, Snapshot } from "@portico/protocol/edge";
import { createSystemCallSigner, newSystemCallKey, publicSystemCallKey } from "@portico/protocol/system-calls";
import { afterEach, describe, expect, test } from "vitest";
import { anApp, anLlm, edgeToken, type TestHub } from "../gateway/test/hub.ts";
import { aWorld, call, endWorlds, onEnd, secret, until, type World } from "../gateway/test/world.ts";
import { aStudio } from "../server/testing.ts";

afterEach(endWorlds);

const vendorKey = "sk-VENDORSECRET-0123456789";
const dollar = 1_000_000;

type Seen = { method: string; url: string; headers: IncomingMessage["headers"]; body: string };
type Answer = (seen: Seen, res: ServerResponse) => void;

const json = (res: ServerResponse, body: unknown, status = 200) =>
  res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

/** A vendor that says every call took a million tokens each way: 12.50 dollars of gpt-4o. */
const dear: Answer = ({ body }, res) => {
  const usage = { prompt_tokens: 1_000_000, completion_tokens: 1_000_000 };
  if (!body.includes('"stream":true')) return void json(res, { choices: [{ message: { content: "hello" } }], usage });
  res.writeHead(200, { "content-type": "text/event-stream" });
  res.write(`data: ${JSON.stringify({ choices: [{ delta: { content: "hello" } }] })}\n\n`);
  if (body.includes('"include_usage":true')) res.write(`data: ${JSON.stringify({ choices: [], usage })}\n\n`);
  res.end("data: [DONE]\n\n");
};

async function aVendor(answer: Answer = dear) {
  const seen: Seen[] = [];
  const server = createServer(async (req, res) => {
    const body = Buffer.concat(await req.toArray()).toString();
    const one = { method: req.method ?? "", url: req.url ?? "", headers: req.headers, body };
    seen.push(one);
    answer(one, res);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const price = (vendor: string, modelName: string, input: number, output: number): ModelPrice => ({
  vendor,
  modelName,
  inputMicroUsdPerMillion: input * dollar,
  outputMicroUsdPerMillion: output * dollar,
  cacheWriteMicroUsdPerMillion: 0,
  cacheReadMicroUsdPerMillion: 0,
});
const prices = [price("openai", "gpt-4o", 2.5, 10), price("openai", "gpt-4o-mini", 0.15, 0.6)];

type Scene = {
  answer?: Answer | undefined;
  llm?: Partial<LlmConfig>;
  /** Dollars of the app. */
  budget?: number;
  more?: (hub: TestHub, url: string) => Partial<Snapshot>;
};

/** A gateway in front of a vendor of the attacker's choice. */
async function aScene({ answer, llm = {}, budget, more = () => ({}) }: Scene = {}) {
  const vendor = await aVendor(answer);
  const app: Partial<AppConfig> = budget === undefined ? {} : { monthlyBudgetMicroUsd: budget * dollar };
  const world = await aWorld({
    snapshot: (hub) => ({
      llms: [anLlm(hub, `${vendor.url}/v1`, { sealedApiKey: hub.seal(vendorKey), ...llm })],
      apps: [anApp(secret, app)],
      prices,
      ...more(hub, vendor.url),
    }),
  });
  const spent = () => world.hub.records().reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0) / dollar;
  return { ...world, vendor, spent };
}

const messages = [{ role: "user", content: "hi" }];
const at = (path: string) => `/llm/call/demo${path}`;
const chatAt = at("/v1/chat/completions");

async function statusesOf(world: World, times: number, path: string, init: Parameters<typeof call>[2]): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < times; i++) statuses.push((await call(world.gateway, path, init)).status);
  return statuses;
}

/** Sends the path as it is written: fetch would tidy it. */
const raw = (url: string, path: string, { method = "GET", headers = {}, body = "" } = {}) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const options = { hostname, port, path, method, headers: { authorization: `Bearer ${secret}`, ...headers } };
    const req = httpRequest(options, async (res) => {
      resolve({ status: res.statusCode ?? 0, text: Buffer.concat(await res.toArray()).toString() });
    });
    req.on("error", reject).end(body);
  });

describe("a budget", () => {
  const stream = { model: "gpt-4o", messages, stream: true };
  const once: Record<string, { path?: string; init: Parameters<typeof call>[2] }> = {
    "the priced model (control)": { init: { body: { model: "gpt-4o", messages } } },
    "a dated name": { init: { body: { model: "gpt-4o-2024-08-06", messages } } },
    "another case": { init: { body: { model: "GPT-4O", messages } } },
    "a model nobody priced": { init: { body: { model: "gpt-9-ultra", messages } } },
    "a slash at the end of the path": { path: at("/v1/chat/completions/"), init: { body: stream } },
    "an encoded letter in the path": { path: at("/v1/chat/completion%73"), init: { body: stream } },
    "a form's content type": {
      init: { body: { model: "gpt-4o", messages }, headers: { "content-type": "multipart/form-data; boundary=x" } },
    },
    "a deployment in the path": { path: at("/openai/deployments/gpt-4o/chat/completions?api-version=1"), init: { body: { messages } } },
    "an engine in the path": { path: at("/v1/engines/gpt-4o/completions"), init: { body: { prompt: "hi" } } },
    "models to fall back to": { init: { body: { model: "gpt-4o-mini", models: ["gpt-4o"], messages } } },
    "128 choices": { init: { body: { model: "gpt-4o", messages, n: 128 } } },
  };
  for (const [what, { path = chatAt, init }] of Object.entries(once))
    test(`is not passed by ${what}: one call goes through, and no second`, async () => {
      const scene = await aScene({ budget: 0.01 });
      expect(await statusesOf(scene, 4, path, init)).toEqual([200, 403, 403, 403]);
      await until(() => scene.hub.records().length === 4);
      expect(scene.spent()).toBeGreaterThanOrEqual(1.5);
      expect(scene.vendor.seen).toHaveLength(1);
    });

  test("is not passed by what cannot be priced: batches, images without a price, realtime, models of a vendor without prices", async () => {
    const scene = await aScene({ budget: 0.01, llm: { allowedEndpoints: ["batches"] } });
    const batch = await call(scene.gateway, at("/v1/batches"), { body: { input_file_id: "f", endpoint: "/v1/chat/completions" } });
    expect(batch).toMatchObject({ status: 403, json: { message: expect.stringContaining("/v1/batches cannot be determined") } });
    const image = await call(scene.gateway, at("/v1/images/generations"), { body: { model: "dall-e-3", prompt: "a cat" } });
    expect(image.json.message).toBe(
      'Model "dall-e-3" of vendor "openai" has no price, and app "Test app" has a budget: an administrator can add the price under Model prices.',
    );
    expect((await call(scene.gateway, at("/v1/realtime/client_secrets"), { body: { session: { model: "gpt-4o" } } })).status).toBe(403);
    expect(scene.vendor.seen).toEqual([]);
    const unpriced = await aScene({ budget: 0.01, llm: { vendor: "anthropic" } });
    const message = await call(unpriced.gateway, at("/v1/messages"), { body: { model: "claude-x", max_tokens: 5, messages } });
    expect(message).toMatchObject({
      status: 403,
      json: { message: expect.stringContaining('Model "claude-x" of vendor "anthropic" has no price') },
    });
  });

  test("counts a form by the model it names, and takes none whose model cannot be read", async () => {
    const usage = { input_tokens: 1_000_000, output_tokens: 1_000_000 };
    const scene = await aScene({ budget: 0.01, answer: (_seen, res) => json(res, { text: "hello", usage }) });
    const form = (...models: string[]) =>
      `${models.map((model) => `--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n${model}\r\n`).join("")}--b--\r\n`;
    const send = (body: string) =>
      call(scene.gateway, at("/v1/audio/transcriptions"), { body, headers: { "content-type": "multipart/form-data; boundary=b" } });
    expect((await send(form("whisper-9"))).status).toBe(403);
    expect((await send(form())).status).toBe(403);
    expect((await send(form("gpt-4o-mini", "gpt-4o"))).status).toBe(400);
    expect([(await send(form("gpt-4o"))).status, (await send(form("gpt-4o"))).status]).toEqual([200, 403]);
    expect(scene.vendor.seen).toHaveLength(1);
  });

  test("is charged for a plain call whose client leaves before the answer", async () => {
    const scene = await aScene({ budget: 1.5, answer: () => undefined });
    const body = { model: "gpt-4o", max_tokens: 100_000, messages };
    const leaving = new AbortController();
    const left = call(scene.gateway, chatAt, { body, signal: leaving.signal }).catch(() => undefined);
    await until(() => scene.vendor.seen.length === 1);
    leaving.abort();
    await left;
    await until(() => scene.hub.records().length === 1);
    expect(scene.hub.records()[0]).toMatchObject({
      outcome: "aborted",
      responseTokens: 100_000,
      costNanoUsd: 1_000 * dollar + 2_500,
      usageEstimated: true,
    });
    expect((await call(scene.gateway, chatAt, { body })).status).toBe(403);
  });

  test("is charged for what passed of a stream that is cut, whatever placeholder the vendor had reported", async () => {
    const start = { type: "message_start", message: { model: "claude", usage: { input_tokens: 9, output_tokens: 1 } } };
    const delta = { type: "content_block_delta", delta: { type: "text_delta", text: "x".repeat(4_000) } };
    const scene = await aScene({
      budget: 1,
      llm: { vendor: "anthropic" },
      more: () => ({ prices: [price("anthropic", "claude", 3, 15)] }),
      answer: (_seen, res) => {
        res.writeHead(200, { "content-type": "text/event-stream" });
        res.write(`data: ${JSON.stringify(start)}\n\ndata: ${JSON.stringify(delta)}\n\n`);
      },
    });
    const leaving = new AbortController();
    const response = await fetch(scene.gateway.url + at("/v1/messages"), {
      method: "POST",
      headers: { authorization: `Bearer ${secret}` },
      body: JSON.stringify({ model: "claude", max_tokens: 2_000, stream: true, messages }),
      signal: leaving.signal,
    });
    const reader = response.body?.getReader();
    for (let got = 0; got < 4_000; ) got += (await reader?.read())?.value?.length ?? 4_000;
    leaving.abort();
    await until(() => scene.hub.records().length === 1);
    expect(scene.hub.records()[0]).toMatchObject({ outcome: "aborted", promptTokens: 9, responseTokens: 1_000, usageEstimated: true });
  });

  test("is not passed by usage that cannot be true, or says nothing", async () => {
    const reports = [
      { prompt_tokens: -5, completion_tokens: 1e308 },
      { prompt_tokens: 0, completion_tokens: 0 },
    ];
    for (const usage of reports) {
      const answer: Answer = (_seen, res) =>
        res
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ choices: [{ message: { content: "x".repeat(4_000) } }], usage }));
      const scene = await aScene({ budget: 0.015, answer });
      expect(await statusesOf(scene, 3, chatAt, { body: { model: "gpt-4o", messages } }), JSON.stringify(usage)).toEqual([200, 200, 403]);
      await until(() => scene.hub.records().length === 3);
      expect(scene.hub.records()[0]).toMatchObject({ responseTokens: 1_000, usageEstimated: true });
      await endWorlds();
    }
  });

  test("is charged what it set aside for an answer that cannot be read: of a background call, or in no known form", async () => {
    const answers: Answer[] = [
      (_seen, res) => json(res, { id: "resp_1", status: "queued", output: [], usage: null }),
      (_seen, res) => res.writeHead(200, { "content-type": "application/octet-stream" }).end("?"),
    ];
    for (const answer of answers) {
      const scene = await aScene({ budget: 0.05, answer });
      const body = { model: "gpt-4o", input: "hi", background: true };
      expect(await statusesOf(scene, 3, at("/v1/responses"), { body })).toEqual([200, 200, 403]);
      await endWorlds();
    }
  });

  test("is passed by one call at most when many without a limit come at once, and not at all by calls that say how long they are", async () => {
    const held: ServerResponse[] = [];
    const scene = await aScene({ budget: 0.03, answer: (_seen, res) => void held.push(res) });
    const body = { model: "gpt-4o", messages };
    const many = Promise.all(Array.from({ length: 20 }, () => call(scene.gateway, chatAt, { body })));
    await until(() => held.length === 1 && scene.hub.records().length === 19, 10_000);
    const refused = await call(scene.gateway, chatAt, { body: { ...body, max_tokens: 2_000 } });
    expect(refused).toMatchObject({ status: 403, json: { message: "Budget limit exceeded" } });
    for (const res of held) json(res, { usage: { prompt_tokens: 1, completion_tokens: 1 } });
    const statuses = (await many).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect((await call(scene.gateway, chatAt, { body: { ...body, max_completion_tokens: 1, max_tokens: 6_000 } })).status).toBe(403);
  });
});

describe("a vendor's key", () => {
  const closed: [method: string, path: string][] = [
    ["DELETE", "/v1/files/file-1"],
    ["GET", "/v1/files"],
    ["GET", "/v1/organization/api_keys"],
    ["POST", "/v1/batches"],
    ["POST", "/v1/fine_tuning/jobs"],
    ["POST", "/v1/assistants"],
    ["DELETE", "/v1/models/ft:mine"],
    ["GET", "/v1/chat/completions"],
    ["PUT", "/v1/chat/completions"],
    ["POST", "/v1/chat%2fcompletions"],
    ["GET", "/admin"],
    ["GET", "/"],
  ];
  test("opens no endpoint but those of inference, and others only where an administrator says so", async () => {
    const scene = await aScene();
    for (const [method, path] of closed) {
      const body = method === "GET" ? "" : JSON.stringify({ model: "gpt-4o" });
      const refused = await raw(scene.gateway.url, at(path), { method, body });
      expect(refused.status, `${method} ${path}`).toBe(403);
      expect(refused.text).toContain(`${method} ${path} is not among the endpoints`);
    }
    expect(scene.vendor.seen).toEqual([]);
    const open = await aScene({ llm: { allowedEndpoints: ["files"] } });
    expect((await raw(open.gateway.url, at("/v1/files/file-1"), { method: "DELETE" })).status).toBe(200);
    expect((await raw(open.gateway.url, at("/v1/batches"), { method: "POST", body: "{}" })).status).toBe(403);
  });

  test("goes with no path that a server could read in another way", async () => {
    const scene = await aScene({ llm: { allowedEndpoints: ["*"] } });
    const tricks = [
      "x/..%5c..%5cadmin",
      "x\\..\\..\\admin",
      "..;/admin",
      "%2e%2e/admin",
      "%252e%252e/admin",
      "..%2fadmin",
      "..%00/admin",
      "..%3b/a",
      "./x",
    ];
    for (const trick of tricks) expect((await raw(scene.gateway.url, at(`/v1/${trick}`))).status, trick).toBe(400);
    expect(scene.vendor.seen).toEqual([]);
    await raw(scene.gateway.url, at("/v1//models/org%2Fname/?after=a%2Bb"));
    expect(scene.vendor.seen.map(({ url }) => url)).toEqual(["/v1/models/org%2Fname?after=a%2Bb"]);
  });

  test("opens no model beside those allowed, wherever a request names one", async () => {
    const scene = await aScene({ llm: { allowedModels: ["^gpt-4o-mini$"], allowedEndpoints: ["batches", "threads"] } });
    const tries: [path: string, body: unknown][] = [
      ["/v1/engines/gpt-4o/completions", { prompt: "x" }],
      ["/openai/deployments/gpt-4o/chat/completions", { model: "gpt-4o-mini", messages }],
      ["/v1/chat/completions?model=gpt-4o", { model: "gpt-4o-mini", messages }],
      ["/v1/chat/completions", { model: "gpt-4o-mini", models: ["gpt-4o"], messages }],
      ["/v1/chat/completions", { models: ["gpt-4o-mini", "gpt-4o"], messages }],
      ["/v1/chat/completions", { model: "gpt-4o-mini", fallbacks: [{ model: "gpt-4o" }], messages }],
      ["/v1/realtime/client_secrets", { session: { model: "gpt-4o" } }],
      ["/v1/batches", { input_file_id: "f" }],
      ["/v1/threads/t/runs", { assistant_id: "a" }],
      ["/v1/threads/t/runs", { model: "gpt-4o" }],
    ];
    for (const [path, body] of tries)
      expect((await call(scene.gateway, at(path), { body })).status, `${path} ${JSON.stringify(body)}`).toBe(403);
    expect((await raw(scene.gateway.url, chatAt, { method: "POST" })).status).toBe(400);
    expect(scene.vendor.seen).toEqual([]);
    await call(scene.gateway, chatAt, { body: '{"model":"gpt-4o-mini","Models":["gpt-4o"],"n":1}' });
    expect(JSON.parse(scene.vendor.seen[0]?.body ?? "")).toEqual({ model: "gpt-4o-mini", n: 1 });
  });

  test("is used for no other method or path that a header asks for", async () => {
    const scene = await aScene();
    const headers = {
      "x-http-method-override": "DELETE",
      "x-original-url": "/v1/files",
      "x-rewrite-url": "/v1/files",
      "x-goog-api-key": "k",
    };
    await raw(scene.gateway.url, at("/v1/models/m"), { headers });
    for (const name of Object.keys(headers)) expect(scene.vendor.seen[0]?.headers[name], name).toBeUndefined();
  });

  test("is not shown by a vendor that echoes it in headers or an answer, in one piece or cut in two", async () => {
    const answers: Answer[] = [
      ({ headers }, res) => json(res, { echoed: headers }),
      ({ headers }, res) => json(res, { error: { message: `bad key ${headers.authorization}` } }, 401),
      ({ headers }, res) =>
        res.writeHead(302, { location: `https://elsewhere.test/?key=${headers.authorization}`, "x-echo": [vendorKey] }).end(),
      (_seen, res) => {
        res.writeHead(200, { "content-type": "text/plain" });
        res.write(`the key is ${vendorKey.slice(0, 9)}`);
        setTimeout(() => res.end(`${vendorKey.slice(9)}.`), 50);
      },
    ];
    for (const answer of answers) {
      const scene = await aScene({ answer });
      const response = await fetch(scene.gateway.url + at("/v1/models"), {
        headers: { authorization: `Bearer ${secret}` },
        redirect: "manual",
      });
      const all = JSON.stringify([...response.headers]) + (await response.text());
      expect(scene.vendor.seen[0]?.headers.authorization).toBe(`Bearer ${vendorKey}`);
      expect(all).not.toContain("VENDORSECRET");
      expect(all).toContain("***");
      await endWorlds();
    }
  });
});

const hooks = fileURLToPath(new URL("../gateway/test/fixtures/hooks-plugin.ts", import.meta.url));

const aPlugin = (hub: TestHub, hookTypes: string[]): PluginConfig => ({
  id: 1,
  name: "Hooks",
  slug: "hooks",
  command: `file://${hooks}`,
  checksum: "",
  sealedConfigJson: hub.seal("{}"),
  hookTypes,
  serviceScopes: ["kv.readwrite"],
  generation: 1,
});
const attached = [{ pluginId: 1, sealedConfigOverrideJson: Buffer.alloc(0) }];
const systemKey = newSystemCallKey();
const sign = createSystemCallSigner(systemKey);
const systemApp = anApp("old-system-secret", { id: 9, userId: 0, llmIds: [], system: true, name: "Portico studio" });

async function withPlugin(hookTypes: string[], { answer, llm = {} }: Scene = {}) {
  const scene = await aScene({
    answer,
    more: (hub, url) => ({
      llms: [anLlm(hub, `${url}/v1`, { sealedApiKey: hub.seal(vendorKey), plugins: attached, ...llm })],
      plugins: [aPlugin(hub, hookTypes)],
      apps: [anApp(secret), systemApp],
      systemCallKey: publicSystemCallKey(systemKey),
    }),
  });
  await until(async () => (await call(scene.gateway, "/ready")).status === 200, 15_000);
  return scene;
}

describe("a gateway plugin", () => {
  test("sees no credential: not of a client, not of the control plane, neither before nor after sign-in", async () => {
    const scene = await withPlugin(["pre_auth", "post_auth"]);
    const token = sign({ method: "POST", path: chatAt, user: 42 });
    const secrets = {
      "x-api-key": "client-key",
      "api-key": "azure-key",
      cookie: "session=c",
      "x-goog-api-key": "goog",
      "x-portico-user": "42",
    };
    for (const bearer of [secret, "old-system-secret", token]) {
      const headers = { authorization: `Bearer ${bearer}`, "x-test-show": "1", ...secrets };
      expect((await call(scene.gateway, chatAt, { body: { model: "gpt-4o", messages }, headers })).status).toBe(200);
      const { body, headers: sent } = scene.vendor.seen.at(-1) as Seen;
      const shown = body + JSON.stringify({ ...sent, authorization: "" });
      expect(shown).toContain('\\"Authorization\\":\\"[redacted]\\"');
      for (const value of [bearer, "client-key", "azure-key", "session=c", "goog\\", "Portico-User"]) expect(shown).not.toContain(value);
    }
    await until(() => scene.hub.records().length === 3);
    expect(scene.hub.records().map(({ appId, userId, interaction }) => ({ appId, userId, interaction }))).toEqual([
      { appId: 7, userId: 3, interaction: "proxy" },
      { appId: 9, userId: 42, interaction: "studio" },
      { appId: 9, userId: 42, interaction: "studio" },
    ]);
  });

  test("does not choose in whose name the control plane calls", async () => {
    const scene = await withPlugin(["pre_auth"]);
    const headers = { authorization: "Bearer old-system-secret", "x-portico-user": "42", "x-test-pose": "1" };
    expect((await call(scene.gateway, chatAt, { body: { model: "gpt-4o", messages }, headers })).status).toBe(200);
    await until(() => scene.hub.records().length === 1);
    expect(scene.hub.records()[0]?.userId).toBe(42);
  });

  test("gets a request sent elsewhere, but not the vendor's key with it, unless an administrator allows that address", async () => {
    const elsewhere = await aVendor();
    const headers = { "x-test-upstream": `${elsewhere.url}/override` };
    const scene = await withPlugin(["post_auth"]);
    expect((await call(scene.gateway, chatAt, { body: { model: "gpt-4o", messages }, headers })).status).toBe(200);
    expect(elsewhere.seen[0]?.url).toBe("/override/v1/chat/completions");
    expect(JSON.stringify(elsewhere.seen)).not.toContain("VENDORSECRET");
    expect(scene.vendor.seen).toEqual([]);
    const allowed = await withPlugin(["post_auth"], { llm: { keyOrigins: [elsewhere.url] } });
    await call(allowed.gateway, chatAt, { body: { model: "gpt-4o", messages }, headers });
    expect(elsewhere.seen[1]?.headers.authorization).toBe(`Bearer ${vendorKey}`);
  });

  test("tells a client nothing of its insides by failing, rejecting or blocking", async () => {
    const scene = await withPlugin(["pre_auth", "auth"]);
    const thrown = await call(scene.gateway, chatAt, {
      body: { model: "m" },
      headers: { "x-test-throw": "SECRET path /etc/x and key sk-inside" },
    });
    const rejected = await call(scene.gateway, chatAt, { body: { model: "m" } });
    expect([thrown.status, rejected.status]).toEqual([502, 401]);
    for (const { text } of [thrown, rejected]) expect(text).not.toMatch(/SECRET|sk-inside|thrown|no such ticket|Hooks/);
    expect(thrown.text).toContain(thrown.headers.get("x-request-id"));
    const log = scene.log.join("");
    expect(log).toContain("SECRET path /etc/x and key sk-inside");
    expect(log).toContain("no such ticket");
  });

  test("is named to nobody who asks whether the gateway is ready, but its operator", async () => {
    const scene = await withPlugin(["pre_auth"]);
    expect((await call(scene.gateway, "/ready")).text).not.toContain("Hooks");
    expect((await call(scene.gateway, "/ready", { headers: { authorization: `Bearer ${edgeToken}` } })).text).toContain("Hooks");
  });
});

describe("a call of the control plane", () => {
  test("is not repeated by whoever reads its token, nor used for another path, method or user", async () => {
    const scene = await withPlugin([]);
    const models = at("/v1/models");
    const use = (token: string, path = models, init: RequestInit = {}) =>
      call(scene.gateway, path, { ...(init as object), headers: { authorization: `Bearer ${token}`, "x-portico-user": "1" } });
    const token = sign({ method: "GET", path: models, user: 42 });
    expect((await use(token, at("/v1/models/m"))).status).toBe(401);
    expect((await use(token, `${models}?x`)).status).toBe(401);
    expect((await use(token, models, { method: "HEAD" })).status).toBe(401);
    expect((await use(token)).status).toBe(200);
    expect((await use(token)).status).toBe(401);
    expect((await use(createSystemCallSigner(newSystemCallKey())({ method: "GET", path: models, user: 42 }))).status).toBe(401);
    await until(() => scene.hub.records().some(({ outcome }) => outcome === "completed"));
    expect(scene.hub.records().filter(({ outcome }) => outcome === "completed")).toMatchObject([{ userId: 42, interaction: "studio" }]);
  });

  test("is not believed of an app that names a user itself", async () => {
    const scene = await withPlugin([]);
    await call(scene.gateway, at("/v1/models"), { headers: { "x-portico-user": "1" } });
    await until(() => scene.hub.records().length === 1);
    expect(scene.hub.records()[0]).toMatchObject({ appId: 7, userId: 3, interaction: "proxy" });
  });

  test("never carries a credential that would be good for another", async () => {
    const gateway = await aVendor((_seen, res) => json(res, {}));
    await using studio = await aStudio({ env: { PORTICO_GATEWAY_URL: gateway.url } });
    const { data } = await studio.call("POST", "/api/v1/llms", { name: "Demo", vendor: "openai" });
    for (let i = 0; i < 2; i++) expect((await studio.call("GET", `/api/v1/llms/${data.id}/proxy/v1/models?a=b`)).status).toBe(200);
    const tokens = gateway.seen.map(({ headers }) => String(headers.authorization).replace("Bearer ", ""));
    expect(new Set(tokens).size).toBe(2);
    for (const token of tokens) {
      const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
      expect(claims).toMatchObject({ method: "GET", path: "/llm/call/demo/v1/models?a=b", user: studio.admin.userId });
      expect(claims.expiresAtMs - Date.now()).toBeLessThanOrEqual(60_000);
    }
    expect(JSON.stringify(gateway.seen)).not.toContain(studio.runtime.systemAppSecret);
    expect(JSON.stringify(gateway.seen)).not.toContain(studio.admin.token);
  });
});
