import { notFound } from "@portico/core";
import type { Actor } from "../auth/actor.ts";
import { type Db, isMissing } from "../db/client.ts";
import { record } from "../db/journal.ts";
import { allPages, type ListQuery, type Page } from "../db/paging.ts";
import { checkFile } from "./content.ts";
import type { FilePatch } from "./contract.ts";
import type { FileRow, FileStore } from "./store.ts";
import { type StoredFile, toAttributes } from "./wire.ts";

export type FileService = {
  list(query: ListQuery): Promise<Page<StoredFile>>;
  /** All with the text in their name or description. */
  search(text: string): Promise<StoredFile[]>;
  get(id: number): Promise<StoredFile>;
  content(id: number): Promise<{ fileName: string; content: Buffer }>;
  create(actor: Actor, file: FileRow): Promise<StoredFile>;
  update(actor: Actor, id: number, patch: FilePatch): Promise<StoredFile>;
  delete(actor: Actor, id: number): Promise<void>;
  dependents(id: number): ReturnType<FileStore["dependents"]>;
};

export function createFileService({ db, store }: { db: Db; store: FileStore }): FileService {
  async function get(id: number): Promise<StoredFile> {
    const file = await store.find(id);
    if (!file) throw notFound("File");
    return file;
  }

  async function content(id: number) {
    const file = await store.findContent(id);
    if (!file) throw notFound("File");
    return file;
  }

  return {
    list: (query) => store.list(query, {}),
    search: (text) => allPages((list) => store.list(list, { text })),
    get,
    content,

    async create(actor, file) {
      checkFile(file.fileName, file.content);
      return db.transaction(async (tx) => {
        const stored = await store.insert(tx, file);
        const object = { id: stored.id, ...toAttributes(stored) };
        await record(tx, { kind: "file_store", action: "created", id: stored.id, actor, object, changes: toAttributes(stored) });
        return stored;
      });
    },

    async update(actor, id, { file_name, description, content: base64 }) {
      const before = await content(id);
      const replaced = base64 === undefined ? undefined : Buffer.from(base64, "base64");
      checkFile(file_name ?? before.fileName, replaced ?? before.content);
      return db.transaction(async (tx) => {
        const row = { fileName: file_name, description, content: replaced };
        const stored = await store.update(tx, id, row as Partial<FileRow>).catch((error: unknown) => {
          throw isMissing(error) ? notFound("File") : error;
        });
        const object = { id, ...toAttributes(stored) };
        const changes = { file_name, description, ...(replaced ? { length: replaced.length } : {}) };
        await record(tx, { kind: "file_store", action: "updated", id, actor, object, changes });
        return stored;
      });
    },

    async delete(actor, id) {
      const { fileName } = await get(id);
      await db.transaction(async (tx) => {
        if ((await store.delete(tx, id)) === 0) throw notFound("File");
        await record(tx, { kind: "file_store", action: "deleted", id, actor, changes: { file_name: fileName } });
      });
    },

    async dependents(id) {
      await get(id);
      return store.dependents(id);
    },
  };
}
