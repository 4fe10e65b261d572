import type { ServiceScope } from "@portico/protocol";
import type { AIStudioManagementServiceService } from "@portico/protocol/studio-management";

export type Definitions = typeof AIStudioManagementServiceService;
export type Method = keyof Definitions;

/** What a call needs: one of these scopes, nothing but being a plugin, or something no plugin gets. */
export type Need = readonly ServiceScope[] | "nothing" | "never";

/** Every method of the service API and what it needs. A method that is not here cannot be compiled. */
export const needs: Record<Method, Need> = {
  listPlugins: ["plugins.read"],
  getPlugin: ["plugins.read"],
  updatePluginConfig: ["plugins.config", "plugins.write"],

  listLlMs: ["llms.read"],
  getLlm: ["llms.read"],
  getLlmPlugins: ["llms.read"],
  createLlm: ["llms.write"],
  updateLlm: ["llms.write"],
  deleteLlm: ["llms.write"],
  updateLlmPlugins: ["llms.write"],
  callLlm: ["llms.proxy"],

  getAnalyticsSummary: "never",
  getUsageStatistics: "never",
  getCostAnalysis: "never",
  getChatRecordsPerDay: "never",
  getModelUsage: "never",
  getVendorUsage: "never",
  getTokenUsagePerApp: "never",
  getToolUsageStatistics: "never",

  listApps: ["apps.read"],
  getApp: ["apps.read"],
  createApp: ["apps.write"],
  updateApp: ["apps.write"],
  deleteApp: ["apps.write"],
  patchAppMetadata: ["apps.write"],

  listTools: ["tools.read"],
  getTool: ["tools.read"],
  getToolOperations: ["tools.operations"],
  callToolOperation: ["tools.call"],
  executeTool: ["tools.call"],
  createTool: ["tools.write"],
  updateTool: ["tools.write"],
  deleteTool: ["tools.write"],

  listDatasources: ["datasources.read"],
  getDatasource: ["datasources.read"],
  searchDatasources: ["datasources.read"],
  listNamespaces: ["datasources.read"],
  createDatasource: ["datasources.write"],
  updateDatasource: ["datasources.write"],
  deleteDatasource: ["datasources.write"],
  cloneDatasource: ["datasources.write"],
  deleteDocumentsByMetadata: ["datasources.write"],
  deleteNamespace: ["datasources.write"],
  processDatasourceEmbeddings: ["datasources.embeddings"],
  generateEmbedding: ["datasources.embeddings"],
  storeDocuments: ["datasources.embeddings"],
  processAndStoreDocuments: ["datasources.embeddings"],
  queryDatasource: ["datasources.query"],
  queryDatasourceByVector: ["datasources.query"],
  queryByMetadataOnly: ["datasources.query"],

  listDataCatalogues: ["data-catalogues.read"],
  getDataCatalogue: ["data-catalogues.read"],
  createDataCatalogue: ["data-catalogues.write"],
  updateDataCatalogue: ["data-catalogues.write"],
  deleteDataCatalogue: ["data-catalogues.write"],

  listTags: ["tags.read"],
  getTag: ["tags.read"],
  searchTags: ["tags.read"],
  createTag: ["tags.write"],
  updateTag: ["tags.write"],
  deleteTag: ["tags.write"],

  listModelPrices: ["pricing.read"],
  getModelPrice: ["pricing.read"],
  getModelPricesByVendor: ["pricing.read"],
  createModelPrice: ["pricing.write"],
  updateModelPrice: ["pricing.write"],
  deleteModelPrice: ["pricing.write"],

  listFilters: ["filters.read"],
  getFilter: ["filters.read"],
  createFilter: ["filters.write"],
  updateFilter: ["filters.write"],
  deleteFilter: ["filters.write"],

  getAvailableLlmDrivers: ["vendors.read"],
  getAvailableEmbedders: ["vendors.read"],
  getAvailableVectorStores: ["vendors.read"],

  writePluginKv: ["kv.readwrite"],
  readPluginKv: ["kv.readwrite"],
  deletePluginKv: ["kv.readwrite"],

  createSchedule: ["scheduler.manage"],
  getSchedule: ["scheduler.manage"],
  listSchedules: ["scheduler.manage"],
  updateSchedule: ["scheduler.manage"],
  deleteSchedule: ["scheduler.manage"],

  getLicenseInfo: "nothing",
};
