import { z } from "zod";
import { resourceOf } from "../../http/contract.ts";
import { ToolDocument } from "./document.ts";

const Schema = z.record(z.string(), z.unknown());

const Parameter = z.object({
  name: z.string(),
  in: z.enum(["path", "query", "header", "cookie"]),
  required: z.boolean(),
  description: z.string(),
  style: z.string(),
  explode: z.boolean(),
  content_type: z.string().nullable(),
  schema: Schema,
  example: z.unknown().optional(),
});

const Content = z.object({ type: z.string(), schema: Schema, example: z.unknown().optional() });

/** An operation of a document, with all its references resolved. */
export const ToolOperationShape = z.object({
  operation_id: z.string(),
  method: z.string(),
  path: z.string(),
  summary: z.string(),
  description: z.string(),
  deprecated: z.boolean(),
  parameters: z.array(Parameter),
  body: z.object({ required: z.boolean(), description: z.string(), contents: z.array(Content) }).nullable(),
});
export type ToolOperationShape = z.infer<typeof ToolOperationShape>;

export const SecuritySchemeShape = z.object({
  name: z.string(),
  type: z.enum(["apiKey", "bearer", "basic", "oauth2", "unsupported"]),
  /** Where the key goes and how it is entered, in a sentence. */
  use: z.string(),
  description: z.string(),
});
export type SecuritySchemeShape = z.infer<typeof SecuritySchemeShape>;

/** What a document offers. */
export const DefinitionAttributes = z.object({
  title: z.string(),
  document_version: z.string(),
  description: z.string(),
  servers: z.array(z.string()),
  security_schemes: z.array(SecuritySchemeShape),
  operations: z.array(ToolOperationShape),
});
export type DefinitionAttributes = z.infer<typeof DefinitionAttributes>;

export const DefinitionResource = resourceOf("tool-definitions", DefinitionAttributes);

export const DocumentFaultShape = z.object({
  severity: z.enum(["error", "warning"]),
  line: z.number().nullable(),
  column: z.number().nullable(),
  path: z.string(),
  message: z.string(),
});

/** A document to look at before a tool is made of it: itself, or where it is. */
export const DocumentCheck = z
  .strictObject({ oas_spec: ToolDocument.optional(), url: z.string().trim().min(1, "must not be empty").max(2000).optional() })
  .refine(({ oas_spec, url }) => (oas_spec === undefined) !== (url === undefined), {
    message: "is required, or url, and not both",
    path: ["oas_spec"],
  });

/** What is known of a document. */
export const CheckedDocument = z.object({
  valid: z.boolean(),
  /** `3.1.0`, or `Swagger 2.0`; "" for one that is not valid. */
  dialect: z.string(),
  faults: z.array(DocumentFaultShape),
  definition: DefinitionAttributes.nullable(),
  /** The document's text, for one that was fetched; null otherwise. */
  text: z.string().nullable(),
  /** Where calls would go if the document's server is relative to its address; "" otherwise. */
  base_url: z.string(),
});
export type CheckedDocument = z.infer<typeof CheckedDocument>;
export const CheckedDocumentResource = resourceOf("tool-documents", CheckedDocument);
