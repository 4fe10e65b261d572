import { z } from "zod";
import { allPages } from "../db/paging.ts";
import { Id } from "../fields/contract.ts";
import { collectionOf, documentOf, IdParam } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, one } from "../http/envelope.ts";
import { TagResource } from "../tags/contract.ts";
import { toResource as toTagResource } from "../tags/wire.ts";
import { ToolResource } from "../tools/contract.ts";
import type { ToolService } from "../tools/service.ts";
import { toResource as toToolResource } from "../tools/wire.ts";
import { Member, TextSearch, ToolCatalogueDraft, ToolCataloguePatch, ToolCatalogueReplacement, ToolCatalogueResource } from "./contract.ts";
import { catalogueEndpoints } from "./endpoints.ts";
import type { CatalogueService } from "./service.ts";
import { toToolCatalogueResource as toResource } from "./wire.ts";

/** Catalogues of tools. Lists of what one holds are bare arrays, as in the reference. */
export const toolCatalogueEndpoints = ({ catalogues, tools }: { catalogues: CatalogueService<"tool_catalogue">; tools: ToolService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/tool-catalogues/search",
    summary: "All tool catalogues with `query` in the name or a description, whatever its case",
    permission: "tool-catalogues.read",
    query: TextSearch,
    result: collectionOf(ToolCatalogueResource),
    handle: async ({ query }) => all((await catalogues.all({ text: query.query })).map(toResource)),
  }),
  ...catalogueEndpoints(catalogues, {
    kind: "tool_catalogue",
    path: "tool-catalogues",
    noun: "a tool catalogue",
    draft: ToolCatalogueDraft,
    patch: ToolCataloguePatch,
    replacement: ToolCatalogueReplacement,
    resource: ToolCatalogueResource,
    toDraft: ({ tools: items, ...sent }) => ({ ...sent, items }),
    toPatch: ({ tools: items, ...sent }) => ({ ...sent, items }),
    toResource,
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/tool-catalogues/:id/tools",
    summary: "List the tools in a catalogue, without their documents",
    permission: "tool-catalogues.read",
    params: IdParam,
    result: z.array(ToolResource),
    async handle({ params }) {
      await catalogues.get(params.id);
      return { json: (await allPages((list) => tools.list(list, { catalogue_id: params.id }, true))).map(toToolResource) };
    },
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/tool-catalogues/:id/tools",
    object: "tool_catalogue",
    summary: "Add a tool to a catalogue",
    permission: "tool-catalogues.write",
    params: IdParam,
    body: Member,
    result: documentOf(ToolCatalogueResource),
    handle: async ({ actor, params, body }) => one(toResource(await catalogues.addItem(actor, params.id, body.id))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/tool-catalogues/:id/tools/:toolId",
    object: "tool_catalogue",
    status: 204,
    summary: "Remove a tool from a catalogue",
    permission: "tool-catalogues.write",
    params: IdParam.extend({ toolId: Id }),
    async handle({ actor, params }) {
      await catalogues.removeItem(actor, params.id, params.toolId);
      return undefined;
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/tool-catalogues/:id/tags",
    summary: "List the tags of a tool catalogue",
    permission: "tool-catalogues.read",
    params: IdParam,
    result: z.array(TagResource),
    handle: async ({ params }) => ({ json: (await catalogues.get(params.id)).tags.map(toTagResource) }),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/tool-catalogues/:id/tags",
    object: "tool_catalogue",
    summary: "Add a tag to a tool catalogue",
    permission: "tool-catalogues.write",
    params: IdParam,
    body: Member,
    result: documentOf(ToolCatalogueResource),
    handle: async ({ actor, params, body }) => one(toResource(await catalogues.addTag(actor, params.id, body.id))),
  }),
];
