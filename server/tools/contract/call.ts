import { z } from "zod";
import { must } from "../../fields/contract.ts";

const Named = z.record(z.string().min(1).max(200), z.unknown(), { error: must("an object") });
const OperationName = z
  .string({ error: must("the operationId of an operation") })
  .min(1, "is required")
  .max(200);

/** One call of an operation. Lists hold the values of a parameter, as in `{"status": ["open"]}`; plain values count as lists of one. */
export const ToolCallInput = z.strictObject({
  operation_id: OperationName,
  parameters: Named.nullish().transform((value) => value ?? {}),
  /** JSON for most bodies; text, or `{"content_base64": "..."}` for bytes, where the document says so. */
  payload: z.unknown().optional(),
  headers: Named.nullish().transform((value) => value ?? {}),
  /** Which of the body's types; the most usual one without it. */
  content_type: z.string().max(200).optional(),
});
export type ToolCallInput = z.infer<typeof ToolCallInput>;

const Texts = z.record(z.string(), z.string());

/** What a call sent and what came back. */
export const ToolTrial = z.object({
  result: z.enum(["answered", "failed"]),
  duration_ms: z.number(),
  /** As it was sent, with secrets redacted; null when nothing was sent. */
  request: z.object({ method: z.string(), url: z.string(), headers: Texts, body: z.string().nullable() }).nullable(),
  response: z
    .object({
      status: z.number(),
      headers: Texts,
      body: z.string(),
      /** Of the body: bytes that are no text are base64. */
      encoding: z.enum(["text", "base64"]),
      bytes: z.number(),
    })
    .nullable(),
  /** Why there is no response. */
  fault: z.object({ kind: z.string(), message: z.string() }).nullable(),
});
export type ToolTrial = z.infer<typeof ToolTrial>;
