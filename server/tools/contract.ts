import { slugify } from "@portico/core";
import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { emptyList, Flag, faultOfHttpUrl, must, Namespace, redacted, text } from "../fields/contract.ts";
import { FileStoreResource } from "../filestore/contract.ts";
import { resourceOf } from "../http/contract.ts";
import { SecretValue } from "../secrets/contract/reference.ts";
import { maxDocumentBytes, ToolDocument } from "./contract/document.ts";

export { redacted };

/** Longest body that carries a document. */
export const maxToolBodyBytes = 2 * maxDocumentBytes;

const BaseUrl = text(2000).superRefine((value, ctx) => {
  const fault = value === "" ? undefined : (faultOfHttpUrl(value) ?? (value.includes("?") ? "must not have a query (?...)" : undefined));
  if (fault) ctx.addIssue({ code: "custom", message: `${fault}, e.g. https://api.example.com/v2` });
});

export const OperationId = text(200).min(1, "must not be empty");

export const ToolFields = {
  name: text(120)
    .min(1, "is required")
    .refine((name) => slugify(name) !== "", "needs at least one letter from a to z or a digit: the gateway path is made from it"),
  /** Read by people, and by models that decide whether to call the tool. */
  description: text(20_000),
  tool_type: z.enum(["REST"], { error: must("REST") }),
  /** Base64 of an OpenAPI 3 or Swagger 2 document, JSON or YAML. A request may also send the document itself. */
  oas_spec: ToolDocument,
  /** The operations that may be called, by operationId. */
  operations: z
    .array(OperationId, { error: must("a list of operationIds") })
    .max(1000, "must have at most 1000 operations")
    .transform((ids) => [...new Set(ids)]),
  /** Where calls go instead of the document's first server, and the only way to an address inside your network. */
  base_url: BaseUrl,
  privacy_score: z
    .number("must be a number")
    .int("must be a whole number")
    .min(0, "must be from 0 to 100")
    .max(100, "must be from 0 to 100"),
  /** Write-only: shown as `[redacted]`. */
  auth_key: SecretValue(8000),
  /** The document's security scheme that the key is for. */
  auth_schema_name: text(200),
  active: Flag,
  namespace: Namespace,
};

const defaults = {
  description: "",
  tool_type: "REST" as const,
  /** All of the document. */
  operations: undefined,
  base_url: "",
  privacy_score: 0,
  auth_key: "",
  auth_schema_name: "",
  active: true,
  namespace: "",
};

/** Relations have addresses of their own. */
const none = { filters: emptyList("filters") };

/** A new tool, as a caller sends it and as plugins see it. Without `operations` all of the document may be called. */
export const ToolDraft = draftOf({ ...ToolFields, ...none }, defaults);
export type ToolDraft = z.infer<typeof ToolDraft>;

const Needed = resourceOf("tools", z.object({ name: z.string(), slug: z.string(), description: z.string(), active: z.boolean() }));

export const ToolAttributes = attributesOf(ToolFields, {
  /** Last part of the tool's path on gateways; follows from the name. */
  slug: z.string(),
  has_auth_key: z.boolean(),
  /** What the key refers to, e.g. `$SECRET/TICKETS_KEY`; "" for a key of its own. */
  auth_key_reference: z.string(),
  file_stores: z.array(FileStoreResource),
  filters: z.array(z.never()),
  /** Tools that this one needs. */
  dependencies: z.array(Needed),
  /** What plugins keep with the tool. */
  metadata: z.record(z.string(), z.unknown()),
  ...timestamps,
});
export type ToolAttributes = z.infer<typeof ToolAttributes>;

const shape = { shown: ToolAttributes, fixed: ["slug"] };

export const ToolPatch = patchOf({ ...ToolFields, ...none }, shape);
export type ToolPatch = z.infer<typeof ToolPatch>;

/** Without `auth_key` the stored key stays. */
export const ToolReplacement = replacementOf({ ...ToolFields, ...none }, { ...defaults, auth_key: undefined }, shape);

export const ToolResource = resourceOf("tools", ToolAttributes);
export type ToolResource = z.infer<typeof ToolResource>;
