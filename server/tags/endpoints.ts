import { resourceOfKind } from "@portico/protocol/kinds";
import { collectionOf, Dependents, documentOf, IdParam, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, dependents, many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import { TagDraft, TagPatch, TagReplacement, TagResource, TagSearch } from "./contract.ts";
import type { TagService } from "./service.ts";
import { tagSorts } from "./store.ts";
import { toResource } from "./wire.ts";

export const tagEndpoints = ({ tags }: { tags: TagService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/tags",
    summary: "List tags",
    permission: "tags.read",
    query: listQuery({ sortable: tagSorts }),
    result: listOf(TagResource),
    handle: async ({ query }) => many(await tags.list(query.list, {}), toResource),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/tags/search",
    summary: "All tags whose name begins with `name`, whatever its case",
    permission: "tags.read",
    query: TagSearch,
    result: collectionOf(TagResource),
    handle: async ({ query }) => all((await tags.search(query.name)).map(toResource)),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/tags",
    object: "tag",
    status: 201,
    summary: "Create a tag; names need not be unique",
    permission: "tags.write",
    body: TagDraft,
    result: documentOf(TagResource),
    handle: async ({ actor, body }) => one(toResource(await tags.create(actor, body))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/tags/:id",
    object: "tag",
    summary: "Get a tag",
    permission: "tags.read",
    params: IdParam,
    result: documentOf(TagResource),
    handle: async ({ params }) => one(toResource(await tags.get(params.id))),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/tags/:id",
    object: "tag",
    summary: "Rename a tag",
    permission: "tags.write",
    params: IdParam,
    body: TagPatch,
    result: documentOf(TagResource),
    handle: async ({ actor, params, body }) => one(toResource(await tags.update(actor, params.id, body))),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/tags/:id",
    object: "tag",
    summary: "Replace a tag",
    permission: "tags.write",
    params: IdParam,
    body: TagReplacement,
    result: documentOf(TagResource),
    handle: async ({ actor, params, body }) => one(toResource(await tags.update(actor, params.id, body))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/tags/:id",
    object: "tag",
    status: 204,
    summary: "Delete a tag",
    permission: "tags.write",
    params: IdParam,
    async handle({ actor, params }) {
      await tags.delete(actor, params.id);
      return undefined;
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/tags/:id/dependents",
    summary: "What refers to a tag and what deleting it would do",
    permission: "tags.read",
    params: IdParam,
    result: Dependents,
    async handle({ params }) {
      const { catalogues, total } = await tags.dependents(params.id);
      const first = catalogues.map(({ id, kind, name }) => ({
        type: resourceOfKind(kind),
        id: String(id),
        name,
        effect: "loses this tag",
      }));
      return dependents(first, total);
    },
  }),
];
