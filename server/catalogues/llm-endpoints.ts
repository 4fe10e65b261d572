import { allPages } from "../db/paging.ts";
import { Id } from "../fields/contract.ts";
import { collectionOf, IdParam } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all } from "../http/envelope.ts";
import { LlmResource } from "../llms/contract.ts";
import type { LlmService } from "../llms/service.ts";
import { toResource as toLlmResource } from "../llms/wire.ts";
import { CatalogueDraft, CataloguePatch, CatalogueReplacement, CatalogueResource, Member, NameSearch, StubSearch } from "./contract.ts";
import { catalogueEndpoints } from "./endpoints.ts";
import type { CatalogueService } from "./service.ts";
import { toResource } from "./wire.ts";

/** Catalogues of LLMs. */
export function llmCatalogueEndpoints({ catalogues, llms }: { catalogues: CatalogueService<"catalogue">; llms: LlmService }) {
  const found = async (name_prefix: string) => all((await catalogues.all({ name_prefix })).map(toResource));
  return [
    endpoint({
      method: "GET",
      path: "/api/v1/catalogues/search",
      summary: "All LLM catalogues whose name begins with `name`, whatever its case",
      permission: "catalogues.read",
      query: NameSearch,
      result: collectionOf(CatalogueResource),
      handle: ({ query }) => found(query.name),
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/catalogues/search-by-stub",
      summary: "The same with the beginning of the name as `stub`",
      permission: "catalogues.read",
      query: StubSearch,
      result: collectionOf(CatalogueResource),
      handle: ({ query }) => found(query.stub),
    }),
    ...catalogueEndpoints(catalogues, {
      kind: "catalogue",
      path: "catalogues",
      noun: "an LLM catalogue",
      draft: CatalogueDraft,
      patch: CataloguePatch,
      replacement: CatalogueReplacement,
      resource: CatalogueResource,
      toDraft: ({ llm_ids, ...sent }) => ({ ...sent, items: llm_ids }),
      toPatch: ({ llm_ids, ...sent }) => ({ ...sent, items: llm_ids }),
      toResource,
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/catalogues/:id/llms",
      summary: "List the LLMs in a catalogue",
      permission: "catalogues.read",
      params: IdParam,
      result: collectionOf(LlmResource),
      async handle({ params }) {
        await catalogues.get(params.id);
        return all((await allPages((list) => llms.list(list, { catalogue_id: params.id }))).map(toLlmResource));
      },
    }),
    endpoint({
      method: "POST",
      path: "/api/v1/catalogues/:id/llms",
      object: "catalogue",
      status: 204,
      summary: "Add an LLM to a catalogue",
      permission: "catalogues.write",
      params: IdParam,
      body: Member,
      async handle({ actor, params, body }) {
        await catalogues.addItem(actor, params.id, body.id);
        return undefined;
      },
    }),
    endpoint({
      method: "DELETE",
      path: "/api/v1/catalogues/:id/llms/:llmId",
      object: "catalogue",
      status: 204,
      summary: "Remove an LLM from a catalogue",
      permission: "catalogues.write",
      params: IdParam.extend({ llmId: Id }),
      async handle({ actor, params }) {
        await catalogues.removeItem(actor, params.id, params.llmId);
        return undefined;
      },
    }),
  ];
}
