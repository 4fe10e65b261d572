import { slugify } from "@portico/core";
import { embedderIds, vectorStoreIds } from "@portico/datasources/vendors";
import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { Flag, Id, must, Namespace, redacted, text } from "../fields/contract.ts";
import { FileStoreResource } from "../filestore/contract.ts";
import { resourceOf } from "../http/contract.ts";
import { SecretValue } from "../secrets/contract/reference.ts";
import { TagResource } from "../tags/contract.ts";

export { redacted };

const TagName = z
  .string({ error: must("a tag's name") })
  .trim()
  .min(1, "must not be empty")
  .max(120, "must be at most 120 characters");

/** An empty choice stands for none: the reference's clients send it for what they have not set. */
const choiceOf = <T extends string>(ids: readonly [T, ...T[]]) =>
  z
    .union([z.enum(ids), z.literal("")], { error: must(`one of ${ids.join(", ")}`) })
    .transform((id): T | undefined => (id === "" ? undefined : (id as T)));

export const DatasourceFields = {
  name: text(120)
    .min(1, "is required")
    .refine((name) => slugify(name) !== "", "needs at least one letter from a to z or a digit: the gateway path is made from it"),
  short_description: text(300),
  long_description: text(20_000),
  icon: text(500),
  /** Where people read more about it. */
  url: text(2000),
  privacy_score: z
    .number("must be a number")
    .int("must be a whole number")
    .min(0, "must be from 0 to 100")
    .max(100, "must be from 0 to 100"),
  /** The owner; 0 is none. */
  user_id: z.union([Id, z.literal(0)], { error: must("the id of a user, or 0 for no owner") }),
  /** Names of tags, or tags as answers show them; those that do not exist yet are created. */
  tags: z
    .array(z.union([TagName, z.object({ attributes: z.object({ name: TagName }) }).transform(({ attributes }) => attributes.name)]), {
      error: must("a list of tag names"),
    })
    .max(50, "must have at most 50 tags")
    .transform((names) => [...new Set(names)]),
  /** Address of the vector store, without its password. */
  db_conn_string: text(2000),
  db_source_type: choiceOf(vectorStoreIds),
  /** Password or key of the vector store. Write-only: shown as `[redacted]`. */
  db_conn_api_key: SecretValue(8000),
  /** Collection, index or table in the store. */
  db_name: text(200),
  embed_vendor: choiceOf(embedderIds),
  /** Base address of the embedder's API; "" is the vendor's own. */
  embed_url: text(2000),
  /** Write-only: shown as `[redacted]`. */
  embed_api_key: SecretValue(8000),
  embed_model: text(200),
  active: Flag,
  namespace: Namespace,
};

const defaults = {
  short_description: "",
  long_description: "",
  icon: "",
  url: "",
  privacy_score: 0,
  /** The caller. */
  user_id: undefined,
  tags: [],
  db_conn_string: "",
  db_source_type: undefined,
  db_conn_api_key: "",
  db_name: "",
  embed_vendor: undefined,
  embed_url: "",
  embed_api_key: "",
  embed_model: "",
  active: true,
  namespace: "",
};

/** A new data source, as a caller sends it and as plugins see it. Without a store and an embedder it uses the built-in ones. */
export const DatasourceDraft = draftOf(DatasourceFields, defaults).transform((draft) => ({
  ...draft,
  db_source_type: draft.db_source_type ?? ("embedded" as const),
  embed_vendor: draft.embed_vendor ?? ("local" as const),
}));
export type DatasourceDraft = z.infer<typeof DatasourceDraft>;

export const DatasourceAttributes = attributesOf(DatasourceFields, {
  /** Last part of the data source's path on gateways; follows from the name. */
  slug: z.string(),
  user_id: z.number(),
  tags: z.array(TagResource),
  db_source_type: z.string(),
  has_db_conn_api_key: z.boolean(),
  /** What the key refers to, e.g. `$SECRET/QDRANT_KEY`; "" for a key of its own. */
  db_conn_api_key_reference: z.string(),
  embed_vendor: z.string(),
  has_embed_api_key: z.boolean(),
  embed_api_key_reference: z.string(),
  files: z.array(FileStoreResource),
  /** What plugins keep with the data source. */
  metadata: z.record(z.string(), z.unknown()),
  ...timestamps,
});
export type DatasourceAttributes = z.infer<typeof DatasourceAttributes>;

const shape = { shown: DatasourceAttributes, fixed: ["slug"] };

/** `tags` replaces all. */
export const DatasourcePatch = patchOf(DatasourceFields, shape);
export type DatasourcePatch = z.infer<typeof DatasourcePatch>;

/** Without keys the stored keys stay, and without `user_id` the owner. */
export const DatasourceReplacement = replacementOf(
  DatasourceFields,
  { ...defaults, db_conn_api_key: undefined, embed_api_key: undefined },
  shape,
);

export const DatasourceResource = resourceOf("datasources", DatasourceAttributes);
export type DatasourceResource = z.infer<typeof DatasourceResource>;
