import { z } from "zod";
import { Id, namespaceFilter, queryFlag } from "../fields/contract.ts";
import { collectionOf, Dependents, documentOf, IdParam, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, dependents, many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import { DatasourceDraft, DatasourcePatch, DatasourceReplacement, DatasourceResource } from "./contract.ts";
import type { DatasourceService } from "./service.ts";
import { datasourceSorts } from "./store.ts";
import { toResource } from "./wire.ts";

const required = z.string("is required").trim().min(1, "is required").max(200);
const FileParam = IdParam.extend({ filestore_id: Id });

export const datasourceEndpoints = ({ datasources }: { datasources: DatasourceService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/datasources",
    summary: "List data sources",
    permission: "datasources.read",
    query: listQuery({
      sortable: datasourceSorts,
      filters: {
        active: queryFlag.optional(),
        namespace: namespaceFilter.optional(),
        user_id: Id.optional(),
        db_source_type: z.string().max(20).optional(),
        tag_name: z.string().max(120).optional(),
      },
    }),
    result: listOf(DatasourceResource),
    handle: async ({ query: { list, filters } }) => many(await datasources.list(list, filters), toResource),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/datasources/search",
    summary: "All data sources with `query` in their name or descriptions, whatever its case",
    permission: "datasources.read",
    query: z.object({ query: required }),
    result: collectionOf(DatasourceResource),
    handle: async ({ query }) => all((await datasources.all({ text: query.query })).map(toResource)),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/datasources/by-tag",
    summary: "All data sources with a tag, by its name",
    permission: "datasources.read",
    query: z.object({ tag: required }),
    result: collectionOf(DatasourceResource),
    handle: async ({ query }) => all((await datasources.all({ tag_name: query.tag })).map(toResource)),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/datasources",
    object: "datasource",
    status: 201,
    summary: "Create a data source; without a store and an embedder it uses the built-in ones",
    permission: "datasources.write",
    body: DatasourceDraft,
    result: documentOf(DatasourceResource),
    handle: async ({ actor, body }) => one(toResource(await datasources.create(actor, body))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/datasources/:id",
    object: "datasource",
    summary: "Get a data source",
    permission: "datasources.read",
    params: IdParam,
    result: documentOf(DatasourceResource),
    handle: async ({ params }) => one(toResource(await datasources.get(params.id))),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/datasources/:id",
    object: "datasource",
    summary: "Update a data source; fields left out keep their values",
    permission: "datasources.write",
    params: IdParam,
    body: DatasourcePatch,
    result: documentOf(DatasourceResource),
    handle: async ({ actor, params, body }) => one(toResource(await datasources.update(actor, params.id, body))),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/datasources/:id",
    object: "datasource",
    summary: "Replace a data source: fields left out return to their defaults; keys and owner that are left out are kept",
    permission: "datasources.write",
    params: IdParam,
    body: DatasourceReplacement,
    result: documentOf(DatasourceResource),
    handle: async ({ actor, params, body }) => one(toResource(await datasources.update(actor, params.id, body))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/datasources/:id",
    object: "datasource",
    status: 204,
    summary: "Delete a data source; apps lose access to it. What is in an external store stays there",
    permission: "datasources.write",
    params: IdParam,
    async handle({ actor, params }) {
      await datasources.delete(actor, params.id);
      return undefined;
    },
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/datasources/:id/clone",
    object: "datasource",
    status: 201,
    summary: "Copy a data source with its keys and tags, without its files; the copy is inactive",
    permission: "datasources.write",
    params: IdParam,
    result: documentOf(DatasourceResource),
    handle: async ({ actor, params }) => one(toResource(await datasources.clone(actor, params.id))),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/datasources/:id/filestores/:filestore_id",
    object: "datasource",
    summary: "Attach a file to a data source",
    permission: "datasources.write",
    params: FileParam,
    result: documentOf(DatasourceResource),
    handle: async ({ actor, params }) => one(toResource(await datasources.changeFiles(actor, params.id, { add: params.filestore_id }))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/datasources/:id/filestores/:filestore_id",
    object: "datasource",
    summary: "Detach a file from a data source",
    permission: "datasources.write",
    params: FileParam,
    result: documentOf(DatasourceResource),
    handle: async ({ actor, params }) => one(toResource(await datasources.changeFiles(actor, params.id, { remove: params.filestore_id }))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/datasources/:id/dependents",
    summary: "List what refers to a data source and what deleting it would change",
    permission: "datasources.read",
    params: IdParam,
    result: Dependents,
    async handle({ params }) {
      const { apps, catalogues, total } = await datasources.dependents(params.id);
      return dependents(
        [
          ...apps.map((app) => ({ type: "apps", id: String(app.id), name: app.name, effect: "loses access to this data source" })),
          ...catalogues.map((one) => ({ type: "data-catalogues", id: String(one.id), name: one.name, effect: "loses this data source" })),
        ],
        total,
      );
    },
  }),
];
