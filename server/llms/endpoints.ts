import { namespaceFilter, queryFlag } from "../fields/contract.ts";
import { Dependents, documentOf, IdParam, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { dependents, many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import type { ConnectionTester } from "./connection-test.ts";
import { ConnectionResource, ConnectionTest } from "./contract/connection.ts";
import { LlmDraft, LlmPatch, LlmReplacement, LlmResource, LlmVendor } from "./contract.ts";
import type { LlmService } from "./service.ts";
import { llmSorts } from "./store.ts";
import { toResource } from "./wire.ts";

export const llmEndpoints = ({ llms, connections }: { llms: LlmService; connections: ConnectionTester }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/llms",
    summary: "List LLMs",
    permission: "llms.read",
    query: listQuery({
      sortable: llmSorts,
      filters: { vendor: LlmVendor.optional(), active: queryFlag.optional(), namespace: namespaceFilter.optional() },
    }),
    result: listOf(LlmResource),
    handle: async ({ query }) => many(await llms.list(query.list, query.filters), toResource),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/llms",
    object: "llm",
    status: 201,
    summary: "Create an LLM",
    permission: "llms.write",
    body: LlmDraft,
    result: documentOf(LlmResource),
    handle: async ({ actor, body }) => one(toResource(await llms.create(actor, body))),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/llms/test-connection",
    summary: "Test the connection to an LLM's vendor, with a draft's fields or those of a stored LLM; asks for the list of models",
    permission: "llms.write",
    body: ConnectionTest,
    result: documentOf(ConnectionResource),
    handle: async ({ actor, body }) =>
      one({ type: "llm-connection-tests" as const, id: String(body.llm_id ?? ""), attributes: await connections.test(actor, body) }),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/llms/:id",
    object: "llm",
    summary: "Get an LLM",
    permission: "llms.read",
    params: IdParam,
    result: documentOf(LlmResource),
    handle: async ({ params }) => one(toResource(await llms.get(params.id))),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/llms/:id",
    object: "llm",
    summary: "Update an LLM; fields left out keep their values",
    permission: "llms.write",
    params: IdParam,
    body: LlmPatch,
    result: documentOf(LlmResource),
    handle: async ({ actor, params, body }) => one(toResource(await llms.update(actor, params.id, body))),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/llms/:id",
    object: "llm",
    summary: "Replace an LLM: fields left out return to their defaults; without `api_key` the stored key is kept",
    permission: "llms.write",
    params: IdParam,
    body: LlmReplacement,
    result: documentOf(LlmResource),
    handle: async ({ actor, params, body }) => one(toResource(await llms.update(actor, params.id, body))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/llms/:id",
    object: "llm",
    status: 204,
    summary: "Delete an LLM; apps lose access to it and its gateway path stops working",
    permission: "llms.write",
    params: IdParam,
    async handle({ actor, params }) {
      await llms.delete(actor, params.id);
      return undefined;
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/llms/:id/dependents",
    summary: "List what refers to an LLM and what deleting it would change",
    permission: "llms.read",
    params: IdParam,
    result: Dependents,
    async handle({ params }) {
      const { apps, plugins, catalogues, routers, total } = await llms.dependents(params.id);
      const first = [
        ...apps.map((app) => ({ type: "apps", id: String(app.id), name: app.name, effect: "loses access to this LLM" })),
        ...plugins.map((plugin) => ({ type: "plugins", id: String(plugin.id), name: plugin.name, effect: "is detached from this LLM" })),
        ...catalogues.map((one) => ({ type: "catalogues", id: String(one.id), name: one.name, effect: "loses this LLM" })),
        ...routers.map((router) => ({
          type: "model-routers",
          id: String(router.id),
          name: router.name,
          effect: "no longer picks this LLM",
        })),
      ];
      return dependents(first, total);
    },
  }),
];
