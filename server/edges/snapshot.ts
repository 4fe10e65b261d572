import { createHash } from "node:crypto";
import { messageOf } from "@portico/core";
import { faultOfPattern } from "@portico/core/patterns";
import { gatewayHookTypes, isGatewayHook, revokedLlm } from "@portico/protocol";
import { type AppConfig, type LlmConfig, type ModelPrice, type PluginConfig, Snapshot } from "@portico/protocol/edge";
import { sealStable } from "@portico/protocol/sealing";
import { findVendor } from "@portico/protocol/vendors";
import { grantedToServices } from "../plugins/catalog/grants.ts";

/** What a namespace's snapshot is made of, as the tables hold it; in any order. */
export type SnapshotRows = {
  llms: LlmRow[];
  apps: AppRow[];
  appLlms: { appId: number; llmId: number }[];
  credentials: { appId: number; secretHash: string }[];
  plugins: PluginRow[];
  llmPlugins: { llmId: number; pluginId: number; orderIndex: number; overrideSealed: string | null }[];
  prices: ModelPrice[];
};

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
};

export type PluginRow = {
  id: number;
  name: string;
  slug: string;
  command: string;
  checksum: string;
  configSealed: string | null;
  hookTypes: string[];
  /** What it may do. */
  grants: string[];
  /** The program that the grants are for. */
  approvedCodeHash: string;
  generation: number;
};

/** Something that was left out of a snapshot, for administrators. */
export type SnapshotProblem = { kind: "llm" | "plugin"; id: number; name: string; reason: string };

export type BuiltSnapshot = {
  body: Buffer;
  /** Lower-case hex SHA-256 of `body`. */
  checksum: string;
  problems: SnapshotProblem[];
  /** Credentials that the snapshot admits. */
  /** What edges can be told to refuse: hashes of credentials, and LLMs. */
  credentialHashes: ReadonlySet<string>;
  /** Plugins that edges with the snapshot run. */
  pluginIds: ReadonlySet<number>;
};

/**
 * Makes the snapshot of a namespace: active rows only, sorted, so that equal configuration gives equal bytes. What an edge would
 * refuse is left out and reported instead of stopping everything else. An LLM goes with a plugin it needs: a call must not pass
 * without the filter that was put in its way.
 */
export function buildSnapshot(
  rows: SnapshotRows,
  {
    namespace,
    dataKey,
    systemCallKey,
    openSecret,
  }: { namespace: string; dataKey: Buffer; systemCallKey: Buffer; openSecret: (sealed: string) => string },
): BuiltSnapshot {
  const problems: SnapshotProblem[] = [];
  const seal = (plain: string, context: string) => (plain === "" ? Buffer.alloc(0) : sealStable(dataKey, Buffer.from(plain), context));

  const gatewayPlugins = new Map(rows.plugins.filter((row) => row.hookTypes.some(isGatewayHook)).map((row) => [row.id, row]));
  const broken = new Map<number, string>();
  const plugins = new Map<number, PluginConfig>();
  for (const row of gatewayPlugins.values()) {
    if (hooksOf(row).length === 0) {
      broken.set(row.id, "it waits for approval");
      continue;
    }
    try {
      const config = row.configSealed ? jsonObject(openSecret(row.configSealed), "its configuration") : {};
      plugins.set(row.id, pluginConfig(row, seal(canonicalJson(config), `plugin:${row.id}:config`)));
    } catch (error) {
      broken.set(row.id, messageOf(error));
      problems.push({ kind: "plugin", id: row.id, name: row.name, reason: messageOf(error) });
    }
  }

  const llms: LlmConfig[] = [];
  const taken = new Set<string>();
  const used = new Set<number>();
  // A namespace's own LLM hides a global one of the same path.
  for (const row of [...rows.llms].sort((a, b) => Number(b.namespace !== "") - Number(a.namespace !== "") || a.id - b.id)) {
    if (taken.has(row.slug)) continue;
    taken.add(row.slug);
    try {
      const chain = rows.llmPlugins
        .filter((step) => step.llmId === row.id && gatewayPlugins.has(step.pluginId))
        .sort((a, b) => a.orderIndex - b.orderIndex || a.pluginId - b.pluginId);
      const llmPlugins = chain.map(({ pluginId, overrideSealed }) => {
        const reason = broken.get(pluginId);
        if (reason) throw new Error(`its plugin "${gatewayPlugins.get(pluginId)?.name}" cannot be used: ${reason}`);
        const override = overrideSealed ? jsonObject(openSecret(overrideSealed), `the override of plugin ${pluginId}`) : null;
        const sealedConfigOverrideJson = seal(override ? canonicalJson(override) : "", `llm:${row.id}:plugin:${pluginId}:override`);
        return { pluginId, sealedConfigOverrideJson };
      });
      llms.push({
        ...llmConfig(row, seal(row.apiKeySealed ? openSecret(row.apiKeySealed) : "", `llm:${row.id}:api_key`)),
        plugins: llmPlugins,
      });
      for (const { pluginId } of llmPlugins) used.add(pluginId);
    } catch (error) {
      problems.push({ kind: "llm", id: row.id, name: row.name, reason: messageOf(error) });
    }
  }

  const present = new Set(llms.map(({ id }) => id));
  const credentialHashes = new Set([...present].map(revokedLlm));
  const hashesOf = groupBy(rows.credentials, ({ appId }) => appId);
  const llmsOf = groupBy(rows.appLlms, ({ appId }) => appId);
  const apps = rows.apps.map((row): AppConfig => {
    const admitted = (hashesOf.get(row.id) ?? []).map(({ secretHash }) => secretHash).sort();
    for (const hash of admitted) credentialHashes.add(hash);
    return {
      ...appConfig(row),
      llmIds: (llmsOf.get(row.id) ?? [])
        .map(({ llmId }) => llmId)
        .filter((id) => present.has(id))
        .sort((a, b) => a - b),
      credentialHashes: admitted,
    };
  });

  const body = Buffer.from(
    Snapshot.encode({
      namespace,
      llms: llms.sort(byId),
      apps: apps.sort(byId),
      plugins: [...plugins.values()].filter(({ id }) => used.has(id)).sort(byId),
      systemCallKey,
      prices: [...rows.prices].sort((a, b) => compare(a.vendor, b.vendor) || compare(a.modelName, b.modelName)),
    }).finish(),
  );
  return { body, checksum: createHash("sha256").update(body).digest("hex"), problems, credentialHashes, pluginIds: used };
}

function llmConfig(row: LlmRow, sealedApiKey: Buffer): Omit<LlmConfig, "plugins"> {
  const vendor = findVendor(row.vendor);
  if (!vendor) throw new Error(`edges do not speak its vendor "${row.vendor}"`);
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

const appConfig = (row: AppRow): Omit<AppConfig, "llmIds" | "credentialHashes"> => {
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
const byId = (a: { id: number }, b: { id: number }): number => a.id - b.id;

function groupBy<T>(rows: T[], keyOf: (row: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}
