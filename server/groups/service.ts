import { conflict, notFound } from "@portico/core";
import type { Actor } from "../auth/actor.ts";
import type { CatalogueKind } from "../catalogues/kinds.ts";
import type { Db, Tx } from "../db/client.ts";
import { record } from "../db/journal.ts";
import type { ListQuery } from "../db/paging.ts";
import type { GroupCatalogues, GroupDraft, GroupPatch } from "./contract.ts";
import type { Group, GroupStore } from "./store.ts";

export function createGroupService({ db, store }: { db: Db; store: GroupStore }) {
  async function get(id: number): Promise<Group> {
    const group = await store.find(id);
    if (!group) throw notFound("Group");
    return group;
  }

  /** One change of an existing group, with its entry in the journal. */
  async function change(actor: Actor, group: Group, changes: Record<string, unknown>, steps: (tx: Tx) => Promise<void>): Promise<void> {
    await db.transaction(async (tx) => {
      if (!(await store.lock(tx, group.id))) throw notFound("Group");
      await steps(tx);
      const object = { id: group.id, name: typeof changes.name === "string" ? changes.name : group.name };
      await record(tx, { kind: "group", action: "updated", id: group.id, actor, object, changes });
    });
  }

  async function replaceMembers(tx: Tx, group: Group, members: number[]): Promise<void> {
    await store.addMembers(tx, group.id, members, "members");
    const { count } = await store.removeMembersBut(tx, group.id, members);
    if (group.isDefault && count > 0) throw everybodyIsInDefault();
  }

  return {
    list: (query: ListQuery) => store.list(query),
    get,

    async create(actor: Actor, { name, self_service, members, ...catalogues }: GroupDraft): Promise<Group> {
      const { id } = await db.transaction(async (tx) => {
        const created = await store.insert(tx, { name, self_service });
        await store.addMembers(tx, created.id, members, "members");
        await store.replaceCatalogues(tx, created.id, catalogues);
        await record(tx, {
          kind: "group",
          action: "created",
          id: created.id,
          actor,
          object: { id: created.id, name },
          changes: { name, self_service, members, ...catalogues },
        });
        return created;
      });
      return get(id);
    },

    async update(actor: Actor, id: number, { name, self_service, members, ...catalogues }: GroupPatch): Promise<Group> {
      const group = await get(id);
      if (group.isDefault && name !== undefined && name !== group.name) throw conflict("The group Default cannot be renamed.", "name");
      await change(actor, group, { name, self_service, members, ...catalogues }, async (tx) => {
        await store.update(tx, id, { name, self_service });
        if (members !== undefined) await replaceMembers(tx, group, members);
        await store.replaceCatalogues(tx, id, catalogues);
      });
      return get(id);
    },

    async delete(actor: Actor, id: number): Promise<void> {
      const group = await get(id);
      if (group.isDefault) throw conflict("The group Default cannot be deleted: every user belongs to it.");
      await db.transaction(async (tx) => {
        const { count } = await store.delete(tx, id);
        if (count === 0) throw notFound("Group");
        await record(tx, { kind: "group", action: "deleted", id, actor, changes: { name: group.name } });
      });
    },

    async addMember(actor: Actor, id: number, userId: number): Promise<void> {
      const group = await get(id);
      await change(actor, group, { member_added: userId }, (tx) => store.addMembers(tx, id, [userId], "id"));
    },

    async removeMember(actor: Actor, id: number, userId: number): Promise<void> {
      const group = await get(id);
      if (group.isDefault) throw everybodyIsInDefault();
      await change(actor, group, { member_removed: userId }, async (tx) => {
        const { count } = await store.removeMember(tx, id, userId);
        if (count === 0) throw notFound("Member");
      });
    },

    async replaceMembers(actor: Actor, id: number, members: number[]): Promise<void> {
      const group = await get(id);
      await change(actor, group, { members }, (tx) => replaceMembers(tx, group, members));
    },

    async addCatalogue(actor: Actor, id: number, kind: CatalogueKind, catalogueId: number): Promise<void> {
      const group = await get(id);
      await change(actor, group, { [`${kind}_added`]: catalogueId }, (tx) => store.addCatalogue(tx, id, kind, catalogueId));
    },

    async removeCatalogue(actor: Actor, id: number, kind: CatalogueKind, catalogueId: number): Promise<void> {
      const group = await get(id);
      await change(actor, group, { [`${kind}_removed`]: catalogueId }, (tx) => store.removeCatalogue(tx, id, kind, catalogueId));
    },

    /** Replaces the catalogues of each kind that is named. */
    async replaceCatalogues(actor: Actor, id: number, wanted: GroupCatalogues): Promise<void> {
      const group = await get(id);
      await change(actor, group, wanted, (tx) => store.replaceCatalogues(tx, id, wanted));
    },

    async dependents(id: number) {
      await get(id);
      return store.dependents(id);
    },
  };
}
export type GroupService = ReturnType<typeof createGroupService>;

const everybodyIsInDefault = () => conflict("Members cannot be removed from the group Default: every user belongs to it.");
