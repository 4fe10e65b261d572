import { collectionOf, Dependents, documentOf, IdParam, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, dependents, many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import { LlmSettingsDraft, LlmSettingsPatch, LlmSettingsReplacement, LlmSettingsResource, LlmSettingsSearch } from "./contract.ts";
import type { LlmSettingsService } from "./service.ts";
import { llmSettingsSorts } from "./store.ts";
import { toResource } from "./wire.ts";

export const llmSettingsEndpoints = ({ settings }: { settings: LlmSettingsService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/llm-settings",
    summary: "List LLM settings",
    permission: "llm-settings.read",
    query: listQuery({ sortable: llmSettingsSorts }),
    result: listOf(LlmSettingsResource),
    handle: async ({ query }) => many(await settings.list(query.list, {}), toResource),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/llm-settings/search",
    summary: "All LLM settings whose model name begins with `model_name`, whatever its case",
    permission: "llm-settings.read",
    query: LlmSettingsSearch,
    result: collectionOf(LlmSettingsResource),
    handle: async ({ query }) => all((await settings.search(query.model_name)).map(toResource)),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/llm-settings",
    object: "llm_settings",
    status: 201,
    summary: "Create LLM settings; a model may have several",
    permission: "llm-settings.write",
    body: LlmSettingsDraft,
    result: documentOf(LlmSettingsResource),
    handle: async ({ actor, body }) => one(toResource(await settings.create(actor, body))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/llm-settings/:id",
    object: "llm_settings",
    summary: "Get LLM settings",
    permission: "llm-settings.read",
    params: IdParam,
    result: documentOf(LlmSettingsResource),
    handle: async ({ params }) => one(toResource(await settings.get(params.id))),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/llm-settings/:id",
    object: "llm_settings",
    summary: "Update LLM settings; fields left out keep their values",
    permission: "llm-settings.write",
    params: IdParam,
    body: LlmSettingsPatch,
    result: documentOf(LlmSettingsResource),
    handle: async ({ actor, params, body }) => one(toResource(await settings.update(actor, params.id, body))),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/llm-settings/:id",
    object: "llm_settings",
    summary: "Replace LLM settings: fields left out return to their defaults",
    permission: "llm-settings.write",
    params: IdParam,
    body: LlmSettingsReplacement,
    result: documentOf(LlmSettingsResource),
    handle: async ({ actor, params, body }) => one(toResource(await settings.update(actor, params.id, body))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/llm-settings/:id",
    object: "llm_settings",
    status: 204,
    summary: "Delete LLM settings",
    permission: "llm-settings.write",
    params: IdParam,
    async handle({ actor, params }) {
      await settings.delete(actor, params.id);
      return undefined;
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/llm-settings/:id/dependents",
    summary: "What refers to LLM settings and what deleting them would do",
    permission: "llm-settings.read",
    params: IdParam,
    result: Dependents,
    // No kind of object refers to settings yet.
    async handle({ params }) {
      await settings.get(params.id);
      return dependents([]);
    },
  }),
];
