import type { KeyObject } from "node:crypto";
import { messageOf, type Price } from "@portico/core";
import { gatewayHookTypes, revokedLlm } from "@portico/protocol";
import type { AppConfig, LlmConfig, PluginConfig, Snapshot } from "@portico/protocol/edge";
import { open } from "@portico/protocol/sealing";
import { readPublicKey } from "@portico/protocol/system-calls";
import { createEndpointReader, type EndpointReader } from "../dialects/endpoints.ts";
import { type KeyMask, keyMaskOf } from "../pipeline/key-mask.ts";
import { vendorOf } from "../vendors/registry.ts";
import type { Vendor } from "../vendors/vendor.ts";
import { type AllowList, createAllowList } from "./allow-list.ts";
import { createPriceList, type PriceList } from "./price-list.ts";

export type Budget = { limitMicroUsd: number; anchor: Date | null };

/** A plugin in the chain of an LLM. */
export type AttachedPlugin = {
  id: number;
  name: string;
  /** The plugin's configuration with this LLM's override merged over it, as JSON; "" when the LLM overrides nothing. */
  configOverride: string;
};

export type PluginChain = {
  preAuth: readonly AttachedPlugin[];
  auth: readonly AttachedPlugin[];
  postAuth: readonly AttachedPlugin[];
  onResponse: readonly AttachedPlugin[];
};

export type Llm = {
  id: number;
  /** What a revocation calls it. */
  revokedAs: string;
  name: string;
  slug: string;
  vendor: Vendor;
  origin: string;
  /** Path of the endpoint without a trailing slash; "" when it has none. */
  basePath: string;
  /** Query of the endpoint with its "?", or "", e.g. `?api-version=2024-10-21`; sent with every request. */
  baseQuery: string;
  endpoint: string;
  /** Never logged, never sent anywhere but the endpoint and the origins an administrator allows. */
  apiKey: string;
  /** undefined when there is no key to hide. */
  keyMask: KeyMask | undefined;
  keyOrigins: ReadonlySet<string>;
  /** What a path means here; undefined for one that apps may not call. */
  endpointOf: EndpointReader;
  defaultModel: string;
  allowedModels: AllowList;
  budget: Budget | null;
  chain: PluginChain;
  hasPlugins: boolean;
};

export type App = {
  id: number;
  name: string;
  description: string;
  userId: number;
  ownerEmail: string;
  active: boolean;
  llmIds: ReadonlySet<number>;
  system: boolean;
  budget: Budget | null;
  metadataJson: string;
};

export type GatewayPlugin = {
  id: number;
  name: string;
  slug: string;
  command: string;
  checksum: string;
  config: Record<string, unknown>;
  hookTypes: readonly string[];
  /** It has a hook that gateways run. */
  runsHere: boolean;
  /** Scopes and event topics. */
  serviceScopes: ReadonlySet<string>;
  generation: number;
  /** The program that was approved; "" accepts any. */
  codeHash: string;
};

/** Everything a request needs to know, compiled once per snapshot and never changed. */
export type RoutingTable = {
  version: number;
  checksum: string;
  llmsBySlug: ReadonlyMap<string, Llm>;
  llmsById: ReadonlyMap<number, Llm>;
  appsById: ReadonlyMap<number, App>;
  /** By SHA-256 (lower-case hex) of a secret. */
  appsByCredential: ReadonlyMap<string, App>;
  /** Plugins attached to an LLM. */
  plugins: ReadonlyMap<number, GatewayPlugin>;
  /** By vendor, then model. */
  prices: ReadonlyMap<string, ReadonlyMap<string, Price>>;
  priceList: PriceList;
  /** The control plane's own app. */
  systemApp: App | undefined;
  /** Verifies the tokens of its calls. */
  systemCallKey: KeyObject | undefined;
};

/** Why a snapshot cannot be served; the message goes back to the hub. */
export class SnapshotRefused extends Error {}

/** @throws SnapshotRefused naming what is wrong; nothing is served from a snapshot that is wrong in part. */
export function compileTable(
  snapshot: Snapshot,
  { version, checksum, dataKey }: { version: number; checksum: string; dataKey: Buffer },
): RoutingTable {
  const attached = new Set(snapshot.llms.flatMap((llm) => llm.plugins.map((p) => p.pluginId)));
  const plugins = new Map<number, GatewayPlugin>();
  for (const config of snapshot.plugins) {
    if (plugins.has(config.id)) throw new SnapshotRefused(`plugin ${config.id} appears twice`);
    if (attached.has(config.id)) plugins.set(config.id, compilePlugin(config, dataKey));
  }

  const llmsBySlug = new Map<string, Llm>();
  const llmsById = new Map<number, Llm>();
  for (const config of snapshot.llms) {
    const llm = compileLlm(config, { dataKey, plugins });
    if (llmsById.has(llm.id)) throw new SnapshotRefused(`LLM ${llm.id} appears twice`);
    const other = llmsBySlug.get(llm.slug);
    if (other) throw new SnapshotRefused(`LLMs ${other.id} and ${llm.id} have the same slug "${llm.slug}"`);
    llmsById.set(llm.id, llm);
    llmsBySlug.set(llm.slug, llm);
  }

  const appsById = new Map<number, App>();
  const appsByCredential = new Map<string, App>();
  for (const config of snapshot.apps) {
    if (appsById.has(config.id)) throw new SnapshotRefused(`app ${config.id} appears twice`);
    const app = compileApp(config);
    appsById.set(app.id, app);
    for (const hash of config.credentialHashes) {
      if (!/^[0-9a-f]{64}$/.test(hash)) throw new SnapshotRefused(`app ${app.id} has a credential hash that is not a SHA-256`);
      if (appsByCredential.has(hash)) throw new SnapshotRefused(`a credential of app ${app.id} belongs to another app too`);
      appsByCredential.set(hash, app);
    }
  }

  const prices = new Map<string, Map<string, Price>>();
  for (const { vendor, modelName, ...price } of snapshot.prices) {
    let ofVendor = prices.get(vendor);
    if (!ofVendor) {
      ofVendor = new Map();
      prices.set(vendor, ofVendor);
    }
    ofVendor.set(modelName, Object.freeze(price));
  }
  return Object.freeze({
    version,
    checksum,
    llmsBySlug,
    llmsById,
    appsById,
    appsByCredential,
    plugins,
    prices,
    priceList: createPriceList(prices),
    systemApp: [...appsById.values()].find((app) => app.system && app.active),
    systemCallKey: systemCallKeyOf(snapshot),
  });
}

function compileLlm(config: LlmConfig, { dataKey, plugins }: { dataKey: Buffer; plugins: Map<number, GatewayPlugin> }): Llm {
  const what = `LLM ${config.id} ("${config.name}")`;
  if (!config.slug) throw new SnapshotRefused(`${what} has no slug`);
  const vendor = vendorOf(config.vendor);
  if (!vendor) throw new SnapshotRefused(`${what} has vendor "${config.vendor}", which this gateway does not speak`);
  const url = URL.canParse(config.endpoint) ? new URL(config.endpoint) : null;
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new SnapshotRefused(`${what} has an endpoint that is not an http or https URL`);
  }
  const steps = config.plugins.map(({ pluginId, sealedConfigOverrideJson: sealed }) => {
    const plugin = plugins.get(pluginId);
    if (!plugin) throw new SnapshotRefused(`${what} uses plugin ${pluginId}, which is not in the snapshot`);
    const overrideOf = `the override of plugin ${pluginId} for ${what}`;
    const override = sealed.length > 0 ? jsonObject(unseal(dataKey, sealed, overrideOf), overrideOf) : null;
    const configOverride = override ? JSON.stringify(merge(plugin.config, override)) : "";
    return { plugin, step: Object.freeze({ id: plugin.id, name: plugin.name, configOverride }) };
  });
  const chainOf = (hook: string) => Object.freeze(steps.filter(({ plugin }) => plugin.hookTypes.includes(hook)).map(({ step }) => step));
  const apiKey = config.sealedApiKey.length > 0 ? unseal(dataKey, config.sealedApiKey, `the API key of ${what}`) : "";
  const basePath = url.pathname.replace(/\/+$/, "");
  return Object.freeze({
    id: config.id,
    revokedAs: revokedLlm(config.id),
    name: config.name,
    slug: config.slug,
    vendor,
    origin: url.origin,
    basePath,
    baseQuery: url.search,
    endpoint: config.endpoint,
    apiKey,
    keyMask: keyMaskOf(apiKey),
    keyOrigins: new Set(config.keyOrigins),
    endpointOf: createEndpointReader({ dialect: vendor.dialect, basePath, allowed: config.allowedEndpoints }),
    defaultModel: config.defaultModel,
    allowedModels: allowListOf(config.allowedModels, what),
    budget: budgetOf(config.monthlyBudgetMicroUsd, config.budgetStartMs),
    chain: Object.freeze({
      preAuth: chainOf("pre_auth"),
      auth: chainOf("auth"),
      postAuth: chainOf("post_auth"),
      onResponse: chainOf("on_response"),
    }),
    hasPlugins: steps.length > 0,
  });
}

function allowListOf(patterns: readonly string[], what: string): AllowList {
  for (const pattern of patterns) {
    try {
      new RegExp(pattern);
    } catch (error) {
      throw new SnapshotRefused(`${what} allows models by "${pattern}", which is not a regular expression: ${messageOf(error)}`);
    }
  }
  return createAllowList(patterns);
}

function systemCallKeyOf({ systemCallKey }: Snapshot): KeyObject | undefined {
  if (systemCallKey.length === 0) return undefined;
  try {
    return readPublicKey(systemCallKey);
  } catch (error) {
    throw new SnapshotRefused(`the key of the control plane's calls cannot be read: ${messageOf(error)}`);
  }
}

const compileApp = (config: AppConfig): App =>
  Object.freeze({
    id: config.id,
    name: config.name,
    description: config.description,
    userId: config.userId,
    ownerEmail: config.ownerEmail,
    active: config.active,
    llmIds: new Set(config.llmIds),
    system: config.system,
    budget: budgetOf(config.monthlyBudgetMicroUsd, config.budgetStartMs),
    metadataJson: config.metadataJson,
  });

function compilePlugin(config: PluginConfig, dataKey: Buffer): GatewayPlugin {
  const what = `the configuration of plugin ${config.id} ("${config.name}")`;
  const text = config.sealedConfigJson.length > 0 ? unseal(dataKey, config.sealedConfigJson, what) : "{}";
  return Object.freeze({
    id: config.id,
    name: config.name,
    slug: config.slug,
    command: config.command,
    checksum: config.checksum,
    config: jsonObject(text || "{}", what),
    hookTypes: config.hookTypes,
    runsHere: config.hookTypes.some((hook) => gatewayHookTypes.some((known) => known === hook)),
    serviceScopes: new Set(config.serviceScopes),
    generation: config.generation,
    codeHash: config.codeHash ?? "",
  });
}

const budgetOf = (limitMicroUsd: number | undefined, anchorMs: number | undefined): Budget | null =>
  limitMicroUsd === undefined ? null : Object.freeze({ limitMicroUsd, anchor: anchorMs === undefined ? null : new Date(anchorMs) });

function unseal(key: Buffer, sealed: Uint8Array, what: string): string {
  try {
    return open(key, sealed).toString("utf8");
  } catch {
    throw new SnapshotRefused(`${what} cannot be unsealed with the namespace's data key`);
  }
}

type JsonObject = Record<string, unknown>;
const isObject = (value: unknown): value is JsonObject => value !== null && typeof value === "object" && !Array.isArray(value);

function jsonObject(text: string, what: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Answered below like any other value that is not an object.
  }
  throw new SnapshotRefused(`${what} is not a JSON object`);
}

const merge = (base: JsonObject, over: JsonObject): JsonObject => {
  const merged: JsonObject = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const under = base[key];
    const both = isObject(under) && isObject(value) ? merge(under, value) : value;
    Object.defineProperty(merged, key, { value: both, enumerable: true, writable: true, configurable: true });
  }
  return merged;
};
