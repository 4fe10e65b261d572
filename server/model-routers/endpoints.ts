import { namespaceFilter, queryFlag } from "../fields/contract.ts";
import { Dependents, documentOf, IdParam, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { dependents, many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import {
  ModelRouterDraft,
  ModelRouterPatch,
  ModelRouterReplacement,
  ModelRouterResource,
  ModelRouterToggle,
  RouterChoice,
  RouterDryRun,
} from "./contract.ts";
import type { ModelRouterService } from "./service.ts";
import { modelRouterSorts } from "./store.ts";
import { toResource } from "./wire.ts";

export const modelRouterEndpoints = ({ routers }: { routers: ModelRouterService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/model-routers",
    summary: "List model routers",
    permission: "model-routers.read",
    query: listQuery({ sortable: modelRouterSorts, filters: { active: queryFlag.optional(), namespace: namespaceFilter.optional() } }),
    result: listOf(ModelRouterResource),
    handle: async ({ query }) => many(await routers.list(query.list, query.filters), toResource),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/model-routers",
    object: "model_router",
    status: 201,
    summary: "Create a model router; gateways do not serve them yet",
    permission: "model-routers.write",
    body: ModelRouterDraft,
    result: documentOf(ModelRouterResource),
    handle: async ({ actor, body }) => one(toResource(await routers.create(actor, body))),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/model-routers/dry-run",
    summary: "Say which LLMs a call for a model would go to, of a stored router or of pools that are not stored; nothing is called",
    permission: "model-routers.read",
    body: RouterDryRun,
    result: RouterChoice,
    handle: async ({ body }) => ({ json: await routers.dryRun(body) }),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/model-routers/:id",
    object: "model_router",
    summary: "Get a model router",
    permission: "model-routers.read",
    params: IdParam,
    result: documentOf(ModelRouterResource),
    handle: async ({ params }) => one(toResource(await routers.get(params.id))),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/model-routers/:id",
    object: "model_router",
    summary: "Change a model router; pools that are sent replace all of them",
    permission: "model-routers.write",
    params: IdParam,
    body: ModelRouterPatch,
    result: documentOf(ModelRouterResource),
    handle: async ({ actor, params, body }) => one(toResource(await routers.update(actor, params.id, body))),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/model-routers/:id",
    object: "model_router",
    summary: "Replace a model router",
    permission: "model-routers.write",
    params: IdParam,
    body: ModelRouterReplacement,
    result: documentOf(ModelRouterResource),
    handle: async ({ actor, params, body }) => one(toResource(await routers.update(actor, params.id, body))),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/model-routers/:id/toggle",
    object: "model_router",
    summary: "Activate or deactivate a model router",
    permission: "model-routers.write",
    params: IdParam,
    body: ModelRouterToggle,
    result: documentOf(ModelRouterResource),
    handle: async ({ actor, params, body }) => one(toResource(await routers.update(actor, params.id, body))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/model-routers/:id",
    object: "model_router",
    status: 204,
    summary: "Delete a model router",
    permission: "model-routers.write",
    params: IdParam,
    async handle({ actor, params }) {
      await routers.delete(actor, params.id);
      return undefined;
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/model-routers/:id/dependents",
    summary: "What refers to a model router and what deleting it would do",
    permission: "model-routers.read",
    params: IdParam,
    result: Dependents,
    async handle({ params }) {
      await routers.get(params.id);
      return dependents([]);
    },
  }),
];
