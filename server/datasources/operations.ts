import { AppError } from "@portico/core";
import { embedders, vectorStores } from "@portico/datasources/vendors";
import type { PluginCaller } from "@portico/plugin-services";
import type { DatasourceInfo } from "@portico/protocol/studio-management";
import { parseInput } from "../fields/input-error.ts";
import { operation } from "../grpc/operation.ts";
import { changesOf, idOf, listQueryOf, textsOf } from "../grpc/requests.ts";
import { DatasourceDraft, DatasourcePatch, redacted } from "./contract.ts";
import type { DatasourceService } from "./service.ts";
import type { Datasource } from "./store.ts";
import { toAttributes } from "./wire.ts";

const toInfo = (source: Datasource): DatasourceInfo => ({
  id: source.id,
  name: source.name,
  shortDescription: source.shortDescription,
  longDescription: source.longDescription,
  icon: source.icon,
  url: source.url,
  privacyScore: source.privacyScore,
  userId: source.userId ?? 0,
  tags: source.tags,
  dbSourceType: source.dbSourceType,
  dbName: source.dbName,
  embedVendor: source.embedVendor,
  embedModel: source.embedModel,
  active: source.active,
  hasDbConnApiKey: source.hasDbConnApiKey,
  hasEmbedApiKey: source.hasEmbedApiKey,
  createdAt: source.createdAt,
  updatedAt: source.updatedAt,
  metadata: textsOf(source.metadata),
});

export const datasourceId = (id: number) => idOf(id, "datasource_id", "Datasource");

/** An address says which host gets a key: a plugin that does not know the key cannot move it. */
function checkKeysStay(plugin: PluginCaller, source: Datasource, patch: DatasourcePatch): void {
  const before = toAttributes(source);
  const keys = [
    { key: "db_conn_api_key", isSet: source.hasDbConnApiKey, targets: ["db_conn_string", "db_source_type"] },
    { key: "embed_api_key", isSet: source.hasEmbedApiKey, targets: ["embed_url", "embed_vendor"] },
  ] as const;
  for (const { key, isSet, targets } of keys) {
    if (!isSet || (patch[key] !== undefined && patch[key] !== redacted)) continue;
    const moved = targets.find((field) => (patch[field] ?? before[field]) !== before[field]);
    if (moved)
      throw new AppError({
        code: "forbidden",
        message: `The plugin ${plugin.name} cannot change ${moved} alone: that changes where ${key} is sent. Send ${key} with it.`,
      });
  }
}

type Writable = {
  name: string;
  shortDescription: string;
  longDescription: string;
  icon: string;
  url: string;
  privacyScore: number;
  userId: number;
  tagNames: string[];
  dbConnString: string;
  dbSourceType: string;
  dbConnApiKey: string;
  dbName: string;
  embedVendor: string;
  embedUrl: string;
  embedApiKey: string;
  embedModel: string;
  active: boolean;
};

const fieldsOf = (request: Writable) => ({
  name: request.name,
  short_description: request.shortDescription,
  long_description: request.longDescription,
  icon: request.icon,
  url: request.url,
  privacy_score: request.privacyScore,
  user_id: request.userId || undefined,
  tags: request.tagNames,
  db_conn_string: request.dbConnString,
  db_source_type: request.dbSourceType,
  db_conn_api_key: request.dbConnApiKey,
  db_name: request.dbName,
  embed_vendor: request.embedVendor,
  embed_url: request.embedUrl,
  embed_api_key: request.embedApiKey,
  embed_model: request.embedModel,
  active: request.active,
});

const driversOf = (all: Readonly<Record<string, { label: string; description: string }>>, supportedFeatures: readonly string[]) =>
  Object.entries(all).map(([vendor, { label, description }]) => ({
    name: label,
    vendor,
    version: "1",
    description,
    supportedFeatures: [...supportedFeatures],
  }));

/** Data sources for plugins. Keys are write-only here too. */
export const datasourceOperations = ({ datasources }: { datasources: DatasourceService }) => [
  operation({
    rpc: "listDatasources",
    scope: "datasources.read",
    async handle(_call, { isActive, userId, ...paging }) {
      const owner = userId === "" ? undefined : Number(userId);
      // Nobody has an id that is no number.
      const filters = { active: isActive, user_id: Number.isSafeInteger(owner) ? owner : owner === undefined ? undefined : -1 };
      const { items, total } = await datasources.list(listQueryOf(paging), filters);
      return { datasources: items.map(toInfo), totalCount: total };
    },
  }),
  operation({
    rpc: "getDatasource",
    scope: "datasources.read",
    handle: async (_call, request) => ({ datasource: toInfo(await datasources.get(datasourceId(request.datasourceId))) }),
  }),
  operation({
    rpc: "searchDatasources",
    scope: "datasources.read",
    handle: async (_call, { query }) => ({
      datasources: (query.trim() === "" ? [] : await datasources.all({ text: query.trim() })).map(toInfo),
    }),
  }),
  operation({
    rpc: "createDatasource",
    scope: "datasources.write",
    audit: true,
    handle: async ({ actor }, request) => ({
      datasource: toInfo(await datasources.create(actor, parseInput(DatasourceDraft, fieldsOf(request)))),
    }),
  }),
  operation({
    rpc: "updateDatasource",
    scope: "datasources.write",
    audit: true,
    async handle({ actor, plugin }, request) {
      const id = datasourceId(request.datasourceId);
      const patch = parseInput(DatasourcePatch, changesOf(fieldsOf(request)));
      checkKeysStay(plugin, await datasources.get(id), patch);
      return { datasource: toInfo(await datasources.update(actor, id, patch)) };
    },
  }),
  operation({
    rpc: "deleteDatasource",
    scope: "datasources.write",
    audit: true,
    async handle({ actor }, request) {
      await datasources.delete(actor, datasourceId(request.datasourceId));
      return { success: true, message: "Datasource deleted" };
    },
  }),
  operation({
    rpc: "cloneDatasource",
    scope: "datasources.write",
    audit: true,
    handle: async ({ actor }, request) => ({
      datasource: toInfo(await datasources.clone(actor, idOf(request.sourceDatasourceId, "source_datasource_id", "Datasource"))),
    }),
  }),
  operation({
    rpc: "getAvailableEmbedders",
    scope: "vendors.read",
    handle: () => ({ embedders: driversOf(embedders, ["embeddings"]) }),
  }),
  operation({
    rpc: "getAvailableVectorStores",
    scope: "vendors.read",
    handle: () => ({ vectorStores: driversOf(vectorStores, ["vector search", "metadata search", "namespaces"]) }),
  }),
];
