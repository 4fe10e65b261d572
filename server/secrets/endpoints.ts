import { queryFlag } from "../fields/contract.ts";
import { Dependents, documentOf, IdParam, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { dependents, many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import { SecretDraft, SecretPatch, SecretReplacement, SecretResource } from "./contract.ts";
import type { SecretService } from "./service.ts";
import { secretSorts } from "./store.ts";
import { toResource } from "./wire.ts";

export const secretEndpoints = ({ secrets }: { secrets: SecretService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/secrets",
    summary: "List secrets",
    permission: "secrets.read",
    query: listQuery({ sortable: secretSorts, filters: { is_used: queryFlag.optional() } }),
    result: listOf(SecretResource),
    handle: async ({ query }) => many(await secrets.list(query.list, query.filters), toResource),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/secrets",
    object: "secret",
    status: 201,
    summary: "Create a secret; credential fields refer to it as `$SECRET/NAME`",
    permission: "secrets.write",
    body: SecretDraft,
    result: documentOf(SecretResource),
    handle: async ({ actor, body }) => one(toResource(await secrets.create(actor, body))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/secrets/:id",
    object: "secret",
    summary: "Get a secret",
    permission: "secrets.read",
    params: IdParam,
    result: documentOf(SecretResource),
    handle: async ({ params }) => one(toResource(await secrets.get(params.id))),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/secrets/:id",
    object: "secret",
    summary: "Update a secret; a new value is used everywhere at once, and an empty one keeps the stored value",
    permission: "secrets.write",
    params: IdParam,
    body: SecretPatch,
    result: documentOf(SecretResource),
    handle: async ({ actor, params, body }) => one(toResource(await secrets.update(actor, params.id, body))),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/secrets/:id",
    object: "secret",
    summary: "Replace a secret; without `value` the stored value is kept",
    permission: "secrets.write",
    params: IdParam,
    body: SecretReplacement,
    result: documentOf(SecretResource),
    handle: async ({ actor, params, body }) => one(toResource(await secrets.update(actor, params.id, body))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/secrets/:id",
    object: "secret",
    status: 204,
    summary: "Delete a secret that nothing refers to",
    permission: "secrets.write",
    params: IdParam,
    async handle({ actor, params }) {
      await secrets.delete(actor, params.id);
      return undefined;
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/secrets/:id/dependents",
    summary: "List what refers to a secret; it can only be deleted when nothing does",
    permission: "secrets.read",
    params: IdParam,
    result: Dependents,
    async handle({ params }) {
      const { first, total } = await secrets.users(params.id);
      const users = first.map(({ type, id, name, field }) => ({ type, id: String(id), name, effect: `uses it as ${field}` }));
      return dependents(users, total);
    },
  }),
];
