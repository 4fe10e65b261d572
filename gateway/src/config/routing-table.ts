import type { KeyObject } from "node:crypto";
import type { NanoUsd, Price } from "@portico/core";
import type { EndpointReader } from "../dialects/endpoints.ts";
import type { KeyMask } from "../pipeline/key-mask.ts";
import type { Vendor } from "../vendors/vendor.ts";
import type { AllowList } from "./allow-list.ts";
import type { PriceList } from "./price-list.ts";
import type { Lookup } from "./sharded-map.ts";

export type Budget = { limitNanoUsd: NanoUsd; anchor: Date | null };

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

/** Everything a request needs to know, compiled once per change and never changed itself. */
export type RoutingTable = {
  version: number;
  checksum: string;
  llmsBySlug: ReadonlyMap<string, Llm>;
  llmsById: ReadonlyMap<number, Llm>;
  appsById: Lookup<number, App>;
  /** By SHA-256 (lower-case hex) of a secret. */
  appsByCredential: Pick<Lookup<string, App>, "get" | "has">;
  /** Plugins that are attached to an LLM or need not be. */
  plugins: ReadonlyMap<number, GatewayPlugin>;
  /** By vendor, then model. */
  prices: ReadonlyMap<string, ReadonlyMap<string, Price>>;
  priceList: PriceList;
  /** The control plane's own app. */
  systemApp: App | undefined;
  /** Verifies the tokens of its calls. */
  systemCallKey: KeyObject | undefined;
};
