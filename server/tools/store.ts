import { conflict, invalid, slugify } from "@portico/core";
import type { ToolDefinition } from "@portico/tool-executor/definition";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Prisma } from "../db/generated/client.ts";
import { createListing, inNaturalOrder, selectAs } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import type { StoredFile } from "../filestore/wire.ts";
import { referenceIn } from "../secrets/contract/reference-text.ts";
import type { ToolDraft } from "./contract.ts";

/** A tool without its key and without what calls need of its document. */
export type Tool = {
  id: number;
  name: string;
  slug: string;
  description: string;
  toolType: "REST";
  /** The document's text; "" in lists that leave documents out. */
  spec: string;
  operations: string[];
  baseUrl: string;
  privacyScore: number;
  hasAuthKey: boolean;
  /** The secret that the key is, as `$SECRET/NAME`; "" for a key of its own. */
  authKeyReference: string;
  authSchemaName: string;
  active: boolean;
  namespace: string;
  metadata: Record<string, unknown>;
  files: StoredFile[];
  dependencies: { id: number; name: string; slug: string; description: string; active: boolean }[];
  createdAt: Date;
  updatedAt: Date;
};

/** What a call needs. */
export type CallableTool = {
  id: number;
  name: string;
  slug: string;
  active: boolean;
  definition: ToolDefinition;
  operations: string[];
  baseUrl: string;
  /** Sealed or a reference; null without one. */
  authKeySealed: string | null;
  authSchemaName: string;
};

/** What is written: the key as it is stored (undefined keeps that of before), and the document as its text and what calls need of it. */
export type ToolRow = Omit<ToolDraft, "auth_key" | "oas_spec" | "operations"> & {
  spec: string;
  definition: ToolDefinition;
  operations: string[];
  storedAuthKey: string | null | undefined;
  metadata: Record<string, unknown>;
};

export type ToolFilters = {
  tool_type?: string | undefined;
  active?: boolean | undefined;
  namespace?: string | undefined;
  app_id?: number | undefined;
  catalogue_id?: number | undefined;
  /** In a catalogue of one of the groups of this user. */
  usable_by?: number | undefined;
  /** In the name or the description. */
  text?: string | undefined;
};

export type ToolRelation = "dependencies" | "file_stores";

const sorts = {
  id: "t.id",
  name: inNaturalOrder("t.name"),
  description: "t.description",
  tool_type: "t.tool_type",
  privacy_score: "t.privacy_score",
  active: "t.active",
  created_at: "t.created_at",
  updated_at: "t.updated_at",
};
export const toolSorts = Object.keys(sorts);

export type ToolStore = {
  /** @param slim leaves documents out. */
  list(query: ListQuery, filters: ToolFilters, slim: boolean): Promise<Page<Tool>>;
  find(id: number): Promise<Tool | undefined>;
  findCallable(id: number): Promise<CallableTool | undefined>;
  /** Locks the row for the transaction and says as of when it is; undefined when it is gone. */
  lock(tx: Tx, id: number): Promise<{ updatedAt: Date } | undefined>;
  insert(tx: Tx, row: ToolRow): Promise<Tool>;
  update(tx: Tx, id: number, row: ToolRow): Promise<Tool>;
  /** @returns how many there were. */
  delete(tx: Tx, id: number): Promise<number>;
  /** Files and dependencies that a tool has, replaced by these. @throws AppError for an id without a thing, and for a circle. */
  relate(tx: Tx, id: number, relation: ToolRelation, change: { set: number[] } | { add: number } | { remove: number }): Promise<Tool>;
  dependents(id: number): Promise<{ apps: Named[]; tools: Named[]; catalogues: Named[]; total: number }>;
  /** Names that begin like this one, in a namespace. */
  namesLike(prefix: string, namespace: string): Promise<string[]>;
};

type Named = { id: number; name: string };

export function createToolStore(db: Db, counts: Counts): ToolStore {
  const listingOf = (select: string) =>
    createListing<Tool, ToolFilters>(
      { db, counts },
      {
        kinds: ["tool", "app", "tool_catalogue", "group", "user"],
        from: "tools t",
        select,
        sorts,
        search: ["t.name", "t.slug", "t.description"],
        filters: {
          tool_type: "t.tool_type = ?",
          active: "t.active = ?",
          namespace: "t.namespace = ?",
          app_id: "EXISTS (SELECT 1 FROM app_tools a WHERE a.tool_id = t.id AND a.app_id = ?)",
          catalogue_id: "EXISTS (SELECT 1 FROM catalogue_tools c WHERE c.tool_id = t.id AND c.catalogue_id = ?)",
          usable_by: `EXISTS (SELECT 1 FROM catalogue_tools c JOIN group_catalogues g ON g.catalogue_id = c.catalogue_id
            JOIN user_groups u ON u.group_id = g.group_id WHERE c.tool_id = t.id AND u.user_id = ?)`,
          text: "strpos(lower(t.name || chr(10) || t.description), lower(?)) > 0",
        },
      },
    );
  const whole = listingOf(selectAs<Tool>(columns));
  const slim = listingOf(selectAs<Tool>({ ...columns, spec: "''" }));

  return {
    list: (query, filters, isSlim) => (isSlim ? slim : whole).page(query, filters),

    async find(id) {
      const { rows } = await db.sql.query<Tool>(`SELECT ${selectAs<Tool>(columns)} FROM tools t WHERE t.id = $1`, [id]);
      return rows[0];
    },

    async findCallable(id) {
      const row = await db.prisma.tool.findUnique({ where: { id }, select: callable });
      return row ? { ...row, definition: row.definition as unknown as ToolDefinition } : undefined;
    },

    async lock(tx, id) {
      const rows = await tx.$queryRaw<{ updatedAt: Date }[]>`SELECT updated_at AS "updatedAt" FROM tools WHERE id = ${id} FOR UPDATE`;
      return rows[0];
    },

    insert: async (tx, row) =>
      toTool(
        await tx.tool
          .create({ data: { ...toColumns(row), authKeySealed: row.storedAuthKey ?? null }, select: written })
          .catch(onNameTaken(row.name)),
      ),

    update: async (tx, id, row) =>
      toTool(
        await tx.tool
          .update({
            where: { id },
            data: { ...toColumns(row), ...(row.storedAuthKey === undefined ? {} : { authKeySealed: row.storedAuthKey }) },
            select: written,
          })
          .catch(onNameTaken(row.name)),
      ),

    delete: async (tx, id) => (await tx.tool.deleteMany({ where: { id } })).count,

    async relate(tx, id, relation, change) {
      if (relation === "dependencies") await changeDependencies(tx, id, change);
      else await changeFiles(tx, id, change);
      return toTool(await tx.tool.update({ where: { id }, data: { updatedAt: new Date() }, select: written }));
    },

    async dependents(id) {
      const withTool = { isSystem: false, tools: { some: { toolId: id } } };
      const needing = { dependencies: { some: { dependencyId: id } } };
      const first = { select: { id: true, name: true }, orderBy: { name: "asc" }, take: 100 } as const;
      const inCatalogue = { isDefault: false, tools: { some: { toolId: id } } };
      const [apps, appCount, tools, toolCount, catalogues, catalogueCount] = await Promise.all([
        db.prisma.app.findMany({ where: withTool, ...first }),
        db.prisma.app.count({ where: withTool }),
        db.prisma.tool.findMany({ where: needing, ...first }),
        db.prisma.tool.count({ where: needing }),
        // Everything is in the default one.
        db.prisma.catalogue.findMany({ where: inCatalogue, ...first }),
        db.prisma.catalogue.count({ where: inCatalogue }),
      ]);
      return { apps, tools, catalogues, total: appCount + toolCount + catalogueCount };
    },

    async namesLike(prefix, namespace) {
      const rows = await db.prisma.tool.findMany({ where: { namespace, name: { startsWith: prefix } }, select: { name: true } });
      return rows.map(({ name }) => name);
    },
  };
}

async function changeDependencies(tx: Tx, toolId: number, change: { set: number[] } | { add: number } | { remove: number }): Promise<void> {
  if ("remove" in change) {
    await tx.toolDependency.deleteMany({ where: { toolId, dependencyId: change.remove } });
    return;
  }
  const ids = "set" in change ? change.set : [change.add];
  if (ids.includes(toolId)) throw invalid("dependencies", "a tool cannot depend on itself");
  // Two changes at once could close a circle that neither sees.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('tool_dependencies'))`;
  const found = await tx.tool.findMany({ where: { id: { in: ids } }, select: { id: true } });
  const absent = ids.find((id) => !found.some((tool) => tool.id === id));
  if (absent !== undefined) throw invalid("dependencies", `there is no tool ${absent}`);
  const [circle] = await tx.$queryRaw<Named[]>`
    WITH RECURSIVE needed(id) AS (
      SELECT unnest(${ids}::int[]) UNION SELECT d.dependency_id FROM tool_dependencies d JOIN needed n ON d.tool_id = n.id)
    SELECT t.id, t.name FROM tools t JOIN needed n ON n.id = t.id WHERE t.id = ${toolId}`;
  if (circle) throw invalid("dependencies", `would make ${circle.name} depend on itself through other tools`);
  if ("set" in change) await tx.toolDependency.deleteMany({ where: { toolId, dependencyId: { notIn: ids } } });
  await tx.toolDependency.createMany({ data: ids.map((dependencyId) => ({ toolId, dependencyId })), skipDuplicates: true });
}

async function changeFiles(tx: Tx, toolId: number, change: { set: number[] } | { add: number } | { remove: number }): Promise<void> {
  if ("remove" in change) {
    await tx.toolFile.deleteMany({ where: { toolId, fileStoreId: change.remove } });
    return;
  }
  const ids = "set" in change ? change.set : [change.add];
  const found = await tx.fileStore.findMany({ where: { id: { in: ids } }, select: { id: true } });
  const absent = ids.find((id) => !found.some((file) => file.id === id));
  if (absent !== undefined) throw invalid("file_stores", `there is no file ${absent}`);
  if ("set" in change) await tx.toolFile.deleteMany({ where: { toolId, fileStoreId: { notIn: ids } } });
  await tx.toolFile.createMany({ data: ids.map((fileStoreId) => ({ toolId, fileStoreId })), skipDuplicates: true });
}

const onNameTaken = (name: string) =>
  onUnique(() =>
    conflict(`The gateway path /tools/${slugify(name)}, made from "${name}", is used by another tool of this namespace.`, "name"),
  );

const columns = {
  id: "t.id",
  name: "t.name",
  slug: "t.slug",
  description: "t.description",
  toolType: "t.tool_type",
  spec: "t.spec",
  operations: "t.operations",
  baseUrl: "t.base_url",
  privacyScore: "t.privacy_score",
  hasAuthKey: "t.auth_key_sealed IS NOT NULL",
  authKeyReference: "CASE WHEN t.auth_key_sealed LIKE '$%' THEN t.auth_key_sealed ELSE '' END",
  authSchemaName: "t.auth_schema_name",
  active: "t.active",
  namespace: "t.namespace",
  metadata: "t.metadata",
  files: `(SELECT coalesce(json_agg(json_build_object('id', f.id, 'fileName', f.file_name, 'description', f.description, 'length', f.length,
    'lastProcessedAt', f.last_processed_at) ORDER BY f.id), '[]')
    FROM tool_file_stores a JOIN file_stores f ON f.id = a.file_store_id WHERE a.tool_id = t.id)`,
  dependencies: `(SELECT coalesce(json_agg(json_build_object('id', d.id, 'name', d.name, 'slug', d.slug, 'description', d.description,
    'active', d.active) ORDER BY d.id), '[]') FROM tool_dependencies a JOIN tools d ON d.id = a.dependency_id WHERE a.tool_id = t.id)`,
  createdAt: "t.created_at",
  updatedAt: "t.updated_at",
};

const callable = {
  id: true,
  name: true,
  slug: true,
  active: true,
  definition: true,
  operations: true,
  baseUrl: true,
  authKeySealed: true,
  authSchemaName: true,
} satisfies Prisma.ToolSelect;

const written = {
  id: true,
  name: true,
  slug: true,
  description: true,
  toolType: true,
  spec: true,
  operations: true,
  baseUrl: true,
  privacyScore: true,
  authKeySealed: true,
  authSchemaName: true,
  active: true,
  namespace: true,
  metadata: true,
  createdAt: true,
  updatedAt: true,
  files: {
    orderBy: { fileStoreId: "asc" },
    select: { file: { select: { id: true, fileName: true, description: true, length: true, lastProcessedAt: true } } },
  },
  dependencies: {
    orderBy: { dependencyId: "asc" },
    select: { dependency: { select: { id: true, name: true, slug: true, description: true, active: true } } },
  },
} satisfies Prisma.ToolSelect;

const toTool = ({
  authKeySealed,
  toolType,
  metadata,
  files,
  dependencies,
  ...row
}: Prisma.ToolGetPayload<{ select: typeof written }>): Tool => ({
  ...row,
  toolType: toolType as Tool["toolType"],
  hasAuthKey: authKeySealed !== null,
  authKeyReference: authKeySealed !== null && referenceIn(authKeySealed) ? authKeySealed : "",
  metadata: metadata as Record<string, unknown>,
  files: files.map(({ file }) => file),
  dependencies: dependencies.map(({ dependency }) => dependency),
});

const toColumns = (row: ToolRow) => ({
  name: row.name,
  slug: slugify(row.name),
  description: row.description,
  toolType: row.tool_type,
  spec: row.spec,
  definition: row.definition as unknown as Prisma.InputJsonObject,
  operations: row.operations,
  baseUrl: row.base_url.replace(/\/+$/, ""),
  privacyScore: row.privacy_score,
  authSchemaName: row.auth_schema_name,
  active: row.active,
  namespace: row.namespace,
  metadata: row.metadata as object,
});
