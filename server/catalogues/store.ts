import { conflict, defined, invalid } from "@portico/core";
import type { ObjectKind } from "@portico/protocol/kinds";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import { createListing, inNaturalOrder, selectAs } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import type { Tag } from "../tags/store.ts";
import { type CatalogueKind, inSentence, nounOf } from "./kinds.ts";

/** What catalogues show of what is in them. */
type ItemOf = {
  catalogue: { id: number; name: string; active: boolean };
  data_catalogue: {
    id: number;
    name: string;
    short_description: string;
    long_description: string;
    icon: string;
    url: string;
    privacy_score: number;
    db_source_type: string;
    db_name: string;
    embed_vendor: string;
    embed_model: string;
    active: boolean;
    namespace: string;
    user_id: number;
    has_db_conn_api_key: boolean;
    has_embed_api_key: boolean;
  };
  tool_catalogue: {
    id: number;
    name: string;
    slug: string;
    description: string;
    tool_type: string;
    operations: string[];
    privacy_score: number;
    active: boolean;
  };
};

/** Kinds of catalogue that there is something to put in. */
export type ServedKind = keyof ItemOf;

export type Catalogue<K extends ServedKind = ServedKind> = {
  id: number;
  kind: K;
  name: string;
  shortDescription: string;
  longDescription: string;
  icon: string;
  isDefault: boolean;
  /** By name. */
  items: ItemOf[K][];
  tags: Tag[];
  groupCount: number;
  createdAt: Date;
  updatedAt: Date;
};

/** What is written; absent fields stay, or are empty in a new catalogue. `items` and `tags` are the ids of all that are to be in it. */
export type CatalogueRow = {
  name?: string | undefined;
  short_description?: string | undefined;
  long_description?: string | undefined;
  icon?: string | undefined;
  tags?: number[] | undefined;
  items?: number[] | undefined;
};

export type CatalogueFilters = {
  /** The beginning of the name, whatever its case. */
  name_prefix?: string | undefined;
  group_id?: number | undefined;
  /** In one of the groups of this user. */
  user_id?: number | undefined;
  item_id?: number | undefined;
  tag_id?: number | undefined;
  /** In the name or a description, whatever its case. */
  text?: string | undefined;
  tag_name?: string | undefined;
};

export type CatalogueStore<K extends ServedKind> = {
  list(query: ListQuery, filters: CatalogueFilters): Promise<Page<Catalogue<K>>>;
  find(id: number): Promise<Catalogue<K> | undefined>;
  insert(tx: Tx, row: CatalogueRow & { name: string }): Promise<{ id: number }>;
  /** Locks the row for the transaction. @returns false when there is no such catalogue. */
  lock(tx: Tx, id: number): Promise<boolean>;
  update(tx: Tx, id: number, row: CatalogueRow): Promise<void>;
  /** @returns how many there were. */
  delete(tx: Tx, id: number): Promise<number>;
  /** @throws AppError validation_failed, naming the field, for an id of nothing. */
  addItem(tx: Tx, id: number, itemId: number): Promise<void>;
  addTag(tx: Tx, id: number, tagId: number): Promise<void>;
  /** @returns how many there were. */
  removeItem(tx: Tx, id: number, itemId: number): Promise<number>;
  removeTag(tx: Tx, id: number, tagId: number): Promise<number>;
  /** The first groups that have the catalogue, by name, and how many there are. */
  groups(id: number): Promise<{ groups: { id: number; name: string }[]; total: number }>;
};

/** Where what is in a catalogue of a kind is kept, and what a request calls the ids. */
const itemTables: { [K in ServedKind]: ItemTable<ItemOf[K]> } = {
  catalogue: {
    table: "llms",
    links: "catalogue_llms",
    column: "llm_id",
    field: "llm_ids",
    noun: "LLM",
    object: "llm",
    shown: { id: "i.id", name: "i.name", active: "i.active" },
  },
  data_catalogue: {
    table: "datasources",
    links: "catalogue_datasources",
    column: "datasource_id",
    field: "datasources",
    noun: "data source",
    object: "datasource",
    shown: {
      id: "i.id",
      name: "i.name",
      short_description: "i.short_description",
      long_description: "i.long_description",
      icon: "i.icon",
      url: "i.url",
      privacy_score: "i.privacy_score",
      db_source_type: "i.db_source_type",
      db_name: "i.db_name",
      embed_vendor: "i.embed_vendor",
      embed_model: "i.embed_model",
      active: "i.active",
      namespace: "i.namespace",
      user_id: "coalesce(i.user_id, 0)",
      has_db_conn_api_key: "i.db_conn_api_key_sealed IS NOT NULL",
      has_embed_api_key: "i.embed_api_key_sealed IS NOT NULL",
    },
  },
  tool_catalogue: {
    table: "tools",
    links: "catalogue_tools",
    column: "tool_id",
    field: "tools",
    noun: "tool",
    object: "tool",
    shown: {
      id: "i.id",
      name: "i.name",
      slug: "i.slug",
      description: "i.description",
      tool_type: "i.tool_type",
      operations: "i.operations",
      privacy_score: "i.privacy_score",
      active: "i.active",
    },
  },
};

type ItemTable<Item> = {
  table: string;
  links: string;
  column: string;
  field: string;
  noun: string;
  object: ObjectKind;
  /** SQL of each attribute. */
  shown: { readonly [A in keyof Item]: string };
};

const sorts = { id: "t.id", name: inNaturalOrder("t.name"), created_at: "t.created_at", updated_at: "t.updated_at" };
export const catalogueSorts = Object.keys(sorts);

export function createCatalogueStore<K extends ServedKind>(db: Db, counts: Counts, kind: K): CatalogueStore<K> {
  const { table, links, column, field, noun, object, shown } = itemTables[kind];
  const attributes = Object.entries<string>(shown).map(([name, sql]) => `'${name}', ${sql}`);
  const columns = selectAs<Catalogue<K>>({
    id: "t.id",
    kind: "t.kind",
    name: "t.name",
    shortDescription: "t.short_description",
    longDescription: "t.long_description",
    icon: "t.icon",
    isDefault: "t.is_default",
    items: `(SELECT coalesce(json_agg(json_build_object(${attributes.join(", ")}) ORDER BY i.name, i.id), '[]')
      FROM ${links} l JOIN ${table} i ON i.id = l.${column} WHERE l.catalogue_id = t.id)`,
    tags: `(SELECT coalesce(json_agg(json_build_object('id', g.id, 'name', g.name, 'createdAt', g.created_at, 'updatedAt', g.updated_at)
      ORDER BY g.name, g.id), '[]') FROM catalogue_tags l JOIN tags g ON g.id = l.tag_id WHERE l.catalogue_id = t.id)`,
    groupCount: "(SELECT count(*) FROM group_catalogues l WHERE l.catalogue_id = t.id)",
    createdAt: "t.created_at",
    updatedAt: "t.updated_at",
  });
  const listing = createListing<Catalogue<K>, CatalogueFilters>(
    { db, counts },
    {
      kinds: [kind, object, "tag", "group", "user"],
      from: "catalogues t",
      select: columns,
      where: `t.kind = '${kind}'`,
      sorts,
      search: ["t.name", "t.short_description", "t.long_description"],
      filters: {
        name_prefix: "starts_with(lower(t.name), lower(?))",
        group_id: "EXISTS (SELECT 1 FROM group_catalogues l WHERE l.catalogue_id = t.id AND l.group_id = ?)",
        user_id: `EXISTS (SELECT 1 FROM group_catalogues l JOIN user_groups u ON u.group_id = l.group_id
          WHERE l.catalogue_id = t.id AND u.user_id = ?)`,
        item_id: `EXISTS (SELECT 1 FROM ${links} l WHERE l.catalogue_id = t.id AND l.${column} = ?)`,
        text: "strpos(lower(concat_ws(chr(10), t.name, t.short_description, t.long_description)), lower(?)) > 0",
        tag_id: "EXISTS (SELECT 1 FROM catalogue_tags l WHERE l.catalogue_id = t.id AND l.tag_id = ?)",
        tag_name: "EXISTS (SELECT 1 FROM catalogue_tags l JOIN tags g ON g.id = l.tag_id WHERE l.catalogue_id = t.id AND g.name = ?)",
      },
    },
  );

  const absentIn = async (tx: Tx, from: string, ids: number[]): Promise<number | undefined> => {
    const found = await tx.$queryRawUnsafe<{ id: number }[]>(`SELECT id FROM ${from} WHERE id = ANY ($1::int[])`, ids);
    return ids.find((id) => !found.some((row) => row.id === id));
  };

  async function addItems(tx: Tx, id: number, ids: number[], named: string): Promise<void> {
    const absent = await absentIn(tx, table, ids);
    if (absent !== undefined) throw invalid(named, `there is no ${noun} ${absent}`);
    await tx.$executeRawUnsafe(
      `INSERT INTO ${links} (catalogue_id, ${column}) SELECT $1, unnest($2::int[]) ON CONFLICT DO NOTHING`,
      id,
      ids,
    );
  }

  async function addTags(tx: Tx, id: number, ids: number[], named: string): Promise<void> {
    const absent = await absentIn(tx, "tags", ids);
    if (absent !== undefined) throw invalid(named, `there is no tag ${absent}`);
    await tx.catalogueTag.createMany({ data: ids.map((tagId) => ({ catalogueId: id, tagId })), skipDuplicates: true });
  }

  async function replaceMembers(tx: Tx, id: number, { items, tags }: CatalogueRow): Promise<void> {
    if (items) {
      await tx.$executeRawUnsafe(`DELETE FROM ${links} WHERE catalogue_id = $1 AND NOT ${column} = ANY ($2::int[])`, id, items);
      await addItems(tx, id, items, field);
    }
    if (tags) {
      await tx.catalogueTag.deleteMany({ where: { catalogueId: id, tagId: { notIn: tags } } });
      await addTags(tx, id, tags, "tags");
    }
  }

  return {
    async list(query, filters) {
      const page = await listing.page(query, filters);
      return { ...page, items: page.items.map(withDates) };
    },

    async find(id) {
      const { rows } = await db.sql.query<Catalogue<K>>(`SELECT ${columns} FROM catalogues t WHERE t.id = $1 AND t.kind = $2`, [id, kind]);
      return rows[0] && withDates(rows[0]);
    },

    async insert(tx, row) {
      const created = await tx.catalogue
        .create({ data: { kind, ...toColumns(row), name: row.name }, select: { id: true } })
        .catch(onNameTaken(kind, row.name));
      await replaceMembers(tx, created.id, row);
      return created;
    },

    lock: async (tx, id) =>
      (await tx.$queryRaw<unknown[]>`SELECT id FROM catalogues WHERE id = ${id} AND kind = ${kind} FOR UPDATE`).length > 0,

    async update(tx, id, row) {
      await tx.catalogue.update({ where: { id }, data: toColumns(row), select: { id: true } }).catch(onNameTaken(kind, row.name));
      await replaceMembers(tx, id, row);
    },

    delete: async (tx, id) => (await tx.catalogue.deleteMany({ where: { id, kind } })).count,
    addItem: (tx, id, itemId) => addItems(tx, id, [itemId], "id"),
    addTag: (tx, id, tagId) => addTags(tx, id, [tagId], "id"),
    removeItem: (tx, id, itemId) => tx.$executeRawUnsafe(`DELETE FROM ${links} WHERE catalogue_id = $1 AND ${column} = $2`, id, itemId),
    removeTag: async (tx, id, tagId) => (await tx.catalogueTag.deleteMany({ where: { catalogueId: id, tagId } })).count,

    async groups(id) {
      const where = { catalogues: { some: { catalogueId: id } } };
      const [groups, total] = await Promise.all([
        db.prisma.group.findMany({ where, select: { id: true, name: true }, orderBy: { name: "asc" }, take: 100 }),
        db.prisma.group.count({ where }),
      ]);
      return { groups, total };
    },
  };
}

const toColumns = (row: CatalogueRow) =>
  defined({ name: row.name, shortDescription: row.short_description, longDescription: row.long_description, icon: row.icon });

const onNameTaken = (kind: CatalogueKind, name = "") =>
  onUnique(() => conflict(`A ${inSentence(nounOf[kind])} named "${name}" already exists.`, "name"));

/** JSON that PostgreSQL builds has times as text. */
const withDates = <K extends ServedKind>(row: Catalogue<K>): Catalogue<K> => ({
  ...row,
  tags: row.tags.map((tag) => ({ ...tag, createdAt: new Date(tag.createdAt), updatedAt: new Date(tag.updatedAt) })),
});
