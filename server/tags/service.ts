import { notFound } from "@portico/core";
import type { Actor } from "../auth/actor.ts";
import { type Db, isMissing } from "../db/client.ts";
import { record } from "../db/journal.ts";
import { allPages, type ListQuery, type Page } from "../db/paging.ts";
import type { TagDraft, TagPatch } from "./contract.ts";
import type { Tag, TagDependents, TagFilters, TagStore } from "./store.ts";
import { toAttributes } from "./wire.ts";

export type TagService = {
  list(query: ListQuery, filters: TagFilters): Promise<Page<Tag>>;
  /** All whose names begin with the text. */
  search(name: string): Promise<Tag[]>;
  get(id: number): Promise<Tag>;
  create(actor: Actor, draft: TagDraft): Promise<Tag>;
  update(actor: Actor, id: number, patch: TagPatch): Promise<Tag>;
  delete(actor: Actor, id: number): Promise<void>;
  /** The first catalogues that carry the tag, and how many there are. */
  dependents(id: number): Promise<TagDependents>;
};

export function createTagService({ db, store }: { db: Db; store: TagStore }): TagService {
  async function get(id: number): Promise<Tag> {
    const tag = await store.find(id);
    if (!tag) throw notFound("Tag");
    return tag;
  }

  return {
    list: store.list,
    search: (name) => allPages((list) => store.list(list, { name_prefix: name })),
    get,

    create: (actor, draft) =>
      db.transaction(async (tx) => {
        const tag = await store.insert(tx, draft);
        const object = { id: tag.id, ...toAttributes(tag) };
        await record(tx, { kind: "tag", action: "created", id: tag.id, actor, object, changes: draft });
        return tag;
      }),

    update: (actor, id, patch) =>
      db.transaction(async (tx) => {
        const tag = await store.update(tx, id, patch).catch((error: unknown) => {
          throw isMissing(error) ? notFound("Tag") : error;
        });
        const object = { id, ...toAttributes(tag) };
        await record(tx, { kind: "tag", action: "updated", id, actor, object, changes: patch });
        return tag;
      }),

    async delete(actor, id) {
      const { name } = await get(id);
      await db.transaction(async (tx) => {
        if ((await store.delete(tx, id)) === 0) throw notFound("Tag");
        await record(tx, { kind: "tag", action: "deleted", id, actor, changes: { name } });
      });
    },

    async dependents(id) {
      await get(id);
      return store.dependents(id);
    },
  };
}
