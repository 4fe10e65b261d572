import type { IncomingMessage, ServerResponse } from "node:http";
import { createLogger } from "@portico/core/logger";
import type { Dispatcher, Pool } from "undici";
import { expect, test } from "vitest";
import type { Llm } from "../config/routing-table.ts";
import { vendorOf } from "../vendors/registry.ts";
import type { Vendor } from "../vendors/vendor.ts";
import { type LlmExchange, newLlmCall } from "./llm-call.ts";
import { next } from "./reply.ts";
import { createUpstream } from "./upstream.ts";

const openai = vendorOf("openai") as Vendor;

type Sent = { origin: string; path: string; headers: string[] };

/** Sends a call through a vendor. @returns what is dispatched, in order. */
function aCall(vendor: Partial<Vendor>, changes: Partial<LlmExchange> = {}) {
  const sent: Sent[] = [];
  const pool = (origin: string) =>
    ({
      dispatch: ({ path, headers }: Dispatcher.DispatchOptions) => {
        sent.push({ origin, path, headers: headers as string[] });
        return true;
      },
    }) as unknown as Pool;
  const upstream = createUpstream({
    pools: { of: pool, freshOf: pool },
    openSession: () => next,
    admitUpload: () => ({ step: next, added: "" }),
    settle: () => undefined,
    responseHooks: { onAnswer: async (_exchange, answer) => answer, onStreamComplete: () => undefined },
    logger: createLogger({ level: "error", write: () => undefined }),
    isCollected: () => false,
    pluginBytes: 1_000,
  });
  const llm = {
    slug: "demo",
    origin: "https://vendor.example",
    basePath: "/v1",
    baseQuery: "",
    apiKey: "sk-vendor",
    keyOrigins: new Set(["https://other.example"]),
    chain: { preAuth: [], auth: [], postAuth: [], onResponse: [] },
    vendor: { ...openai, ...vendor },
  } as unknown as Llm;
  const exchange = {
    req: { method: "POST", rawHeaders: ["X-Client", "1"], headers: {} } as unknown as IncomingMessage,
    res: { destroyed: false, headersSent: false } as ServerResponse,
    target: { ...newLlmCall({ mode: "call", slug: "demo", path: "/chat/completions", query: "", llm }), model: "gpt" },
    body: Buffer.from("{}"),
    settled: false,
    ...changes,
  } as LlmExchange;
  return { run: () => upstream(exchange, () => undefined), sent, exchange };
}

test("a vendor that names the deployment in the path gets the model that was judged", () => {
  const azure = aCall({ pathAt: ({ baseQuery }, { path, model }) => `/openai/deployments/${model}${path}${baseQuery}` });
  azure.run();
  expect(azure.sent[0]).toMatchObject({ origin: "https://vendor.example", path: "/openai/deployments/gpt/chat/completions" });
});

test("a vendor may sign the complete call, body and headers included", () => {
  const signed = aCall({
    prepare(call, credential) {
      call.headers.push("x-signature", `${credential}:${call.method} ${call.path} ${call.body?.toString()}`);
      return call;
    },
  });
  signed.run();
  expect(signed.sent[0]?.headers).toEqual([
    "accept-encoding",
    "identity",
    "X-Client",
    "1",
    "x-signature",
    "sk-vendor:POST /v1/chat/completions {}",
  ]);
});

test("a vendor may fetch a token first; a client that leaves meanwhile has nothing sent in its name", async () => {
  const fetching = (): Partial<Vendor> => ({
    prepare: async (call) => {
      await Promise.resolve();
      call.headers.push("authorization", "Bearer fetched");
      return call;
    },
  });
  const stays = aCall(fetching());
  await stays.run();
  expect(stays.sent[0]?.headers).toContain("Bearer fetched");
  const leaves = aCall(fetching());
  const pending = leaves.run();
  leaves.exchange.settled = true;
  await pending;
  expect(leaves.sent).toEqual([]);
});

test("the key goes to the LLM's own origin and those that an administrator allows, whatever plugins say", () => {
  const keyAt = (upstream_override: string): boolean => {
    const call = aCall({}, { contextUpdates: { upstream_override } });
    call.run();
    const [first] = call.sent as [Sent];
    return first.headers.includes("Bearer sk-vendor");
  };
  expect(keyAt("")).toBe(true);
  expect(keyAt("https://other.example/v2")).toBe(true);
  expect(keyAt("https://elsewhere.example/v1")).toBe(false);
  expect(() => keyAt("file:///etc/passwd")).toThrow("http or https");
});
