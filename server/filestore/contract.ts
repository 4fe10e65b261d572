import { z } from "zod";
import { resourceOf } from "../http/contract.ts";

export const FileStoreAttributes = z.object({
  file_name: z.string(),
  description: z.string(),
  /** Bytes of the file. */
  length: z.number(),
  /** When its text was last put into a data source; `0001-01-01T00:00:00Z` before that. */
  last_processed_on: z.string(),
});
export type FileStoreAttributes = z.infer<typeof FileStoreAttributes>;

export const FileStoreResource = resourceOf("filestore", FileStoreAttributes);
export type FileStoreResource = z.infer<typeof FileStoreResource>;
