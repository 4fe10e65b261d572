import { messageOf } from "@portico/core";
import { faultOfPattern } from "@portico/core/patterns";
import { gatewayHookTypes, isGatewayHook, runsUnattached } from "@portico/protocol";
import { AppConfig, LlmConfig, ModelPrice, PluginConfig } from "@portico/protocol/edge";
import { sealStable } from "@portico/protocol/sealing";
import { findVendor } from "@portico/protocol/vendors";
import { grantedToServices } from "../plugins/catalog/grants.ts";
import type { SecretResolver } from "../secrets/values.ts";

/** Also the kinds of change that a resource follows from. */
export type ResourceType = "llm" | "app" | "credentials" | "plugin" | "price" | "system_call_key";

/** A resource as edges get it, or the reason for leaving it out although its object is active. */
export type EncodedResource = { type: ResourceType; name: string; label: string } & (
  | { body: Buffer; problem: "" }
  | { body: undefined; problem: string }
);

export type LlmRow = {
  id: number;
  name: string;
  slug: string;
  vendor: string;
  apiEndpoint: string;
  apiKeySealed: string | null;
  defaultModel: string;
  allowedModels: string[];
  allowedEndpoints: string[];
  keyOrigins: string[];
  monthlyBudgetMicroUsd: number | null;
  budgetStartAt: Date | null;
  namespace: string;
};

export type LlmPluginRow = {
  llmId: number;
  pluginId: number;
  orderIndex: number;
  overrideSealed: string | null;
  secretReferences?: string[] | null;
};

export type AppRow = {
  id: number;
  name: string;
  description: string;
  userId: number | null;
  ownerEmail: string | null;
  isSystem: boolean;
  monthlyBudgetMicroUsd: number | null;
  budgetStartAt: Date | null;
  metadata: unknown;
  namespace: string;
  llmIds: number[];
};

export type PluginRow = {
  id: number;
  name: string;
  slug: string;
  command: string;
  checksum: string;
  configSealed: string | null;
  /** References in the configuration that are resolved; rows of older releases have none. */
  secretReferences?: string[] | null;
  hookTypes: string[];
  /** What it may do. */
  grants: string[];
  /** The program that the grants are for. */
  approvedCodeHash: string;
  generation: number;
  namespace: string;
};

export type PriceRow = Omit<ModelPrice, "cacheWriteHourMicroUsdPerMillion"> & {
  id: number;
  cacheWriteHourMicroUsdPerMillion: number | null;
};

/** Something that was left out of edges' configuration, for administrators. */
export type ConfigProblem = { kind: "llm" | "plugin"; id: number; name: string; reason: string };

export type NamespaceEncoder = {
  /** Of the given rows those that edges of the namespace use: its own LLM hides a global one of the same path. */
  llms(rows: readonly LlmRow[], chains: readonly LlmPluginRow[]): Generator<EncodedResource>;
  /** The plugin, if it runs in gateways and an LLM needs it or it has a hook that no LLM needs to name. */
  plugin(id: number, isAttached: boolean): EncodedResource | undefined;
};

type UsablePlugin = { row: PluginRow } & (
  | { body: Buffer; fault: ""; isReported: false }
  | { body: undefined; fault: string; isReported: boolean }
);

/**
 * Encodes what belongs to one namespace and is sealed with its key: active rows only, and equal rows give equal bytes. What an edge would
 * refuse is left out and reported instead of stopping everything else. An LLM goes with a plugin it needs: a call must not pass without
 * the filter that was put in its way.
 * @param plugins Active ones, at least those that are encoded or in an encoded LLM's chain.
 */
export function createNamespaceEncoder({
  namespace,
  dataKey,
  resolver,
  plugins,
}: {
  namespace: string;
  dataKey: Buffer;
  resolver: SecretResolver;
  plugins: readonly PluginRow[];
}): NamespaceEncoder {
  const seal = (plain: string, context: string) => (plain === "" ? Buffer.alloc(0) : sealStable(dataKey, Buffer.from(plain), context));
  const isVisible = (row: { namespace: string }) => row.namespace === "" || row.namespace === namespace;
  const rows = new Map(plugins.filter((row) => isVisible(row) && row.hookTypes.some(isGatewayHook)).map((row) => [row.id, row]));
  const known = new Map<number, UsablePlugin>();

  function pluginOf(id: number): UsablePlugin | undefined {
    const row = rows.get(id);
    if (!row) return undefined;
    let plugin = known.get(id);
    if (!plugin) {
      plugin = encodePlugin(row);
      known.set(id, plugin);
    }
    return plugin;
  }

  function encodePlugin(row: PluginRow): UsablePlugin {
    if (hooksOf(row).length === 0) return { row, body: undefined, fault: "it is waiting for approval", isReported: false };
    try {
      const config = row.configSealed
        ? resolver.openIn(jsonObject(resolver.open(row.configSealed), "its configuration"), row.secretReferences ?? [])
        : {};
      const body = encoded(PluginConfig, pluginConfig(row, seal(canonicalJson(config), `plugin:${row.id}:config`)));
      return { row, body, fault: "", isReported: false };
    } catch (error) {
      return { row, body: undefined, fault: messageOf(error), isReported: true };
    }
  }

  function encodeLlm(row: LlmRow, chain: readonly LlmPluginRow[]): Buffer {
    const steps = chain
      .filter(({ pluginId }) => rows.has(pluginId))
      .sort((a, b) => a.orderIndex - b.orderIndex || a.pluginId - b.pluginId)
      .map(({ pluginId, overrideSealed, secretReferences }) => {
        const plugin = pluginOf(pluginId);
        if (plugin?.fault) throw new Error(`its plugin "${plugin.row.name}" cannot be used: ${plugin.fault}`);
        const override = overrideSealed
          ? resolver.openIn(jsonObject(resolver.open(overrideSealed), `the override of plugin ${pluginId}`), secretReferences ?? [])
          : null;
        const sealedConfigOverrideJson = seal(override ? canonicalJson(override) : "", `llm:${row.id}:plugin:${pluginId}:override`);
        return { pluginId, sealedConfigOverrideJson };
      });
    const sealedApiKey = seal(row.apiKeySealed ? resolver.open(row.apiKeySealed) : "", `llm:${row.id}:api_key`);
    return encoded(LlmConfig, { ...llmConfig(row, sealedApiKey), plugins: steps });
  }

  return {
    *llms(llms, chains) {
      const chainOf = Map.groupBy(chains, ({ llmId }) => llmId);
      const taken = new Set<string>();
      const visible = llms.filter(isVisible).sort((a, b) => Number(b.namespace !== "") - Number(a.namespace !== "") || a.id - b.id);
      for (const row of visible) {
        if (taken.has(row.slug)) continue;
        taken.add(row.slug);
        yield attempt("llm", row, () => encodeLlm(row, chainOf.get(row.id) ?? []));
      }
    },
    plugin(id, isAttached) {
      const plugin = pluginOf(id);
      if (!plugin) return undefined;
      const of = { type: "plugin" as const, name: String(id), label: plugin.row.name };
      if (plugin.body) return isAttached || runsUnattached(hooksOf(plugin.row)) ? { ...of, body: plugin.body, problem: "" } : undefined;
      return plugin.isReported ? { ...of, body: undefined, problem: plugin.fault } : undefined;
    },
  };
}

export const encodeApp = (row: AppRow): EncodedResource => ({
  type: "app",
  name: String(row.id),
  label: row.name,
  body: encoded(AppConfig, appConfig(row)),
  problem: "",
});

export const encodePrice = ({ id, cacheWriteHourMicroUsdPerMillion: hour, ...price }: PriceRow): EncodedResource => ({
  type: "price",
  name: String(id),
  label: price.modelName,
  body: encoded(ModelPrice, hour === null ? price : { ...price, cacheWriteHourMicroUsdPerMillion: hour }),
  problem: "",
});

const encoded = <T>(type: { encode(message: T): { finish(): Uint8Array } }, message: T): Buffer =>
  Buffer.from(type.encode(message).finish());

function attempt(type: ResourceType, { id, name }: { id: number; name: string }, encode: () => Buffer): EncodedResource {
  const of = { type, name: String(id), label: name };
  try {
    return { ...of, body: encode(), problem: "" };
  } catch (error) {
    return { ...of, body: undefined, problem: messageOf(error) };
  }
}

function llmConfig(row: LlmRow, sealedApiKey: Buffer): Omit<LlmConfig, "plugins"> {
  const vendor = findVendor(row.vendor);
  if (!vendor) throw new Error(`edges do not support its vendor "${row.vendor}"`);
  const endpoint = (row.apiEndpoint || vendor.endpoint).replace(/^([^?]*?)\/+$/, "$1");
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) throw new Error("its endpoint is not an http or https URL");
  for (const pattern of row.allowedModels) {
    const fault = faultOfPattern(pattern);
    if (fault) throw new Error(`its allowed model "${pattern}" ${fault}`);
  }
  return {
    id: row.id,
    name: row.name,
    slug: row.slug,
    vendor: row.vendor,
    endpoint,
    sealedApiKey,
    defaultModel: row.defaultModel,
    allowedModels: row.allowedModels,
    allowedEndpoints: row.allowedEndpoints,
    keyOrigins: row.keyOrigins,
    ...budgetOf(row),
  };
}

const appConfig = (row: AppRow): AppConfig => {
  const metadata = canonicalJson(row.metadata ?? {});
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    userId: row.userId ?? 0,
    ownerEmail: row.ownerEmail ?? "",
    active: true,
    system: row.isSystem,
    metadataJson: metadata === "{}" ? "" : metadata,
    llmIds: [...row.llmIds].sort((a, b) => a - b),
    // Travel by themselves: see CredentialBucket.
    credentialHashes: [],
    ...budgetOf(row),
  };
};

const pluginConfig = (row: PluginRow, sealedConfigJson: Buffer): PluginConfig => ({
  id: row.id,
  name: row.name,
  slug: row.slug,
  command: row.command,
  checksum: row.checksum,
  sealedConfigJson,
  hookTypes: hooksOf(row),
  serviceScopes: grantedToServices(row.grants),
  generation: row.generation,
  codeHash: row.approvedCodeHash || undefined,
});

/** In the order of the phases. */
const hooksOf = ({ hookTypes, grants }: PluginRow): string[] =>
  gatewayHookTypes.filter((hook) => hookTypes.includes(hook) && grants.includes(hook));

/** No budget and a budget of 0 both mean unlimited. */
const budgetOf = (row: { monthlyBudgetMicroUsd: number | null; budgetStartAt: Date | null }) =>
  row.monthlyBudgetMicroUsd ? { monthlyBudgetMicroUsd: row.monthlyBudgetMicroUsd, budgetStartMs: row.budgetStartAt?.getTime() } : {};

function jsonObject(text: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${what} is not JSON`);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Error(`${what} is not a JSON object`);
  return value as Record<string, unknown>;
}

/** JSON with sorted keys. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => compare(a, b)))
      : inner,
  );

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
