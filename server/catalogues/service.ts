import { conflict, notFound } from "@portico/core";
import type { Actor } from "../auth/actor.ts";
import type { Db, Tx } from "../db/client.ts";
import { record } from "../db/journal.ts";
import { allPages, type ListQuery, type Page } from "../db/paging.ts";
import { nounOf } from "./kinds.ts";
import type { Catalogue, CatalogueFilters, CatalogueRow, CatalogueStore, ServedKind } from "./store.ts";

export type CatalogueService<K extends ServedKind = ServedKind> = {
  list(query: ListQuery, filters: CatalogueFilters): Promise<Page<Catalogue<K>>>;
  /** All that match, by id. */
  all(filters: CatalogueFilters): Promise<Catalogue<K>[]>;
  get(id: number): Promise<Catalogue<K>>;
  create(actor: Actor, draft: CatalogueRow & { name: string }): Promise<Catalogue<K>>;
  update(actor: Actor, id: number, patch: CatalogueRow): Promise<Catalogue<K>>;
  delete(actor: Actor, id: number): Promise<void>;
  addItem(actor: Actor, id: number, itemId: number): Promise<Catalogue<K>>;
  removeItem(actor: Actor, id: number, itemId: number): Promise<void>;
  addTag(actor: Actor, id: number, tagId: number): Promise<Catalogue<K>>;
  removeTag(actor: Actor, id: number, tagId: number): Promise<void>;
  /** The first groups that have the catalogue, and how many there are. */
  groups(id: number): Promise<{ groups: { id: number; name: string }[]; total: number }>;
};

export function createCatalogueService<K extends ServedKind>({
  db,
  store,
  kind,
}: {
  db: Db;
  store: CatalogueStore<K>;
  kind: K;
}): CatalogueService<K> {
  const absent = () => notFound(nounOf[kind]);

  async function get(id: number): Promise<Catalogue<K>> {
    const catalogue = await store.find(id);
    if (!catalogue) throw absent();
    return catalogue;
  }

  /** One change of an existing catalogue, with its entry in the journal. */
  async function change(actor: Actor, { id, name }: Catalogue<K>, changes: Record<string, unknown>, steps: (tx: Tx) => Promise<void>) {
    await db.transaction(async (tx) => {
      if (!(await store.lock(tx, id))) throw absent();
      await steps(tx);
      await record(tx, { kind, action: "updated", id, actor, object: { id, name, ...changes }, changes });
    });
  }

  async function remove(actor: Actor, id: number, changes: Record<string, unknown>, step: (tx: Tx) => Promise<number>): Promise<void> {
    await change(actor, await get(id), changes, async (tx) => {
      if ((await step(tx)) === 0) throw notFound("Member");
    });
  }

  return {
    list: store.list,
    all: (filters) => allPages((list) => store.list(list, filters)),
    get,

    async create(actor, draft) {
      const { id } = await db.transaction(async (tx) => {
        const created = await store.insert(tx, draft);
        await record(tx, { kind, action: "created", id: created.id, actor, object: { id: created.id, ...draft }, changes: draft });
        return created;
      });
      return get(id);
    },

    async update(actor, id, patch) {
      const catalogue = await get(id);
      if (catalogue.isDefault && patch.name !== undefined && patch.name !== catalogue.name)
        throw conflict("The catalogue Default cannot be renamed.", "name");
      await change(actor, catalogue, patch, (tx) => store.update(tx, id, patch));
      return get(id);
    },

    async delete(actor, id) {
      const { name, isDefault } = await get(id);
      if (isDefault) throw conflict("The catalogue Default cannot be deleted: everything new is added to it.");
      await db.transaction(async (tx) => {
        if ((await store.delete(tx, id)) === 0) throw absent();
        await record(tx, { kind, action: "deleted", id, actor, changes: { name } });
      });
    },

    async addItem(actor, id, itemId) {
      await change(actor, await get(id), { item_added: itemId }, (tx) => store.addItem(tx, id, itemId));
      return get(id);
    },

    removeItem: (actor, id, itemId) => remove(actor, id, { item_removed: itemId }, (tx) => store.removeItem(tx, id, itemId)),

    async addTag(actor, id, tagId) {
      await change(actor, await get(id), { tag_added: tagId }, (tx) => store.addTag(tx, id, tagId));
      return get(id);
    },

    removeTag: (actor, id, tagId) => remove(actor, id, { tag_removed: tagId }, (tx) => store.removeTag(tx, id, tagId)),

    async groups(id) {
      await get(id);
      return store.groups(id);
    },
  };
}
