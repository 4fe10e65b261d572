import type { z } from "zod";
import { fieldOf, inSentence, nounOf } from "../catalogues/kinds.ts";
import type { CatalogueService } from "../catalogues/service.ts";
import type { Catalogue, ServedKind } from "../catalogues/store.ts";
import { Id } from "../fields/contract.ts";
import { collectionOf, IdParam, Succeeded } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, succeeded } from "../http/envelope.ts";
import { GroupCatalogues, Member } from "./contract.ts";
import type { GroupService } from "./service.ts";

/** Which catalogues of all kinds a group has. */
export const groupCataloguesEndpoint = ({ groups }: { groups: GroupService }) =>
  endpoint({
    method: "PUT",
    path: "/api/v1/groups/:id/catalogues",
    object: "group",
    summary: "Replace the catalogues of a group; those of a kind that is left out are kept",
    permission: "groups.write",
    params: IdParam,
    body: GroupCatalogues,
    result: Succeeded,
    async handle({ actor, params, body }) {
      await groups.replaceCatalogues(actor, params.id, body);
      return succeeded;
    },
  });

/** The catalogues of one kind that a group has. */
export function groupCatalogueEndpoints<K extends ServedKind, Resource>({
  groups,
  catalogues,
  kind,
  resource,
  toResource,
}: {
  groups: GroupService;
  catalogues: CatalogueService<K>;
  kind: K;
  resource: z.ZodType<Resource, Resource>;
  toResource(catalogue: Catalogue<K>): Resource;
}) {
  const path = `/api/v1/groups/:id/${fieldOf[kind].replace("_", "-")}` as const;
  const noun = inSentence(nounOf[kind]);
  return [
    endpoint({
      method: "GET",
      path,
      object: "group",
      summary: `List the ${noun}s of a group`,
      permission: "groups.read",
      params: IdParam,
      result: collectionOf(resource),
      async handle({ params }) {
        await groups.get(params.id);
        return all((await catalogues.all({ group_id: params.id })).map(toResource));
      },
    }),
    endpoint({
      method: "POST",
      path,
      object: "group",
      status: 204,
      summary: `Give a group a ${noun}`.replace("a LLM", "an LLM"),
      permission: "groups.write",
      params: IdParam,
      body: Member,
      async handle({ actor, params, body }) {
        await groups.addCatalogue(actor, params.id, kind, body.id);
        return undefined;
      },
    }),
    endpoint({
      method: "DELETE",
      path: `${path}/:catalogueId`,
      object: "group",
      status: 204,
      summary: `Take a ${noun} from a group`.replace("a LLM", "an LLM"),
      permission: "groups.write",
      params: IdParam.extend({ catalogueId: Id }),
      async handle({ actor, params }) {
        await groups.removeCatalogue(actor, params.id, kind, params.catalogueId);
        return undefined;
      },
    }),
  ];
}
