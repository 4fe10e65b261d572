import type { z } from "zod";
import { Id } from "../fields/contract.ts";
import { Dependents, documentOf, IdParam, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { dependents, many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import type { CatalogueService } from "./service.ts";
import { type Catalogue, type CatalogueRow, catalogueSorts, type ServedKind } from "./store.ts";

/** How a kind of catalogue is written and shown. */
export type CatalogueWire<K extends ServedKind, Draft, Patch, Resource> = {
  kind: K;
  /** Below /api/v1, and the word of its permissions. */
  path: "catalogues" | "data-catalogues" | "tool-catalogues";
  /** In summaries, with its article. */
  noun: string;
  draft: z.ZodType<Draft>;
  patch: z.ZodType<Patch>;
  replacement: z.ZodType<Patch>;
  resource: z.ZodType<Resource, Resource>;
  /** What is sent, with the ids of what is in it as `items`. */
  toDraft(sent: Draft): CatalogueRow & { name: string };
  toPatch(sent: Patch): CatalogueRow;
  toResource(catalogue: Catalogue<K>): Resource;
};

/** What every kind of catalogue answers. Searches have fixed words where others have an id: they come first. */
export function catalogueEndpoints<K extends ServedKind, Draft, Patch, Resource>(
  catalogues: CatalogueService<K>,
  { kind, path, noun, draft, patch, replacement, resource, toDraft, toPatch, toResource }: CatalogueWire<K, Draft, Patch, Resource>,
) {
  const root = `/api/v1/${path}`;
  const [reading, writing] = [`${path}.read`, `${path}.write`] as const;
  const change = { object: kind, permission: writing, params: IdParam, result: documentOf(resource) };
  return [
    endpoint({
      method: "GET",
      path: root,
      summary: `List ${noun.replace(/^an? /, "")}s`,
      permission: reading,
      query: listQuery({ sortable: catalogueSorts, filters: { group_id: Id.optional(), tag_id: Id.optional() } }),
      result: listOf(resource),
      handle: async ({ query }) => many(await catalogues.list(query.list, query.filters), toResource),
    }),
    endpoint({
      method: "POST",
      path: root,
      object: kind,
      status: 201,
      summary: `Create ${noun}`,
      permission: writing,
      body: draft,
      result: documentOf(resource),
      handle: async ({ actor, body }) => one(toResource(await catalogues.create(actor, toDraft(body)))),
    }),
    endpoint({
      method: "GET",
      path: `${root}/:id`,
      object: kind,
      summary: `Get ${noun}`,
      permission: reading,
      params: IdParam,
      result: documentOf(resource),
      handle: async ({ params }) => one(toResource(await catalogues.get(params.id))),
    }),
    endpoint({
      ...change,
      method: "PATCH",
      path: `${root}/:id`,
      summary: `Update ${noun}; fields left out keep their values`,
      body: patch,
      handle: async ({ actor, params, body }) => one(toResource(await catalogues.update(actor, params.id, toPatch(body)))),
    }),
    endpoint({
      ...change,
      method: "PUT",
      path: `${root}/:id`,
      summary: `Replace ${noun}: fields left out return to their defaults`,
      body: replacement,
      handle: async ({ actor, params, body }) => one(toResource(await catalogues.update(actor, params.id, toPatch(body)))),
    }),
    endpoint({
      method: "DELETE",
      path: `${root}/:id`,
      object: kind,
      status: 204,
      summary: `Delete ${noun}; what is in it stays`,
      permission: writing,
      params: IdParam,
      async handle({ actor, params }) {
        await catalogues.delete(actor, params.id);
        return undefined;
      },
    }),
    endpoint({
      method: "DELETE",
      path: `${root}/:id/tags/:tagId`,
      object: kind,
      status: 204,
      summary: `Remove a tag from ${noun}`,
      permission: writing,
      params: IdParam.extend({ tagId: Id }),
      async handle({ actor, params }) {
        await catalogues.removeTag(actor, params.id, params.tagId);
        return undefined;
      },
    }),
    endpoint({
      method: "GET",
      path: `${root}/:id/dependents`,
      summary: `List what refers to ${noun} and what deleting it would change`,
      permission: reading,
      params: IdParam,
      result: Dependents,
      async handle({ params }) {
        const { groups, total } = await catalogues.groups(params.id);
        const effect = "its members can no longer add what is in the catalogue to their apps; apps that have it keep it";
        return dependents(
          groups.map((group) => ({ type: "groups", id: String(group.id), name: group.name, effect })),
          total,
        );
      },
    }),
  ];
}
