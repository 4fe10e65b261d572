import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Price } from "@portico/core";
import { revokedLlm } from "@portico/protocol";
import { createAllowList } from "../src/config/allow-list.ts";
import { createPriceList } from "../src/config/price-list.ts";
import type { App, Llm, RoutingTable } from "../src/config/routing-table.ts";
import { createEndpointReader } from "../src/dialects/endpoints.ts";
import { newExchange } from "../src/pipeline/exchange.ts";
import { keyMaskOf } from "../src/pipeline/key-mask.ts";
import { type CallMode, type LlmExchange, newLlmCall } from "../src/pipeline/llm-call.ts";
import { vendorOf } from "../src/vendors/registry.ts";
import type { Vendor } from "../src/vendors/vendor.ts";

export const vendorKey = "sk-vendor-key-0123456789";

type LlmOptions = Partial<Omit<Llm, "allowedModels">> & { allowedModels?: string[]; allowedEndpoints?: string[] };

/** An LLM as the configuration makes it. */
export function aRoutedLlm({ allowedModels = [], allowedEndpoints = [], ...llm }: LlmOptions = {}): Llm {
  const vendor = llm.vendor ?? (vendorOf("openai") as Vendor);
  const basePath = llm.basePath ?? "/v1";
  return {
    id: 1,
    revokedAs: revokedLlm(1),
    name: "Demo",
    slug: "demo",
    vendor,
    origin: "http://vendor.example",
    basePath,
    baseQuery: "",
    endpoint: "http://vendor.example/v1",
    apiKey: vendorKey,
    keyMask: keyMaskOf(vendorKey),
    keyOrigins: new Set(),
    endpointOf: createEndpointReader({ dialect: vendor.dialect, basePath, allowed: allowedEndpoints }),
    defaultModel: "",
    allowedModels: createAllowList(allowedModels),
    budget: null,
    chain: { preAuth: [], auth: [], postAuth: [], onResponse: [] },
    hasPlugins: false,
    ...llm,
  };
}

export const anActiveApp = (app: Partial<App> = {}): App => ({
  id: 7,
  name: "Test app",
  description: "",
  userId: 3,
  ownerEmail: "owner@example.com",
  active: true,
  llmIds: new Set([1]),
  system: false,
  budget: null,
  metadataJson: "",
  ...app,
});

type ExchangeOptions = {
  llm?: Llm;
  app?: App;
  mode?: CallMode;
  method?: string;
  path?: string;
  query?: string;
  /** Names and values in turn, as they came. */
  headers?: string[];
  body?: string | Buffer;
  /** Of the vendor's models. */
  prices?: Record<string, Price>;
  req?: IncomingMessage;
  res?: ServerResponse;
};

/** An exchange that has been authenticated and received, of an app that calls an LLM. */
export function anExchange({
  llm = aRoutedLlm(),
  app = anActiveApp(),
  mode = "call",
  method = "POST",
  path = "/v1/chat/completions",
  query = "",
  headers = ["content-type", "application/json"],
  body = "",
  prices = {},
  req = aRequest(method, headers),
  res = new ServerResponse(req),
}: ExchangeOptions = {}): LlmExchange {
  const ofVendor = new Map(Object.entries(prices));
  const table = { priceList: createPriceList(new Map([[llm.vendor.id, ofVendor]])) } as RoutingTable;
  const target = newLlmCall({ mode, slug: llm.slug, path, query, llm });
  const exchange = newExchange({ req, res, requestId: "req_test", nowMs: Date.now(), table, target });
  exchange.app = app;
  exchange.body = Buffer.from(body);
  return exchange;
}

/** A request as node reads it from the wire. */
function aRequest(method: string, headers: string[]): IncomingMessage {
  const req = new IncomingMessage(new Socket());
  req.method = method;
  req.rawHeaders = headers;
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    const value = headers[i + 1] as string;
    req.headers[name] = req.headers[name] === undefined ? value : `${String(req.headers[name])}, ${value}`;
  }
  return req;
}
