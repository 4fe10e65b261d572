import { notFound } from "@portico/core";
import { z } from "zod";
import { allPages } from "../db/paging.ts";
import { documentOf, IdParam } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { one } from "../http/envelope.ts";
import type { LlmService } from "../llms/service.ts";
import type { UserService } from "../users/service.ts";
import { AccessibleCatalogues, UsableLlm } from "./contract.ts";
import type { CatalogueServices } from "./feature.ts";
import { toResource, toUsableLlm } from "./wire.ts";

/** What people may use: through their groups, the catalogues of these, and what is in them. */
export const accessEndpoints = ({ catalogues, llms, users }: { catalogues: CatalogueServices; llms: LlmService; users: UserService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/users/:id/catalogues",
    summary: "List the LLM catalogues that a user's groups open",
    permission: "users.read",
    params: IdParam,
    result: documentOf(AccessibleCatalogues),
    async handle({ params }) {
      await users.get(params.id);
      const opened = await catalogues.catalogue.all({ user_id: params.id });
      return one({
        type: "user_accessible_catalogues" as const,
        id: String(params.id),
        attributes: { catalogues: opened.map(toResource) },
      });
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
      const opened = await catalogues.catalogue.all({ user_id: actor.userId });
      if (!opened.some(({ id }) => id === params.id)) throw notFound("LLM catalogue");
      return { json: (await allPages((list) => llms.list(list, { active: true, catalogue_id: params.id }))).map(toUsableLlm) };
    },
  }),
];
