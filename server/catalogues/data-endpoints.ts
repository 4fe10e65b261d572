import { Id } from "../fields/contract.ts";
import { collectionOf, IdParam } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all } from "../http/envelope.ts";
import {
  DataCatalogueDraft,
  DataCataloguePatch,
  DataCatalogueReplacement,
  DataCatalogueResource,
  DatasourceSearch,
  Member,
  TagNameSearch,
  TextSearch,
} from "./contract.ts";
import { catalogueEndpoints } from "./endpoints.ts";
import type { CatalogueService } from "./service.ts";
import type { CatalogueFilters } from "./store.ts";
import { toDataCatalogueResource as toResource } from "./wire.ts";

/** Catalogues of data sources. */
export function dataCatalogueEndpoints({ catalogues }: { catalogues: CatalogueService<"data_catalogue"> }) {
  const found = async (filters: CatalogueFilters) => all((await catalogues.all(filters)).map(toResource));
  return [
    endpoint({
      method: "GET",
      path: "/api/v1/data-catalogues/search",
      summary: "All data catalogues with `query` in the name or a description, whatever its case",
      permission: "data-catalogues.read",
      query: TextSearch,
      result: collectionOf(DataCatalogueResource),
      handle: ({ query }) => found({ text: query.query }),
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/data-catalogues/by-tag",
      summary: "All data catalogues that carry a tag named `tagName`",
      permission: "data-catalogues.read",
      query: TagNameSearch,
      result: collectionOf(DataCatalogueResource),
      handle: ({ query }) => found({ tag_name: query.tagName }),
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/data-catalogues/by-datasource",
      summary: "All data catalogues that hold a data source",
      permission: "data-catalogues.read",
      query: DatasourceSearch,
      result: collectionOf(DataCatalogueResource),
      handle: ({ query }) => found({ item_id: query.datasourceId }),
    }),
    ...catalogueEndpoints(catalogues, {
      kind: "data_catalogue",
      path: "data-catalogues",
      noun: "a data catalogue",
      draft: DataCatalogueDraft,
      patch: DataCataloguePatch,
      replacement: DataCatalogueReplacement,
      resource: DataCatalogueResource,
      toDraft: ({ datasources: items, ...sent }) => ({ ...sent, items }),
      toPatch: ({ datasources: items, ...sent }) => ({ ...sent, items }),
      toResource,
    }),
    endpoint({
      method: "POST",
      path: "/api/v1/data-catalogues/:id/tags",
      object: "data_catalogue",
      status: 204,
      summary: "Add a tag to a data catalogue",
      permission: "data-catalogues.write",
      params: IdParam,
      body: Member,
      async handle({ actor, params, body }) {
        await catalogues.addTag(actor, params.id, body.id);
        return undefined;
      },
    }),
    endpoint({
      method: "POST",
      path: "/api/v1/data-catalogues/:id/datasources",
      object: "data_catalogue",
      status: 204,
      summary: "Add a data source to a data catalogue",
      permission: "data-catalogues.write",
      params: IdParam,
      body: Member,
      async handle({ actor, params, body }) {
        await catalogues.addItem(actor, params.id, body.id);
        return undefined;
      },
    }),
    endpoint({
      method: "DELETE",
      path: "/api/v1/data-catalogues/:id/datasources/:datasourceId",
      object: "data_catalogue",
      status: 204,
      summary: "Remove a data source from a data catalogue",
      permission: "data-catalogues.write",
      params: IdParam.extend({ datasourceId: Id }),
      async handle({ actor, params }) {
        await catalogues.removeItem(actor, params.id, params.datasourceId);
        return undefined;
      },
    }),
  ];
}
