import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDemoVendor } from "@portico/demo-vendor";
import { createProcesses, createTestDatabase, freePorts, hubCaSha256, type TestProcess, waitForReady } from "@portico/testkit";
import { afterAll, beforeAll, test, vi } from "vitest";
import { unpack } from "./release.ts";

// Two releases as real processes: a fleet is upgraded one process at a time.
vi.setConfig({ testTimeout: 120_000 });

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const runner = fileURLToPath(new URL("studio.mjs", import.meta.url));
const cleanups: (() => Promise<unknown>)[] = [];
let older: string;
let vendorUrl: string;
beforeAll(async () => {
  const [release, vendor] = await Promise.all([unpack(), startDemoVendor()]);
  cleanups.push(release.remove, vendor.close);
  [older, vendorUrl] = [release.dir, vendor.url];
}, 120_000);
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup();
});

type Fleet = Awaited<ReturnType<typeof aFleet>>;

/** A studio and a gateway, each of the folder of its release. */
async function aFleet({ studio, gateway }: { studio: string; gateway: string }) {
  // Whichever studio is first makes the schema that its release knows.
  const database = await createTestDatabase({ empty: true });
  const dataDir = await mkdtemp(join(tmpdir(), "portico-fleet-"));
  const [port, gatewayPort, controlPort] = (await freePorts(3)) as [number, number, number];
  const token = `pt_${randomBytes(24).toString("base64url")}`;
  const processes = createProcesses();
  const [studioUrl, gatewayUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${gatewayPort}`];
  const env = {
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
    PORTICO_DEMO: "0",
    DATABASE_URL: database.url,
    ADMIN_EMAIL: "admin@portico.local",
    ADMIN_PASSWORD: "a password for tests",
    ADMIN_API_TOKEN: token,
    LOG_LEVEL: "warn",
  };
  const running: Record<string, TestProcess> = {};
  async function startStudio(dir: string): Promise<void> {
    await running.studio?.stop();
    running.studio = processes.node(runner, { args: [dir], env, name: "studio" });
    await waitForReady(`${studioUrl}/ready`, running.studio);
  }
  /** A second studio on the same database, whose ports nothing else uses. */
  async function startReplica(dir: string): Promise<void> {
    const [ownPort, ownControlPort] = (await freePorts(2)) as [number, number];
    const ports = { PORT: String(ownPort), CONTROL_PORT: String(ownControlPort), PORTICO_DATA_DIR: join(dataDir, "replica") };
    running.replica = processes.node(runner, { args: [dir], env: { ...env, ...ports }, name: "replica" });
    await waitForReady(`http://127.0.0.1:${ownPort}/ready`, running.replica);
  }
  async function startGateway(dir: string): Promise<void> {
    // A studio that speaks TLS to its edges leaves the certificate by which they know it.
    const trust: Record<string, string> = existsSync(join(dataDir, "hub-ca.pem"))
      ? { PORTICO_HUB_CA_SHA256: await hubCaSha256(dataDir) }
      : {};
    await running.gateway?.stop();
    running.gateway = processes.node(join(dir, "gateway", "src", "main.ts"), { env: { ...env, ...trust }, name: "gateway" });
    await waitForReady(`${gatewayUrl}/ready`, running.gateway);
  }
  async function close(): Promise<void> {
    await processes.stopAll();
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  }
  try {
    await startStudio(studio);
    await startGateway(gateway);
  } catch (error) {
    await close();
    throw error;
  }

  type Data = { id: string; attributes: Record<string, unknown> };
  async function api(method: string, path: string, body?: unknown): Promise<Data> {
    const response = await fetch(studioUrl + path, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? { id: "", attributes: {} } : (JSON.parse(text) as { data: Data }).data;
  }
  const output = (name: string) => running[name]?.output().split("\n").slice(-15).join("\n");
  return { api, gatewayUrl, startStudio, startReplica, startGateway, output, [Symbol.asyncDispose]: close };
}

async function until(fleet: Fleet, what: string, check: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await check().catch(() => false)); await new Promise((resolve) => setTimeout(resolve, 25)))
    if (Date.now() > end) throw new Error(`never: ${what}\nstudio: ${fleet.output("studio")}\ngateway: ${fleet.output("gateway")}`);
}

/** Configuration, calls, changes, spend and revocation between the two. */
async function walk(fleet: Fleet, name: string): Promise<void> {
  const { api, gatewayUrl } = fleet;
  const llm = await api("POST", "/api/v1/llms", {
    name,
    vendor: "openai",
    api_endpoint: `${vendorUrl}/v1`,
    api_key: "k",
    default_model: "demo-small",
  });
  const app = await api("POST", "/api/v1/apps", { name, llm_ids: [Number(llm.id)], activate: true, monthly_budget: 10 });
  const { secret } = app.attributes.credential as { secret: string };
  const call = async () => {
    const response = await fetch(`${gatewayUrl}/llm/call/${llm.attributes.slug}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "demo-small", messages: [{ role: "user", content: "hello" }] }),
    });
    await response.arrayBuffer();
    return response.status;
  };
  await until(fleet, "the app's call is served", async () => (await call()) === 200);
  const spend = async () => Number((await api("GET", `/api/v1/apps/${app.id}`)).attributes.current_spend);
  await until(fleet, "its cost is counted", async () => (await spend()) > 0);
  await api("PATCH", `/api/v1/llms/${llm.id}`, { allowed_models: ["^other$"] });
  await until(fleet, "a rule that is new is obeyed", async () => (await call()) === 403);
  await api("PATCH", `/api/v1/llms/${llm.id}`, { allowed_models: [] });
  await until(fleet, "a rule that is gone is not", async () => (await call()) === 200);
  await api("DELETE", `/api/v1/apps/${app.id}`);
  await until(fleet, "the deleted app is refused", async () => (await call()) === 401);
}

test("an older gateway is configured, metered and revoked by this studio, and goes on when it is upgraded", async () => {
  await using fleet = await aFleet({ studio: checkout, gateway: older });
  await walk(fleet, "Older gateway");
  await fleet.startGateway(checkout);
  await walk(fleet, "Upgraded gateway");
});

test("this gateway is configured, metered and revoked by an older studio, and goes on when that is upgraded", async () => {
  await using fleet = await aFleet({ studio: older, gateway: checkout });
  await walk(fleet, "Older studio");
  await fleet.startStudio(checkout);
  await walk(fleet, "Upgraded studio");
});

test("an older studio and its gateway go on while a replica of this release starts and migrates their database", async () => {
  await using fleet = await aFleet({ studio: older, gateway: older });
  await walk(fleet, "Before");
  await fleet.startReplica(checkout);
  await walk(fleet, "Meanwhile");
});
