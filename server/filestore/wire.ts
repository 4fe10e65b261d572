import type { FileStoreAttributes, FileStoreResource } from "./contract.ts";

/** A file without its content. */
export type StoredFile = { id: number; fileName: string; description: string; length: number; lastProcessedAt: Date | string | null };

const never = "0001-01-01T00:00:00Z";

export const toAttributes = (file: StoredFile): FileStoreAttributes => ({
  file_name: file.fileName,
  description: file.description,
  length: file.length,
  last_processed_on: file.lastProcessedAt === null ? never : new Date(file.lastProcessedAt).toISOString(),
});

export const toResource = (file: StoredFile): FileStoreResource => ({
  type: "filestore",
  id: String(file.id),
  attributes: toAttributes(file),
});
