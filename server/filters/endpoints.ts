import { namespaceFilter, queryFlag } from "../fields/contract.ts";
import { Dependents, documentOf, IdParam, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { dependents, many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import { FilterDraft, FilterPatch, FilterReplacement, FilterResource, FilterTest, FilterTestResult, maxTestChars } from "./contract.ts";
import type { FilterService } from "./service.ts";
import { filterSorts } from "./store.ts";
import { toResource, toTestResult } from "./wire.ts";

export const filterEndpoints = ({ filters }: { filters: FilterService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/filters",
    summary: "List filters",
    permission: "filters.read",
    query: listQuery({
      sortable: filterSorts,
      filters: { active: queryFlag.optional(), response_filter: queryFlag.optional(), namespace: namespaceFilter.optional() },
    }),
    result: listOf(FilterResource),
    handle: async ({ query }) => many(await filters.list(query.list, query.filters), toResource),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/filters",
    object: "filter",
    status: 201,
    summary: "Create a filter: a script, in base64, that judges requests to LLMs or their responses",
    permission: "filters.write",
    body: FilterDraft,
    result: documentOf(FilterResource),
    handle: async ({ actor, body }) => one(toResource(await filters.create(actor, body))),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/filters/test",
    summary: "Run a script, in plain text, with sample input; what goes wrong in the script is part of the answer",
    permission: "filters.write",
    body: FilterTest,
    maxBodyBytes: 4 * maxTestChars,
    result: FilterTestResult,
    handle: async ({ actor, body }) => ({ json: toTestResult(await filters.test(actor, body)) }),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/filters/:id",
    object: "filter",
    summary: "Get a filter",
    permission: "filters.read",
    params: IdParam,
    result: documentOf(FilterResource),
    handle: async ({ params }) => one(toResource(await filters.get(params.id))),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/filters/:id",
    object: "filter",
    summary: "Change a filter",
    permission: "filters.write",
    params: IdParam,
    body: FilterPatch,
    result: documentOf(FilterResource),
    handle: async ({ actor, params, body }) => one(toResource(await filters.update(actor, params.id, body))),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/filters/:id",
    object: "filter",
    summary: "Replace a filter",
    permission: "filters.write",
    params: IdParam,
    body: FilterReplacement,
    result: documentOf(FilterResource),
    handle: async ({ actor, params, body }) => one(toResource(await filters.update(actor, params.id, body))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/filters/:id",
    object: "filter",
    status: 204,
    summary: "Delete a filter; LLMs no longer run it",
    permission: "filters.write",
    params: IdParam,
    async handle({ actor, params }) {
      await filters.delete(actor, params.id);
      return undefined;
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/filters/:id/dependents",
    summary: "What refers to a filter and what deleting it would do",
    permission: "filters.read",
    params: IdParam,
    result: Dependents,
    async handle({ params }) {
      const { llms, total } = await filters.dependents(params.id);
      return dependents(
        llms.map(({ id, name }) => ({ type: "llms", id: String(id), name, effect: "no longer runs it" })),
        total,
      );
    },
  }),
];
