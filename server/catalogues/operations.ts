import type { DataCatalogueInfo } from "@portico/protocol/studio-management";
import { parseInput } from "../fields/input-error.ts";
import { operation } from "../grpc/operation.ts";
import { changesOf, idOf, listQueryOf } from "../grpc/requests.ts";
import { DataCatalogueDraft, DataCataloguePatch } from "./contract.ts";
import type { CatalogueService } from "./service.ts";
import type { Catalogue } from "./store.ts";

const toInfo = (catalogue: Catalogue<"data_catalogue">): DataCatalogueInfo => ({
  id: catalogue.id,
  name: catalogue.name,
  shortDescription: catalogue.shortDescription,
  longDescription: catalogue.longDescription,
  icon: catalogue.icon,
  datasources: catalogue.items.map((source) => ({
    id: source.id,
    name: source.name,
    shortDescription: source.short_description,
    longDescription: source.long_description,
    icon: source.icon,
    url: source.url,
    privacyScore: source.privacy_score,
    userId: source.user_id,
    tags: [],
    dbSourceType: source.db_source_type,
    dbName: source.db_name,
    embedVendor: source.embed_vendor,
    embedModel: source.embed_model,
    active: source.active,
    hasDbConnApiKey: source.has_db_conn_api_key,
    hasEmbedApiKey: source.has_embed_api_key,
    createdAt: undefined,
    updatedAt: undefined,
    metadata: {},
  })),
  tags: catalogue.tags,
  createdAt: catalogue.createdAt,
  updatedAt: catalogue.updatedAt,
});

const catalogueId = (id: number) => idOf(id, "data_catalogue_id", "Data catalogue");

/** Data catalogues for plugins. */
export const dataCatalogueOperations = ({ catalogues }: { catalogues: CatalogueService<"data_catalogue"> }) => [
  operation({
    rpc: "listDataCatalogues",
    scope: "data-catalogues.read",
    async handle(_call, paging) {
      const { items, total } = await catalogues.list(listQueryOf(paging), {});
      return { dataCatalogues: items.map(toInfo), totalCount: total };
    },
  }),
  operation({
    rpc: "getDataCatalogue",
    scope: "data-catalogues.read",
    handle: async (_call, request) => ({ dataCatalogue: toInfo(await catalogues.get(catalogueId(request.dataCatalogueId))) }),
  }),
  operation({
    rpc: "createDataCatalogue",
    scope: "data-catalogues.write",
    audit: true,
    async handle({ actor }, { name, shortDescription, longDescription, icon }) {
      const { datasources: items, ...draft } = parseInput(DataCatalogueDraft, {
        name,
        short_description: shortDescription,
        long_description: longDescription,
        icon,
      });
      return { dataCatalogue: toInfo(await catalogues.create(actor, { ...draft, items })) };
    },
  }),
  operation({
    rpc: "updateDataCatalogue",
    scope: "data-catalogues.write",
    audit: true,
    async handle({ actor }, request) {
      const id = catalogueId(request.dataCatalogueId);
      const changes = changesOf({
        name: request.name,
        short_description: request.shortDescription,
        long_description: request.longDescription,
        icon: request.icon,
      });
      const { datasources: items, ...patch } = parseInput(DataCataloguePatch, changes);
      return { dataCatalogue: toInfo(await catalogues.update(actor, id, { ...patch, items })) };
    },
  }),
  operation({
    rpc: "deleteDataCatalogue",
    scope: "data-catalogues.write",
    audit: true,
    async handle({ actor }, request) {
      await catalogues.delete(actor, catalogueId(request.dataCatalogueId));
      return { success: true, message: "Data catalogue deleted" };
    },
  }),
];
