import { z } from "zod";
import { AppResource } from "../apps/contract.ts";
import type { AppService } from "../apps/service.ts";
import { toResource as toAppResource } from "../apps/wire.ts";
import { allPages } from "../db/paging.ts";
import { Id, queryFlag } from "../fields/contract.ts";
import { collectionOf, Dependents, documentOf, IdParam, listOf, Succeeded } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, dependents, many, one, succeeded } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import { ChangedUser, GroupOfUser, UserDraft, UserPatch, UserReplacement, UserResource } from "./contract.ts";
import type { UserService } from "./service.ts";
import { userSorts } from "./store.ts";
import { toResource } from "./wire.ts";

export const userEndpoints = ({ users, apps }: { users: UserService; apps: AppService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/users",
    summary: "List users",
    permission: "users.read",
    query: listQuery({
      sortable: userSorts,
      filters: { group_id: Id.optional(), exclude_group_id: Id.optional(), is_admin: queryFlag.optional() },
    }),
    result: listOf(UserResource),
    handle: async ({ query }) => many(await users.list(query.list, query.filters), toResource),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/users",
    object: "user",
    status: 201,
    summary: "Create a user",
    permission: "users.write",
    body: UserDraft,
    result: documentOf(UserResource),
    handle: async ({ actor, body }) => one(toResource(await users.create(actor, body))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/users/:id",
    object: "user",
    summary: "Get a user",
    permission: "users.read",
    params: IdParam,
    result: documentOf(UserResource),
    handle: async ({ params }) => one(toResource(await users.get(params.id))),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/users/:id",
    object: "user",
    summary: "Update a user; fields left out keep their values. A new password ends the user's sessions and revokes their API tokens",
    permission: "users.write",
    params: IdParam,
    body: UserPatch,
    result: ChangedUser,
    async handle({ actor, params, body }) {
      const { user, ended } = await users.update(actor, params.id, body);
      return { json: { data: toResource(user), meta: { ended: { sessions: ended.sessions, api_tokens: ended.tokens } } } };
    },
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/users/:id",
    object: "user",
    summary: "Replace a user: fields left out return to their defaults; without `password` the password is kept",
    permission: "users.write",
    params: IdParam,
    body: UserReplacement,
    result: ChangedUser,
    async handle({ actor, params, body }) {
      const { user, ended } = await users.update(actor, params.id, body);
      return { json: { data: toResource(user), meta: { ended: { sessions: ended.sessions, api_tokens: ended.tokens } } } };
    },
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/users/:id",
    object: "user",
    status: 204,
    summary: "Delete a user; their apps remain without an owner and the apps' credentials stop working",
    permission: "users.write",
    params: IdParam,
    async handle({ actor, params }) {
      await users.delete(actor, params.id);
      return undefined;
    },
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/users/:id/roll-api-key",
    object: "user",
    summary: "Replace a user's API key; the new one is shown only in this response",
    permission: "users.write",
    params: IdParam,
    result: documentOf(UserResource),
    async handle({ actor, params }) {
      const { user, apiKey } = await users.rollApiKey(actor, params.id);
      return one(toResource(user, apiKey));
    },
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/users/:id/skip-quick-start",
    summary: "Dismiss the quick start for a user",
    permission: "users.write",
    params: IdParam,
    result: Succeeded,
    async handle({ actor, params }) {
      await users.skipQuickStart(actor, params.id);
      return succeeded;
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/users/:id/groups",
    summary: "List a user's groups",
    permission: "users.read",
    params: IdParam,
    result: collectionOf(GroupOfUser),
    handle: async ({ params }) => all(toResource(await users.get(params.id)).attributes.groups),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/users/:id/apps",
    summary: "List a user's apps",
    permission: "users.read",
    params: IdParam,
    result: collectionOf(AppResource),
    async handle({ params }) {
      await users.get(params.id);
      return all((await allPages((list) => apps.list(list, { user_id: params.id }))).map((app) => toAppResource(app)));
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/users/:id/apps/count",
    summary: "Count a user's apps",
    permission: "users.read",
    params: IdParam,
    result: z.object({ count: z.number() }),
    async handle({ params }) {
      await users.get(params.id);
      return { json: { count: await apps.count({ user_id: params.id }) } };
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/users/:id/dependents",
    summary: "List what refers to a user and what deleting the user would change",
    permission: "users.read",
    params: IdParam,
    result: Dependents,
    async handle({ params }) {
      const { apps: owned, tokens, total } = await users.dependents(params.id);
      const first = [
        ...owned.map((app) => ({
          type: "apps",
          id: String(app.id),
          name: app.name,
          effect: "remains without an owner; its credentials stop working immediately",
        })),
        ...tokens.map((token) => ({ type: "api-tokens", id: String(token.id), name: token.name, effect: "is revoked" })),
      ];
      return dependents(first, total);
    },
  }),
];
