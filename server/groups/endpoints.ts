import { Id } from "../fields/contract.ts";
import { Dependents, documentOf, IdParam, listOf, Succeeded } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { dependents, many, one, succeeded } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import { UserResource } from "../users/contract.ts";
import type { UserService } from "../users/service.ts";
import { userSorts } from "../users/store.ts";
import { toResource as toUserResource } from "../users/wire.ts";
import { GroupDraft, GroupPatch, GroupReplacement, GroupResource, Member, Members } from "./contract.ts";
import type { GroupService } from "./service.ts";
import { groupSorts } from "./store.ts";
import { toResource, toWhole } from "./wire.ts";

export const groupEndpoints = ({ groups, users }: { groups: GroupService; users: UserService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/groups",
    summary: "List groups",
    permission: "groups.read",
    query: listQuery({ sortable: groupSorts }),
    result: listOf(GroupResource),
    handle: async ({ query }) => many(await groups.list(query.list), toResource),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/groups",
    object: "group",
    status: 201,
    summary: "Create a group",
    permission: "groups.write",
    body: GroupDraft,
    result: documentOf(GroupResource),
    handle: async ({ actor, body }) => one(toWhole(await groups.create(actor, body))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/groups/:id",
    object: "group",
    summary: "Get a group",
    permission: "groups.read",
    params: IdParam,
    result: documentOf(GroupResource),
    handle: async ({ params }) => one(toWhole(await groups.get(params.id))),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/groups/:id",
    object: "group",
    summary: "Update a group; fields left out keep their values",
    permission: "groups.write",
    params: IdParam,
    body: GroupPatch,
    result: documentOf(GroupResource),
    handle: async ({ actor, params, body }) => one(toWhole(await groups.update(actor, params.id, body))),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/groups/:id",
    object: "group",
    summary: "Replace a group; members and catalogues that are left out are kept",
    permission: "groups.write",
    params: IdParam,
    body: GroupReplacement,
    result: documentOf(GroupResource),
    handle: async ({ actor, params, body }) => one(toWhole(await groups.update(actor, params.id, body))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/groups/:id",
    object: "group",
    status: 204,
    summary: "Delete a group; its members remain users",
    permission: "groups.write",
    params: IdParam,
    async handle({ actor, params }) {
      await groups.delete(actor, params.id);
      return undefined;
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/groups/:id/users",
    object: "group",
    summary: "List the members of a group",
    permission: "groups.read",
    params: IdParam,
    query: listQuery({ sortable: userSorts }),
    result: listOf(UserResource),
    async handle({ params, query }) {
      await groups.get(params.id);
      return many(await users.list(query.list, { group_id: params.id }), toUserResource);
    },
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/groups/:id/users",
    object: "group",
    status: 204,
    summary: "Add a member to a group",
    permission: "groups.write",
    params: IdParam,
    body: Member,
    async handle({ actor, params, body }) {
      await groups.addMember(actor, params.id, body.id);
      return undefined;
    },
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/groups/:id/users",
    object: "group",
    summary: "Replace the members of a group",
    permission: "groups.write",
    params: IdParam,
    body: Members,
    result: Succeeded,
    async handle({ actor, params, body }) {
      await groups.replaceMembers(actor, params.id, body.members);
      return succeeded;
    },
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/groups/:id/users/:userId",
    status: 204,
    summary: "Remove a member from a group",
    permission: "groups.write",
    params: IdParam.extend({ userId: Id }),
    async handle({ actor, params }) {
      await groups.removeMember(actor, params.id, params.userId);
      return undefined;
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/groups/:id/dependents",
    summary: "List what refers to a group and what deleting it would change",
    permission: "groups.read",
    params: IdParam,
    result: Dependents,
    async handle({ params }) {
      const { users: members, plugins, total } = await groups.dependents(params.id);
      const first = [
        ...members.map((user) => ({ type: "users", id: String(user.id), name: user.name, effect: "leaves this group" })),
        ...plugins.map((plugin) => ({
          type: "plugins",
          id: String(plugin.id),
          name: plugin.name,
          effect: "has pages that only this group may open; its members lose access",
        })),
      ];
      return dependents(first, total);
    },
  }),
];
