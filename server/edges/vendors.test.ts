import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { LlmConfig } from "@portico/protocol/edge";
import { findVendor } from "@portico/protocol/vendors";
import { afterEach, expect, test, vi } from "vitest";
import { snippets } from "../../components/llms/dialects.ts";
import { vendorLabel, vendorOptions } from "../../components/llms/vendors.ts";
import { anApp } from "../../gateway/test/hub.ts";
import { aWorld, call, endWorlds, onEnd, secret, until } from "../../gateway/test/world.ts";
import { LlmDraft } from "../llms/contract.ts";
import { createNamespaceEncoder } from "./resources.ts";

// One more line in the catalog, and nothing else.
vi.mock("../../packages/protocol/src/vendor-catalog.ts", async (original) => {
  const catalog = await original<typeof import("../../packages/protocol/src/vendor-catalog.ts")>();
  const acme = catalog.openAiCompatible({ id: "acme", label: "Acme", endpoint: "https://api.acme.test/v1", exampleModel: "acme-1" });
  return { ...catalog, vendorCatalog: [...catalog.vendorCatalog, acme] };
});

afterEach(endWorlds);

type Seen = { url: string | undefined; headers: IncomingMessage["headers"] };

async function aVendor(): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((req, res) => {
    seen.push({ url: req.url, headers: req.headers });
    res.setHeader("content-type", "application/json");
    res.end('{"model":"acme-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onEnd(async () => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function llmRow(apiEndpoint: string, dataKey: Buffer): LlmConfig[] {
  const row = {
    id: 1,
    name: "Demo",
    slug: "demo",
    vendor: "acme",
    apiEndpoint,
    apiKeySealed: "sk-acme-key",
    defaultModel: "",
    allowedModels: [],
    allowedEndpoints: [],
    keyOrigins: [],
    monthlyBudgetMicroUsd: null,
    budgetStartAt: null,
    namespace: "",
  };
  const encoder = createNamespaceEncoder({
    namespace: "",
    dataKey,
    resolver: { open: (sealed) => sealed, openIn: (value) => value },
    plugins: [],
  });
  return [...encoder.llms([row], [])].flatMap(({ body }) => (body ? [LlmConfig.decode(body)] : []));
}

test("one line in the catalog adds an OpenAI-compatible vendor to the API, the configuration of edges, the gateway and the dashboard", async () => {
  expect(LlmDraft.parse({ name: "Acme", vendor: "acme" }).vendor).toBe("acme");
  expect(LlmDraft.safeParse({ name: "Acme", vendor: "acne" }).error?.issues[0]?.message).toContain("acme");
  expect(llmRow("", Buffer.alloc(32, 1))[0]).toMatchObject({ vendor: "acme", endpoint: "https://api.acme.test/v1" });
  expect(vendorOptions).toContainEqual({ value: "acme", label: "Acme" });
  expect(vendorLabel("acme")).toBe("Acme");
  const { dialect, exampleModel } = findVendor("acme") ?? { dialect: "anthropic", exampleModel: "" };
  expect(snippets[dialect].curl({ base: "https://gw", endpoint: "https://api.acme.test/v1", key: "k", model: exampleModel })).toContain(
    '"model":"acme-1"',
  );

  const vendor = await aVendor();
  const { gateway, hub } = await aWorld({
    snapshot: ({ dataKey }) => ({ llms: llmRow(`${vendor.url}/v1`, dataKey), apps: [anApp(secret)] }),
  });
  const answer = await call(gateway, "/llm/call/demo/v1/chat/completions", { body: { model: "acme-1", messages: [] } });
  expect(answer).toMatchObject({ status: 200, json: { model: "acme-1" } });
  expect(vendor.seen[0]).toMatchObject({ url: "/v1/chat/completions", headers: { authorization: "Bearer sk-acme-key" } });
  await until(() => hub.records().length === 1);
  expect(hub.records()[0]).toMatchObject({ vendor: "acme", model: "acme-1", promptTokens: 3, responseTokens: 2 });
});
