import { z } from "zod";
import { pageOrWhole } from "../db/paging.ts";
import { Id, queryFlag } from "../fields/contract.ts";
import { documentOf, IdParam, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import { CredentialPatch, CredentialReplacement, CredentialResource } from "./contract.ts";
import type { CredentialService } from "./service.ts";
import { credentialSorts } from "./store.ts";
import { toResource } from "./wire.ts";

export const credentialEndpoints = ({ credentials }: { credentials: CredentialService }) => {
  const list = (path: string, summary: string, { isWhole, ...fixed }: { active?: true; isWhole?: true }) =>
    endpoint({
      method: "GET",
      path,
      summary,
      permission: "credentials.read",
      query: listQuery({
        sortable: credentialSorts,
        filters: { active: queryFlag.optional(), app_id: Id.optional() },
        ...(isWhole ? { isWhole } : {}),
      }),
      result: listOf(CredentialResource),
      handle: async ({ query: { list, filters } }) =>
        many(await pageOrWhole(list, (page) => credentials.list(page, { ...filters, ...fixed })), toResource),
    });
  const set = (verb: "activate" | "deactivate", active: boolean) =>
    endpoint({
      method: "POST",
      path: `/api/v1/credentials/:id/${verb}`,
      object: "credential",
      summary: active ? "Activate a credential" : "Deactivate a credential on every edge",
      permission: "credentials.write",
      params: IdParam,
      result: documentOf(CredentialResource),
      handle: async ({ actor, params }) => one(toResource(await credentials.setActive(actor, params.id, active))),
    });

  return [
    list("/api/v1/credentials", "List credentials of all apps, without their secrets", {}),
    list("/api/v1/credentials/active", "List active credentials", { active: true, isWhole: true }),
    endpoint({
      method: "GET",
      path: "/api/v1/credentials/key/:keyId",
      summary: "Get a credential by its key id",
      permission: "credentials.read",
      params: z.object({ keyId: z.uuid("must be a key id") }),
      result: documentOf(CredentialResource),
      handle: async ({ params }) => one(toResource(await credentials.getByKeyId(params.keyId))),
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/credentials/:id",
      object: "credential",
      summary: "Get a credential",
      permission: "credentials.read",
      params: IdParam,
      result: documentOf(CredentialResource),
      handle: async ({ params }) => one(toResource(await credentials.get(params.id))),
    }),
    endpoint({
      method: "PATCH",
      path: "/api/v1/credentials/:id",
      object: "credential",
      summary: "Activate or deactivate a credential",
      permission: "credentials.write",
      params: IdParam,
      body: CredentialPatch,
      result: documentOf(CredentialResource),
      handle: async ({ actor, params, body }) =>
        one(
          toResource(
            body.active === undefined ? await credentials.get(params.id) : await credentials.setActive(actor, params.id, body.active),
          ),
        ),
    }),
    endpoint({
      method: "PUT",
      path: "/api/v1/credentials/:id",
      object: "credential",
      summary: "Replace a credential: inactive unless `active` is true",
      permission: "credentials.write",
      params: IdParam,
      body: CredentialReplacement,
      result: documentOf(CredentialResource),
      handle: async ({ actor, params, body }) =>
        one(
          toResource(
            body.active === undefined ? await credentials.get(params.id) : await credentials.setActive(actor, params.id, body.active),
          ),
        ),
    }),
    set("activate", true),
    set("deactivate", false),
    endpoint({
      method: "DELETE",
      path: "/api/v1/credentials/:id",
      object: "credential",
      status: 204,
      summary: "Delete a credential; it stops working on every edge",
      permission: "credentials.write",
      params: IdParam,
      async handle({ actor, params }) {
        await credentials.delete(actor, params.id);
        return undefined;
      },
    }),
  ];
};
