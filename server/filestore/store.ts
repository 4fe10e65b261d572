import { defined } from "@portico/core";
import type { Db, Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import { createListing, selectAs } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import type { StoredFile } from "./wire.ts";

export type FileFilters = { text?: string | undefined };
export type FileRow = { fileName: string; description: string; content: Buffer };

type Named = { id: number; name: string };

export type FileStore = {
  list(query: ListQuery, filters: FileFilters): Promise<Page<StoredFile>>;
  find(id: number): Promise<StoredFile | undefined>;
  findContent(id: number): Promise<{ fileName: string; content: Buffer } | undefined>;
  insert(tx: Tx, row: FileRow): Promise<StoredFile>;
  /** Writes what is named. */
  update(tx: Tx, id: number, row: Partial<FileRow>): Promise<StoredFile>;
  /** @returns how many there were. */
  delete(tx: Tx, id: number): Promise<number>;
  /** What has the file among its documents. */
  dependents(id: number): Promise<{ tools: Named[]; datasources: Named[]; total: number }>;
};

const sorts = { id: "t.id", file_name: "t.file_name", length: "t.length", created_at: "t.created_at", updated_at: "t.updated_at" };
export const fileSorts = Object.keys(sorts);

const select = { id: true, fileName: true, description: true, length: true, lastProcessedAt: true } as const;

export function createFileStore(db: Db, counts: Counts): FileStore {
  const listing = createListing<StoredFile, FileFilters>(
    { db, counts },
    {
      kinds: ["file_store"],
      from: "file_stores t",
      select: selectAs<StoredFile>({
        id: "t.id",
        fileName: "t.file_name",
        description: "t.description",
        length: "t.length",
        lastProcessedAt: "t.last_processed_at",
      }),
      sorts,
      search: ["t.file_name", "t.description"],
      filters: { text: "strpos(lower(t.file_name || chr(10) || t.description), lower(?)) > 0" },
    },
  );
  const columns = ({ content, ...row }: Partial<FileRow>) =>
    defined({ ...row, ...(content ? { content: Uint8Array.from(content), length: content.length } : {}) });

  return {
    list: listing.page,
    find: async (id) => (await db.prisma.fileStore.findUnique({ where: { id }, select })) ?? undefined,
    async findContent(id) {
      const row = await db.prisma.fileStore.findUnique({ where: { id }, select: { fileName: true, content: true } });
      return row ? { fileName: row.fileName, content: Buffer.from(row.content) } : undefined;
    },
    insert: (tx, { fileName, description, content }) =>
      tx.fileStore.create({
        data: { fileName, description, content: Uint8Array.from(content), length: content.length },
        select,
      }),
    update: (tx, id, row) => tx.fileStore.update({ where: { id }, data: columns(row), select }),
    delete: async (tx, id) => (await tx.fileStore.deleteMany({ where: { id } })).count,
    async dependents(id) {
      const where = { files: { some: { fileStoreId: id } } };
      const first = { where, select: { id: true, name: true }, orderBy: { name: "asc" }, take: 100 } as const;
      const [tools, toolCount, datasources, datasourceCount] = await Promise.all([
        db.prisma.tool.findMany(first),
        db.prisma.tool.count({ where }),
        db.prisma.datasource.findMany(first),
        db.prisma.datasource.count({ where }),
      ]);
      return { tools, datasources, total: toolCount + datasourceCount };
    },
  };
}
