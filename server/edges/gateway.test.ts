import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startDemoVendor } from "@portico/demo-vendor";
import { createProcesses, createTestDatabase, freePorts, hubCaSha256, scaled, type TestProcess, waitForReady } from "@portico/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readEnv } from "../env.ts";
import { createListener } from "../http/server.ts";
import { createRuntime, type Runtime } from "../runtime.ts";

// The real gateway process against the real hub: what neither side can prove with the other one faked.
const token = `pt_${randomBytes(24).toString("base64url")}`;
const processes = createProcesses();
const cleanups: (() => Promise<unknown>)[] = [];
let runtime: Runtime | undefined;
let server: Server | undefined;
let gateway: TestProcess;
let studioUrl: string;
let gatewayUrl: string;
let env: Record<string, string> & { NODE_ENV: "test" };
let secret: string;
let appId: string;
let llmId: string;

async function startStudio(): Promise<void> {
  const started = await createRuntime(readEnv(env));
  const pages = { handle: async () => {}, contentSecurityPolicy: () => "", close: async () => {} };
  const listening = createServer(createListener({ application: started.application, pages, logger: started.logger }));
  await new Promise<void>((resolve) => listening.listen(Number(env.PORT), "127.0.0.1", resolve));
  [runtime, server] = [started, listening];
}

async function stopStudio(): Promise<void> {
  server?.closeAllConnections();
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  await runtime?.close();
  [runtime, server] = [undefined, undefined];
}

async function startGateway(): Promise<void> {
  const trust = { PORTICO_HUB_CA_SHA256: await hubCaSha256(env.PORTICO_DATA_DIR ?? "") };
  gateway = processes.node("gateway/src/main.ts", { env: { ...env, ...trust }, name: "gateway" });
  await waitForReady(`${gatewayUrl}/ready`, gateway);
}

beforeAll(async () => {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), "portico-edges-"));
  const vendor = await startDemoVendor();
  cleanups.push(
    () => database.drop(),
    () => rm(dataDir, { recursive: true, force: true }),
    () => vendor.close(),
  );
  const [port, gatewayPort, controlPort] = (await freePorts(3)) as [number, number, number];
  studioUrl = `http://127.0.0.1:${port}`;
  gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
  env = {
    NODE_ENV: "test",
    HOST: "127.0.0.1",
    PORT: String(port),
    GATEWAY_PORT: String(gatewayPort),
    CONTROL_PORT: String(controlPort),
    PORTICO_HUB: `127.0.0.1:${controlPort}`,
    PORTICO_GATEWAY_URL: gatewayUrl,
    PORTICO_DATA_DIR: dataDir,
    PORTICO_EDGE_TOKEN: randomBytes(24).toString("base64url"),
    PORTICO_SECRET_KEY: "a secret key for tests only",
    DATABASE_URL: database.url,
    ADMIN_EMAIL: "admin@portico.local",
    ADMIN_PASSWORD: "a password for tests",
    ADMIN_API_TOKEN: token,
    LOG_LEVEL: "warn",
  };
  await startStudio();
  await startGateway();
  const llm = await api("POST", "/api/v1/llms", {
    name: "Demo",
    vendor: "openai",
    api_endpoint: `${vendor.url}/v1`,
    api_key: "demo-key",
    default_model: "demo-small",
  });
  llmId = llm.data.id;
  const app = await api("POST", "/api/v1/apps", { name: "Walk", llm_ids: [Number(llmId)], activate: true, monthly_budget: 10 });
  appId = app.data.id;
  secret = (app.data.attributes.credential as { secret: string }).secret;
  await until(async () => (await ask({ prompt: "ready" })).status === 200);
});
afterAll(async () => {
  await processes.stopAll();
  await stopStudio();
  for (const cleanup of cleanups) await cleanup();
});

type Data = { data: { id: string; attributes: Record<string, unknown> } };
async function api(method: string, path: string, body?: unknown): Promise<Data> {
  const response = await fetch(studioUrl + path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? { data: { id: "", attributes: {} } } : (JSON.parse(text) as Data);
}

/** A call at the gateway as the app, or at the studio's proxy with any bearer. */
const ask = ({
  prompt,
  at = `${gatewayUrl}/llm/call/demo`,
  as = secret,
  ...rest
}: {
  prompt: string;
  at?: string;
  as?: string;
  stream?: boolean;
}) =>
  fetch(`${at}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${as}`, "content-type": "application/x-www-form-urlencoded" },
    body: JSON.stringify({ messages: [{ role: "user", content: prompt }], ...rest }),
  });

/** Headers that a page sends with what it changes. */
async function csrf(): Promise<Record<string, string>> {
  const answer = await fetch(`${studioUrl}/csrf-token`);
  return { "x-csrf-token": answer.headers.get("x-csrf-token") ?? "", cookie: answer.headers.getSetCookie()[0]?.split(";")[0] ?? "" };
}

/** Milliseconds until the check holds. */
async function until(check: () => Promise<boolean>, timeoutMs = 10_000): Promise<number> {
  const startedMs = performance.now();
  while (!(await check().catch(() => false))) {
    if (performance.now() - startedMs > timeoutMs) throw new Error(`it never held\n${gateway.output().split("\n").slice(-20).join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - startedMs;
}

test("the gateway obeys a change within a second, and the studio knows that it does", async () => {
  await api("PATCH", `/api/v1/llms/${llmId}`, { allowed_models: ["^other$"] });
  const refusedMs = await until(async () => (await ask({ prompt: "hi" })).status === 403);
  await api("PATCH", `/api/v1/llms/${llmId}`, { allowed_models: [] });
  const admittedMs = await until(async () => (await ask({ prompt: "hi" })).status === 200);
  expect(Math.max(refusedMs, admittedMs)).toBeLessThan(scaled(1_000));
  await until(async () => (await api("GET", "/api/v1/edges/local")).data.attributes.sync_status === "in_sync");
  const { attributes } = (await api("GET", "/api/v1/edges/local")).data;
  expect(attributes).toMatchObject({ status: "connected", loaded_version: attributes.expected_version, refusal: "" });
  expect(Date.parse(String(attributes.last_sync_ack))).toBeGreaterThan(Date.now() - 5_000);
});

test("usage, cost and the edge's figures are in the studio within seconds", async () => {
  const answer = await ask({ prompt: "count me" });
  await answer.text();
  const requestId = answer.headers.get("x-request-id") ?? "";
  const seenMs = await until(
    async () => (await runtime?.db.prisma.usageRecord.count({ where: { requestId, outcome: "completed" } })) === 1,
  );
  expect(seenMs).toBeLessThan(5_000);
  const spent = await runtime?.db.prisma.budgetUsage.findFirst({ where: { kind: "app", objectId: Number(appId) } });
  expect(Number(spent?.spentMicroUsd)).toBeGreaterThan(0);
  await until(
    async () =>
      Number(((await api("GET", "/api/v1/edges/local")).data.attributes.report as { requests_total?: number }).requests_total) > 0,
  );
});

test("what a gateway's plugin writes is in its log in the studio, once and in order, and goes with the plugin", async () => {
  const command = pathToFileURL(join(import.meta.dirname, "test/talking-plugin.ts")).href;
  const { id } = (await api("POST", "/api/v1/plugins", { name: "Talking", command, is_active: true })).data;
  await api("PUT", `/api/v1/llms/${llmId}/plugins`, { plugin_ids: [Number(id)] });
  type Line = { seq: number; at: string; stream: string; level: string; text: string; edge_id: string };
  const log = async (after = 0) => {
    const { data } = (await api("GET", `/api/v1/plugins/${id}/logs?after=${after}`)) as unknown as { data: Line[] };
    return data.filter(({ text }) => /^(\[WARN\] request|printed) /.test(text));
  };
  const asked = async (text: string) => {
    expect((await ask({ prompt: "hi" })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 100));
    return (await log()).some((line) => line.text.startsWith(text));
  };
  await until(() => asked("printed 2"));
  const lines = await log();
  const last = lines.at(-1)?.seq ?? 0;
  expect(lines.find(({ text }) => text.startsWith("[WARN] request 1 "))).toMatchObject({
    stream: "stderr",
    level: "warn",
    edge_id: "local",
  });
  expect(Math.abs(Date.now() - Date.parse(lines[0]?.at ?? ""))).toBeLessThan(20_000);
  expect(lines.find(({ text }) => text.startsWith("printed 1 "))?.text.length).toBe(8_192);
  await until(async () => (await asked("printed")) && (await log(last)).length > 1);
  const all = await log();
  expect(all.slice(0, lines.length)).toEqual(lines);
  const printed = all.filter(({ stream }) => stream === "stdout").map(({ text }) => Number(text.split(" ")[1]));
  expect(printed).toEqual(printed.map((_, at) => at + 1));
  await api("DELETE", `/api/v1/plugins/${id}`);
  expect(await runtime?.db.prisma.pluginLog.count({ where: { pluginId: Number(id) } })).toBe(0);
  await until(async () => (await ask({ prompt: "hi" })).status === 200);
});

test("a plugin that runs in the studio and at a gateway is reported from both: state, reload and log name the place", async () => {
  const command = pathToFileURL(join(import.meta.dirname, "test/both-plugin.ts")).href;
  const { id } = (await api("POST", "/api/v1/plugins", { name: "Both", command, is_active: true })).data;
  const path = `/api/v1/plugins/${id}`;
  await api("POST", `${path}/approve-scopes`, { approved: true });
  await api("PUT", `/api/v1/llms/${llmId}/plugins`, { plugin_ids: [Number(id)] });
  type Status = { state: string; error: string; healthy: boolean; processes: { place: string; edge_id?: string; state: string }[] };
  const status = async () => (await api("GET", `${path}/status`)).data as unknown as Status;
  try {
    await until(async () => (await status()).processes.filter(({ state }) => state === "healthy").length === 2);
    expect((await status()).processes.map(({ place, edge_id }) => [place, edge_id])).toEqual([
      ["studio", undefined],
      ["gateway", "local"],
    ]);
    const reloaded = (await api("POST", `${path}/reload`)) as unknown as { message: string; processes: object[] };
    expect(reloaded.message).toBe("Plugin reloaded in the studio, at the gateway local.");
    expect(reloaded.processes).toHaveLength(2);

    await until(async () => {
      const { data } = (await api("GET", `${path}/logs`)) as unknown as { data: { seq: number; text: string; edge_id?: string }[] };
      const started = data.filter(({ text }) => text.includes("started in"));
      expect(new Set(data.map(({ seq }) => seq)).size).toBe(data.length);
      for (const { text, edge_id } of started) expect(edge_id).toBe(text.includes("gateway") ? "local" : undefined);
      expect(data.some(({ text }) => text.includes("agent is not called yet"))).toBe(true);
      return new Set(started.map(({ text }) => text.includes("gateway"))).size === 2;
    });

    await api("PATCH", path, { config: { refuse_on: "gateway" } });
    await until(async () => (await status()).error.includes("no GPU"));
    expect(await status()).toMatchObject({ error: expect.stringMatching(/^local: .*this host has no GPU/) });
    expect((await api("GET", path)).data.attributes.state_error).toContain("no GPU");
    await expect(api("POST", `${path}/reload`)).rejects.toThrow(
      /plugin_failed.*at the gateway local.*no GPU|at the gateway local.*no GPU/s,
    );
  } finally {
    await api("PUT", `/api/v1/llms/${llmId}/plugins`, { plugin_ids: [] });
    await api("DELETE", path);
  }
  await until(async () => (await ask({ prompt: "hi" })).status === 200);
  const report = async () =>
    ((await api("GET", "/api/v1/edges/local")).data.attributes.report as { plugins: { plugin_id: number }[] }).plugins;
  await until(async () => (await report()).every(({ plugin_id }) => plugin_id !== Number(id)));
}, 60_000);

test("the proxy calls an LLM for an administrator in his name and for an app with its credential, plain and streamed", async () => {
  const at = `${studioUrl}/api/v1/llms/${llmId}/proxy`;
  const plain = await ask({ prompt: "as admin", at, as: token });
  expect(plain.status).toBe(200);
  expect(await plain.text()).toContain("as admin");
  await until(async () => ((await runtime?.db.prisma.usageRecord.count({ where: { interaction: "studio", userId: 1 } })) ?? 0) > 0);
  const streamed = await ask({ prompt: "as app", at, stream: true });
  expect(streamed.headers.get("content-type")).toContain("text/event-stream");
  expect(await streamed.text()).toContain("[DONE]");
  expect((await ask({ prompt: "no", at, as: "not-a-credential" })).status).toBe(401);
  expect((await fetch(`${at}/v1/models`)).status).toBe(401);
  expect((await fetch(`${at}/v1/models`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  expect((await ask({ prompt: "x", at: `${studioUrl}/api/v1/llms/999/proxy`, as: token })).status).toBe(404);
});

test("a bearer that is nobody's is not told by the proxy which LLMs exist", async () => {
  const answers = await Promise.all(
    [llmId, "999", "0", "abc"].map((id) => ask({ prompt: "x", at: `${studioUrl}/api/v1/llms/${id}/proxy`, as: "pk_of-nobody" })),
  );
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
  expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1);
  expect((await ask({ prompt: "x", at: `${studioUrl}/api/v1/llms/999/proxy` })).status).toBe(404);
});

test("a caller of the proxy who leaves ends the call at the vendor", async () => {
  const leaving = new AbortController();
  const answer = await fetch(`${studioUrl}/api/v1/llms/${llmId}/proxy/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "x-demo-chunk-delay-ms": "300" },
    body: JSON.stringify({ stream: true, messages: [{ role: "user", content: "one two three four five six seven eight nine ten" }] }),
    signal: leaving.signal,
  });
  const reader = answer.body?.getReader();
  await reader?.read();
  leaving.abort();
  await reader?.read().catch(() => {});
  const aborted = async () => ((await runtime?.db.prisma.usageRecord.count({ where: { outcome: "aborted" } })) ?? 0) > 0;
  expect(await until(aborted)).toBeLessThan(2_000);
});

test("a proxied body beyond the limit is refused, and a session needs its CSRF token", async () => {
  const at = `${studioUrl}/api/v1/llms/${llmId}/proxy/v1/chat/completions`;
  const huge = await fetch(at, { method: "POST", headers: { authorization: `Bearer ${token}` }, body: "x".repeat(33 * 1024 * 1024) });
  expect(huge.status).toBe(413);
  const login = await fetch(`${studioUrl}/auth/login`, {
    method: "POST",
    body: JSON.stringify({ email: "admin@portico.local", password: "a password for tests" }),
    headers: await csrf(),
  });
  const cookie = login.headers.getSetCookie().map((one) => one.split(";")[0]);
  const withoutToken = await fetch(at, { method: "POST", headers: { cookie: cookie.join("; ") }, body: "{}" });
  expect(withoutToken.status).toBe(403);
});

test("a revoked credential is refused within a second", async () => {
  const extra = await api("POST", `/api/v1/apps/${appId}/credentials`);
  const as = String(extra.data.attributes.secret);
  await until(async () => (await ask({ prompt: "hi", as })).status === 200);
  const startedMs = performance.now();
  await api("DELETE", `/api/v1/credentials/${extra.data.id}`);
  await until(async () => (await ask({ prompt: "hi", as })).status === 401);
  expect(performance.now() - startedMs).toBeLessThan(scaled(1_000));
});

test("a credential withdrawn and admitted again works again", async () => {
  const extra = await api("POST", `/api/v1/apps/${appId}/credentials`);
  const as = String(extra.data.attributes.secret);
  await until(async () => (await ask({ prompt: "hi", as })).status === 200);
  for (let round = 0; round < 3; round++) {
    await api("POST", `/api/v1/credentials/${extra.data.id}/deactivate`);
    await api("POST", `/api/v1/credentials/${extra.data.id}/activate`);
  }
  await until(async () => (await ask({ prompt: "hi", as })).status === 200);
});

test("with the studio stopped the gateway goes on and starts from what it has; later the studio gets the usage it missed", async () => {
  await stopStudio();
  expect((await ask({ prompt: "alone" })).status).toBe(200);
  await gateway.stop();
  await startGateway();
  expect((await ask({ prompt: "alone again" })).status).toBe(200);
  await startStudio();
  await until(async () => (await api("GET", "/api/v1/edges/local")).data.attributes.status === "connected");
  await until(
    async () => ((await runtime?.db.prisma.usageRecord.count({ where: { appId: Number(appId), outcome: "completed" } })) ?? 0) >= 5,
  );
  await api("PATCH", `/api/v1/llms/${llmId}`, { allowed_models: ["^other$"] });
  expect(await until(async () => (await ask({ prompt: "hi" })).status === 403)).toBeLessThan(scaled(1_000));
  await api("PATCH", `/api/v1/llms/${llmId}`, { allowed_models: [] });
});

test("an unused budget of an app ends its calls when it is spent, whichever edge spent it", async () => {
  await until(async () => (await ask({ prompt: "hi" })).status === 200);
  await api("PATCH", `/api/v1/apps/${appId}`, { monthly_budget: 0.000_001 });
  await until(async () => (await ask({ prompt: "hi" })).status === 403);
  await api("POST", `/api/v1/apps/${appId}/reset-budget`);
  await api("PATCH", `/api/v1/apps/${appId}`, { monthly_budget: 1 });
  await until(async () => (await ask({ prompt: "hi" })).status === 200);
});

test("a proxied call without a gateway is refused with a sentence", async () => {
  await gateway.stop();
  const answer = await ask({ prompt: "hi", at: `${studioUrl}/api/v1/llms/${llmId}/proxy`, as: token });
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain("is not responding");
});
