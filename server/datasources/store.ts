import { conflict, invalid, slugify } from "@portico/core";
import type { EmbedderId, VectorStoreId } from "@portico/datasources/vendors";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import { createListing, inNaturalOrder, selectAs } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import type { StoredFile } from "../filestore/wire.ts";
import type { Tag } from "../tags/store.ts";
import type { DatasourceDraft } from "./contract.ts";

/** A data source without its keys. */
export type Datasource = {
  id: number;
  name: string;
  slug: string;
  shortDescription: string;
  longDescription: string;
  icon: string;
  url: string;
  privacyScore: number;
  userId: number | null;
  tags: Tag[];
  dbConnString: string;
  dbSourceType: VectorStoreId;
  hasDbConnApiKey: boolean;
  /** The secret that the key is, as `$SECRET/NAME`; "" for a key of its own. */
  dbConnApiKeyReference: string;
  dbName: string;
  embedVendor: EmbedderId;
  embedUrl: string;
  hasEmbedApiKey: boolean;
  embedApiKeyReference: string;
  embedModel: string;
  active: boolean;
  namespace: string;
  files: StoredFile[];
  metadata: Record<string, unknown>;
  createdAt: Date;
  updatedAt: Date;
};

/** Sealed or a reference; null without one. */
export type SealedKeys = { dbConnApiKeySealed: string | null; embedApiKeySealed: string | null };

/** What is written: keys as they are stored (undefined keeps the stored one). */
export type DatasourceRow = Omit<DatasourceDraft, "db_conn_api_key" | "embed_api_key" | "tags" | "user_id"> & {
  userId: number | null;
  tagIds: number[];
  metadata: Record<string, unknown>;
} & { [K in keyof SealedKeys]: SealedKeys[K] | undefined };

export type DatasourceFilters = {
  active?: boolean | undefined;
  namespace?: string | undefined;
  user_id?: number | undefined;
  db_source_type?: string | undefined;
  app_id?: number | undefined;
  catalogue_id?: number | undefined;
  /** In a catalogue of one of the groups of this user. */
  usable_by?: number | undefined;
  tag_name?: string | undefined;
  /** In the name or one of the descriptions. */
  text?: string | undefined;
};

export type FileChange = { add: number } | { remove: number };

type Named = { id: number; name: string };

const sorts = {
  id: "t.id",
  name: inNaturalOrder("t.name"),
  short_description: "t.short_description",
  db_source_type: "t.db_source_type",
  embed_vendor: "t.embed_vendor",
  privacy_score: "t.privacy_score",
  active: "t.active",
  created_at: "t.created_at",
  updated_at: "t.updated_at",
};
export const datasourceSorts = Object.keys(sorts);

export type DatasourceStore = {
  list(query: ListQuery, filters: DatasourceFilters): Promise<Page<Datasource>>;
  find(id: number): Promise<Datasource | undefined>;
  sealedKeys(id: number): Promise<SealedKeys | undefined>;
  /** Locks the row for the transaction and says as of when it is; undefined when it is gone. */
  lock(tx: Tx, id: number): Promise<{ updatedAt: Date } | undefined>;
  insert(tx: Tx, row: DatasourceRow): Promise<Datasource>;
  update(tx: Tx, id: number, row: DatasourceRow): Promise<Datasource>;
  /** @returns how many there were. */
  delete(tx: Tx, id: number): Promise<number>;
  /** @throws AppError not_found for a file that does not exist. */
  changeFiles(tx: Tx, id: number, change: FileChange): Promise<Datasource>;
  /** The first tag of each name; those that do not exist are created. */
  tagsNamed(tx: Tx, names: string[]): Promise<{ ids: number[]; created: Tag[] }>;
  dependents(id: number): Promise<{ apps: Named[]; catalogues: Named[]; total: number }>;
  /** Names that begin like this one, in a namespace. */
  namesLike(prefix: string, namespace: string): Promise<string[]>;
};

export function createDatasourceStore(db: Db, counts: Counts): DatasourceStore {
  const listing = createListing<Datasource, DatasourceFilters>(
    { db, counts },
    {
      kinds: ["datasource", "app", "tag", "data_catalogue", "group", "user"],
      from: "datasources t",
      select: columns,
      sorts,
      search: ["t.name", "t.slug", "t.short_description", "t.long_description"],
      filters: {
        active: "t.active = ?",
        catalogue_id: "EXISTS (SELECT 1 FROM catalogue_datasources c WHERE c.datasource_id = t.id AND c.catalogue_id = ?)",
        usable_by: `EXISTS (SELECT 1 FROM catalogue_datasources c JOIN group_catalogues g ON g.catalogue_id = c.catalogue_id
          JOIN user_groups u ON u.group_id = g.group_id WHERE c.datasource_id = t.id AND u.user_id = ?)`,
        namespace: "t.namespace = ?",
        user_id: "t.user_id = ?",
        db_source_type: "t.db_source_type = ?",
        app_id: "EXISTS (SELECT 1 FROM app_datasources a WHERE a.datasource_id = t.id AND a.app_id = ?)",
        tag_name:
          "EXISTS (SELECT 1 FROM datasource_tags a JOIN tags g ON g.id = a.tag_id WHERE a.datasource_id = t.id AND lower(g.name) = lower(?))",
        text: "strpos(lower(t.name || chr(10) || t.short_description || chr(10) || t.long_description), lower(?)) > 0",
      },
    },
  );

  /** As it is within the transaction. */
  async function read(tx: Tx, id: number): Promise<Datasource> {
    const [row] = await tx.$queryRawUnsafe<Datasource[]>(`SELECT ${columns} FROM datasources t WHERE t.id = $1`, id);
    if (!row) throw new Error(`data source ${id} is gone in the transaction that wrote it`);
    return withDates(row);
  }

  async function checkOwner(tx: Tx, { userId }: DatasourceRow): Promise<void> {
    if (userId !== null && !(await tx.user.findUnique({ where: { id: userId }, select: { id: true } })))
      throw invalid("user_id", `there is no user ${userId}`);
  }

  async function setTags(tx: Tx, id: number, tagIds: number[]): Promise<void> {
    await tx.datasourceTag.deleteMany({ where: { datasourceId: id, tagId: { notIn: tagIds } } });
    await tx.datasourceTag.createMany({ data: tagIds.map((tagId) => ({ datasourceId: id, tagId })), skipDuplicates: true });
  }

  return {
    async list(query, filters) {
      const page = await listing.page(query, filters);
      return { ...page, items: page.items.map(withDates) };
    },

    async find(id) {
      const { rows } = await db.sql.query<Datasource>(`SELECT ${columns} FROM datasources t WHERE t.id = $1`, [id]);
      return rows[0] && withDates(rows[0]);
    },

    sealedKeys: async (id) =>
      (await db.prisma.datasource.findUnique({ where: { id }, select: { dbConnApiKeySealed: true, embedApiKeySealed: true } })) ??
      undefined,

    async lock(tx, id) {
      const rows = await tx.$queryRaw<{ updatedAt: Date }[]>`SELECT updated_at AS "updatedAt" FROM datasources WHERE id = ${id} FOR UPDATE`;
      return rows[0];
    },

    async insert(tx, row) {
      await checkOwner(tx, row);
      const { id } = await tx.datasource
        .create({
          data: { ...toColumns(row), dbConnApiKeySealed: row.dbConnApiKeySealed ?? null, embedApiKeySealed: row.embedApiKeySealed ?? null },
          select: { id: true },
        })
        .catch(onNameTaken(row.name));
      await setTags(tx, id, row.tagIds);
      return read(tx, id);
    },

    async update(tx, id, row) {
      await checkOwner(tx, row);
      const { dbConnApiKeySealed, embedApiKeySealed } = row;
      await tx.datasource
        .update({
          where: { id },
          data: {
            ...toColumns(row),
            ...(dbConnApiKeySealed === undefined ? {} : { dbConnApiKeySealed }),
            ...(embedApiKeySealed === undefined ? {} : { embedApiKeySealed }),
          },
          select: { id: true },
        })
        .catch(onNameTaken(row.name));
      await setTags(tx, id, row.tagIds);
      return read(tx, id);
    },

    delete: async (tx, id) => (await tx.datasource.deleteMany({ where: { id } })).count,

    async changeFiles(tx, id, change) {
      if ("remove" in change) {
        await tx.datasourceFile.deleteMany({ where: { datasourceId: id, fileStoreId: change.remove } });
      } else {
        if (!(await tx.fileStore.findUnique({ where: { id: change.add }, select: { id: true } })))
          throw invalid("filestore_id", `there is no file ${change.add}`);
        await tx.datasourceFile.createMany({ data: [{ datasourceId: id, fileStoreId: change.add }], skipDuplicates: true });
      }
      await tx.datasource.update({ where: { id }, data: { updatedAt: new Date() }, select: { id: true } });
      return read(tx, id);
    },

    async tagsNamed(tx, names) {
      if (names.length === 0) return { ids: [], created: [] };
      const found = await tx.tag.findMany({ where: { name: { in: names } }, orderBy: { id: "asc" } });
      const absent = names.filter((name) => !found.some((tag) => tag.name === name));
      const created = await tx.tag.createManyAndReturn({ data: absent.map((name) => ({ name })) });
      const first = (name: string) => [...found, ...created].find((tag) => tag.name === name)?.id;
      return { ids: names.flatMap((name) => first(name) ?? []), created };
    },

    async dependents(id) {
      const where = { isSystem: false, datasources: { some: { datasourceId: id } } };
      // Everything is in the default one.
      const inCatalogue = { isDefault: false, datasources: { some: { datasourceId: id } } };
      const first = { select: { id: true, name: true }, orderBy: { name: "asc" }, take: 100 } as const;
      const [apps, appCount, catalogues, catalogueCount] = await Promise.all([
        db.prisma.app.findMany({ where, ...first }),
        db.prisma.app.count({ where }),
        db.prisma.catalogue.findMany({ where: inCatalogue, ...first }),
        db.prisma.catalogue.count({ where: inCatalogue }),
      ]);
      return { apps, catalogues, total: appCount + catalogueCount };
    },

    async namesLike(prefix, namespace) {
      const rows = await db.prisma.datasource.findMany({ where: { namespace, name: { startsWith: prefix } }, select: { name: true } });
      return rows.map(({ name }) => name);
    },
  };
}

const onNameTaken = (name: string) =>
  onUnique(() =>
    conflict(
      `The gateway path /datasource/${slugify(name)}, made from "${name}", is used by another data source of this namespace.`,
      "name",
    ),
  );

const columns = selectAs<Datasource>({
  id: "t.id",
  name: "t.name",
  slug: "t.slug",
  shortDescription: "t.short_description",
  longDescription: "t.long_description",
  icon: "t.icon",
  url: "t.url",
  privacyScore: "t.privacy_score",
  userId: "t.user_id",
  tags: `(SELECT coalesce(json_agg(json_build_object('id', g.id, 'name', g.name, 'createdAt', g.created_at, 'updatedAt', g.updated_at)
    ORDER BY g.name, g.id), '[]') FROM datasource_tags a JOIN tags g ON g.id = a.tag_id WHERE a.datasource_id = t.id)`,
  dbConnString: "t.db_conn_string",
  dbSourceType: "t.db_source_type",
  hasDbConnApiKey: "t.db_conn_api_key_sealed IS NOT NULL",
  dbConnApiKeyReference: "CASE WHEN t.db_conn_api_key_sealed LIKE '$%' THEN t.db_conn_api_key_sealed ELSE '' END",
  dbName: "t.db_name",
  embedVendor: "t.embed_vendor",
  embedUrl: "t.embed_url",
  hasEmbedApiKey: "t.embed_api_key_sealed IS NOT NULL",
  embedApiKeyReference: "CASE WHEN t.embed_api_key_sealed LIKE '$%' THEN t.embed_api_key_sealed ELSE '' END",
  embedModel: "t.embed_model",
  active: "t.active",
  namespace: "t.namespace",
  files: `(SELECT coalesce(json_agg(json_build_object('id', f.id, 'fileName', f.file_name, 'description', f.description, 'length', f.length,
    'lastProcessedAt', f.last_processed_at) ORDER BY f.id), '[]')
    FROM datasource_file_stores a JOIN file_stores f ON f.id = a.file_store_id WHERE a.datasource_id = t.id)`,
  metadata: "t.metadata",
  createdAt: "t.created_at",
  updatedAt: "t.updated_at",
});

/** JSON that PostgreSQL builds has times as text. */
const withDates = (row: Datasource): Datasource => ({
  ...row,
  tags: row.tags.map((tag) => ({ ...tag, createdAt: new Date(tag.createdAt), updatedAt: new Date(tag.updatedAt) })),
});

const toColumns = (row: DatasourceRow) => ({
  name: row.name,
  slug: slugify(row.name),
  shortDescription: row.short_description,
  longDescription: row.long_description,
  icon: row.icon,
  url: row.url,
  privacyScore: row.privacy_score,
  userId: row.userId,
  dbConnString: row.db_conn_string,
  dbSourceType: row.db_source_type,
  dbName: row.db_name,
  embedVendor: row.embed_vendor,
  embedUrl: row.embed_url,
  embedModel: row.embed_model,
  active: row.active,
  namespace: row.namespace,
  metadata: row.metadata as object,
});
