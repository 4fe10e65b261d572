import { notFound } from "@portico/core";
import { z } from "zod";
import type { DatasourceService } from "../datasources/service.ts";
import { allPages } from "../db/paging.ts";
import { documentOf, IdParam } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { one } from "../http/envelope.ts";
import type { LlmService } from "../llms/service.ts";
import type { ToolService } from "../tools/service.ts";
import type { UserService } from "../users/service.ts";
import { AccessibleCatalogues, UsableDatasource, UsableLlm, UsableTool } from "./contract.ts";
import type { CatalogueServices } from "./feature.ts";
import { nounOf } from "./kinds.ts";
import type { ServedKind } from "./store.ts";
import { toDataCatalogueResource, toResource, toToolCatalogueResource, toUsableDatasource, toUsableLlm, toUsableTool } from "./wire.ts";

type Services = { catalogues: CatalogueServices; llms: LlmService; datasources: DatasourceService; tools: ToolService; users: UserService };

/** What people may use: through their groups, the catalogues of these, and what is active in them. */
export function accessEndpoints({ catalogues, llms, datasources, tools, users }: Services) {
  /** @throws AppError not_found for a catalogue that none of the user's groups has. */
  async function requireOpen(kind: ServedKind, id: number, userId: number): Promise<void> {
    const opened: { id: number }[] = await catalogues[kind].all({ user_id: userId });
    if (!opened.some((catalogue) => catalogue.id === id)) throw notFound(nounOf[kind]);
  }

  return [
    endpoint({
      method: "GET",
      path: "/api/v1/users/:id/catalogues",
      summary: "List the catalogues that a user's groups have",
      permission: "users.read",
      params: IdParam,
      result: documentOf(AccessibleCatalogues),
      async handle({ params }) {
        await users.get(params.id);
        const opened = { user_id: params.id };
        const attributes = {
          catalogues: (await catalogues.catalogue.all(opened)).map(toResource),
          data_catalogues: (await catalogues.data_catalogue.all(opened)).map(toDataCatalogueResource),
          tool_catalogues: (await catalogues.tool_catalogue.all(opened)).map(toToolCatalogueResource),
        };
        return one({ type: "user_accessible_catalogues" as const, id: String(params.id), attributes });
      },
    }),
    endpoint({
      method: "GET",
      path: "/common/accessible-llms",
      summary: "List the active LLMs that your groups may use",
      permission: "user",
      result: z.array(UsableLlm),
      handle: async ({ actor }) => ({
        json: (await allPages((list) => llms.list(list, { active: true, usable_by: actor.userId }))).map(toUsableLlm),
      }),
    }),
    endpoint({
      method: "GET",
      path: "/common/catalogues/:id/llms",
      summary: "List the active LLMs of a catalogue that one of your groups has",
      permission: "user",
      params: IdParam,
      result: z.array(UsableLlm),
      async handle({ actor, params }) {
        await requireOpen("catalogue", params.id, actor.userId);
        return { json: (await allPages((list) => llms.list(list, { active: true, catalogue_id: params.id }))).map(toUsableLlm) };
      },
    }),
    endpoint({
      method: "GET",
      path: "/common/accessible-datasources",
      summary: "List the active data sources that your groups may use",
      permission: "user",
      result: z.array(UsableDatasource),
      handle: async ({ actor }) => ({
        json: (await datasources.all({ active: true, usable_by: actor.userId })).map(toUsableDatasource),
      }),
    }),
    endpoint({
      method: "GET",
      path: "/common/data-catalogues/:id/datasources",
      summary: "List the active data sources of a catalogue that one of your groups has",
      permission: "user",
      params: IdParam,
      result: z.array(UsableDatasource),
      async handle({ actor, params }) {
        await requireOpen("data_catalogue", params.id, actor.userId);
        return { json: (await datasources.all({ active: true, catalogue_id: params.id })).map(toUsableDatasource) };
      },
    }),
    endpoint({
      method: "GET",
      path: "/common/accessible-tools",
      summary: "List the active tools that your groups may use",
      permission: "user",
      result: z.array(UsableTool),
      handle: async ({ actor }) => ({
        json: (await allPages((list) => tools.list(list, { active: true, usable_by: actor.userId }, true))).map(toUsableTool),
      }),
    }),
    endpoint({
      method: "GET",
      path: "/common/tool-catalogues/:id/tools",
      summary: "List the active tools of a catalogue that one of your groups has",
      permission: "user",
      params: IdParam,
      result: z.array(UsableTool),
      async handle({ actor, params }) {
        await requireOpen("tool_catalogue", params.id, actor.userId);
        return { json: (await allPages((list) => tools.list(list, { active: true, catalogue_id: params.id }, true))).map(toUsableTool) };
      },
    }),
  ];
}
