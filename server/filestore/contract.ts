import { z } from "zod";
import { attributesOf, patchOf, replacementOf } from "../fields/contract/resource.ts";
import { text } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";

export const maxFileBytes = 10 * 1024 * 1024;
/** Base64 takes four characters for three bytes. */
export const maxFileBodyBytes = Math.ceil((maxFileBytes * 4) / 3) + 64 * 1024;

const FileFields = {
  file_name: text(255)
    .min(1, "is required")
    .regex(/^[^/\\\p{Cc}]+$/u, "must be a name without slashes or control characters"),
  description: text(2000),
  /** Base64; never shown. */
  content: z.string("must be base64").regex(/^[A-Za-z0-9+/]*={0,2}$/, "must be base64"),
};

export const UploadedFile = z.object({ file_name: FileFields.file_name, description: FileFields.description });

/** A form that uploads a file. */
export const FileUpload = z.object({
  file: z.unknown().meta({ type: "string", format: "binary", description: `At most ${maxFileBytes / 1024 / 1024} MiB.` }),
  description: FileFields.description.default(""),
});

const { content: _content, ...shownFields } = FileFields;
export const FileStoreAttributes = attributesOf(shownFields, {
  /** Bytes of the file. */
  length: z.number(),
  /** When its text was last put into a data source; `0001-01-01T00:00:00Z` before that. */
  last_processed_on: z.string(),
});
export type FileStoreAttributes = z.infer<typeof FileStoreAttributes>;

const shape = { shown: FileStoreAttributes };

export const FilePatch = patchOf(FileFields, shape);
export type FilePatch = z.infer<typeof FilePatch>;

/** Without `content` the stored one stays. */
export const FileReplacement = replacementOf(FileFields, { description: "", content: undefined }, shape);

export const FileStoreResource = resourceOf("filestore", FileStoreAttributes);
export type FileStoreResource = z.infer<typeof FileStoreResource>;
