import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@portico/core/logger";
import { startDemoVendor } from "@portico/demo-vendor";
import type { Snapshot } from "@portico/protocol/edge";
import { defaultLimits, type Gateway, type Limits, type Settings, startGateway } from "../src/index.ts";
import { aHub, anApp, anLlm, edgeToken, type TestHub } from "./hub.ts";

export const secret = "app-secret";

export type World = {
  hub: TestHub;
  gateway: Gateway;
  vendorUrl: string;
  dataDir: string;
  /** Lines the gateway logged. */
  log: string[];
  /** Starts another gateway on the same folder; stop the first one before. */
  restart(options?: { hub?: string; limits?: Partial<Limits> }): Promise<Gateway>;
};

type Options = {
  snapshot?: (hub: TestHub, vendorUrl: string) => Partial<Snapshot>;
  limits?: Partial<Limits>;
  settings?: Partial<Settings>;
};

const cleanups: (() => Promise<unknown>)[] = [];

/** Ends everything the test started; for `afterEach`. */
export async function endWorlds(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

export const onEnd = (cleanup: () => Promise<unknown>) => void cleanups.push(cleanup);

export const basicSnapshot = (hub: TestHub, vendorUrl: string): Partial<Snapshot> => ({
  llms: [anLlm(hub, vendorUrl)],
  apps: [anApp(secret)],
  prices: [
    {
      vendor: "openai",
      modelName: "demo-small",
      inputMicroUsdPerMillion: 1_000_000,
      outputMicroUsdPerMillion: 2_000_000,
      cacheWriteMicroUsdPerMillion: 0,
      cacheReadMicroUsdPerMillion: 100_000,
    },
  ],
});

/** A demo vendor, a hub and a gateway that serves the hub's snapshot, on real sockets. */
export async function aWorld({ snapshot = basicSnapshot, limits = {}, settings = {} }: Options = {}): Promise<World> {
  const vendor = await startDemoVendor({ port: 0 });
  onEnd(() => vendor.close());
  const hub = await aHub();
  onEnd(() => hub.close());
  hub.push(snapshot(hub, vendor.url));
  const dataDir = await mkdtemp(join(tmpdir(), "portico-gateway-"));
  onEnd(() => rm(dataDir, { recursive: true, force: true }));
  const log: string[] = [];
  const start = async (at: string, changed: Partial<Limits>) => {
    const gateway = await startGateway({
      settings: {
        port: 0,
        host: "127.0.0.1",
        dataDir,
        hub: at,
        edgeId: "test-edge",
        edgeNamespace: "",
        edgeToken,
        limits: { ...defaultLimits, journalFlushMs: 20, drainMs: 1_000, ...changed },
        ...settings,
      },
      logger: createLogger({ level: "debug", write: (line) => void log.push(line) }),
    });
    onEnd(() => gateway.close());
    return gateway;
  };
  const gateway = await start(hub.address, limits);
  await until(() => hub.results.length > 0);
  return {
    hub,
    gateway,
    vendorUrl: vendor.url,
    dataDir,
    log,
    restart: (options = {}) => start(options.hub ?? hub.address, { ...limits, ...options.limits }),
  };
}

/** Waits until it holds. @throws Error when it does not in time. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 5_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`still not so after ${timeoutMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export type Called = { status: number; headers: Headers; text: string; json: Record<string, unknown> };

/** Calls the gateway as the test app does. */
export async function call(
  gateway: Pick<Gateway, "url">,
  path: string,
  { body, headers = {}, ...init }: Omit<RequestInit, "body"> & { body?: unknown } = {},
): Promise<Called> {
  const response = await fetch(gateway.url + path, {
    method: body === undefined ? "GET" : "POST",
    ...init,
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", ...(headers as Record<string, string>) },
    body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  let json: Record<string, unknown> = {};
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Not every answer is JSON.
  }
  return { status: response.status, headers: response.headers, text, json };
}

export const chat = (text = "hello there", more: Record<string, unknown> = {}) => ({
  model: "demo-small",
  messages: [{ role: "user", content: text }],
  ...more,
});

export const chatPath = "/llm/call/demo/v1/chat/completions";
