import { z } from "zod";
import { text } from "../../fields/contract.ts";
import { resourceOf } from "../../http/contract.ts";

/** Largest file that can be uploaded. */
export const maxFileBytes = 10 * 1024 * 1024;

export const DocumentUpload = z.strictObject({
  file_name: text(255).min(1, "is required"),
  /** The file, as text or as the base64 of its bytes. */
  content: z
    .string("must be text")
    .min(1, "must not be empty")
    .max(Math.ceil(maxFileBytes / 3) * 4, "is larger than 10 MiB"),
  encoding: z.enum(["text", "base64"], { error: "must be text or base64" }).default("text"),
});

export const DatasourceQuery = z.strictObject({
  query: text(8000).min(1, "is required"),
  max_results: z
    .number("must be a number")
    .int("must be a whole number")
    .min(1, "must be from 1 to 100")
    .max(100, "must be from 1 to 100")
    .default(5),
  similarity_threshold: z.number("must be a number").min(-1, "must be from -1 to 1").max(1, "must be from -1 to 1").default(0),
});

export const QueryResult = z.object({ content: z.string(), similarity_score: z.number(), metadata: z.record(z.string(), z.string()) });

export const IngestionResource = resourceOf(
  "datasource-ingestions",
  z.object({
    status: z.enum(["queued", "running", "completed", "failed", "cancelled"]),
    files_total: z.number(),
    files_done: z.number(),
    chunks_stored: z.number(),
    /** What could not be read, a sentence for each file. */
    faults: z.array(z.string()),
    created_at: z.string(),
    finished_at: z.string().nullable(),
  }),
);
