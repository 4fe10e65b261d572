import type { KeyObject } from "node:crypto";
import type { Price } from "@portico/core";
import { messageOf, nanoFromMicro } from "@portico/core";
import { isObject } from "@portico/core/json";
import { gatewayHookTypes, revokedLlm } from "@portico/protocol";
import type { AppConfig, LlmConfig, ModelPrice, PluginConfig } from "@portico/protocol/edge";
import { open } from "@portico/protocol/sealing";
import { readPublicKey } from "@portico/protocol/system-calls";
import { createEndpointReader } from "../dialects/endpoints.ts";
import { keyMaskOf } from "../pipeline/key-mask.ts";
import { vendorOf } from "../vendors/registry.ts";
import { type AllowList, createAllowList } from "./allow-list.ts";
import type { App, Budget, GatewayPlugin, Llm } from "./routing-table.ts";

/** Why configuration cannot be served; the message goes back to the hub. */
export class ConfigRefused extends Error {}

/** @throws ConfigRefused naming what is wrong. */
export function compileLlm(config: LlmConfig, { dataKey, plugins }: { dataKey: Buffer; plugins: ReadonlyMap<number, GatewayPlugin> }): Llm {
  const what = `LLM ${config.id} ("${config.name}")`;
  if (!config.slug) throw new ConfigRefused(`${what} has no slug`);
  const vendor = vendorOf(config.vendor);
  if (!vendor) throw new ConfigRefused(`${what} has vendor "${config.vendor}", which this gateway does not speak`);
  const url = URL.canParse(config.endpoint) ? new URL(config.endpoint) : null;
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new ConfigRefused(`${what} has an endpoint that is not an http or https URL`);
  }
  const steps = config.plugins.map(({ pluginId, sealedConfigOverrideJson: sealed }) => {
    const plugin = plugins.get(pluginId);
    if (!plugin) throw new ConfigRefused(`${what} uses plugin ${pluginId}, which is not in the snapshot`);
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
      throw new ConfigRefused(`${what} allows models by "${pattern}", which is not a regular expression: ${messageOf(error)}`);
    }
  }
  return createAllowList(patterns);
}

/** @throws ConfigRefused */
export function systemCallKeyOf(publicKey: Buffer): KeyObject | undefined {
  if (publicKey.length === 0) return undefined;
  try {
    return readPublicKey(publicKey);
  } catch (error) {
    throw new ConfigRefused(`the key of the control plane's calls cannot be read: ${messageOf(error)}`);
  }
}

export const compileApp = (config: AppConfig): App =>
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

/** @throws ConfigRefused */
export function compilePlugin(config: PluginConfig, dataKey: Buffer): GatewayPlugin {
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

/** By vendor, then model. */
export function compilePrices(list: Iterable<ModelPrice>): ReadonlyMap<string, ReadonlyMap<string, Price>> {
  const prices = new Map<string, Map<string, Price>>();
  for (const { vendor, modelName, ...price } of list) {
    let ofVendor = prices.get(vendor);
    if (!ofVendor) {
      ofVendor = new Map();
      prices.set(vendor, ofVendor);
    }
    ofVendor.set(modelName, Object.freeze(price));
  }
  return prices;
}

const budgetOf = (limitMicroUsd: number | undefined, anchorMs: number | undefined): Budget | null =>
  limitMicroUsd === undefined
    ? null
    : Object.freeze({ limitNanoUsd: nanoFromMicro(limitMicroUsd), anchor: anchorMs === undefined ? null : new Date(anchorMs) });

function unseal(key: Buffer, sealed: Uint8Array, what: string): string {
  try {
    return open(key, sealed).toString("utf8");
  } catch {
    throw new ConfigRefused(`${what} cannot be unsealed with the namespace's data key`);
  }
}

type JsonObject = Record<string, unknown>;

function jsonObject(text: string, what: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Answered below like any other value that is not an object.
  }
  throw new ConfigRefused(`${what} is not a JSON object`);
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
