import { slugify } from "@portico/core";
import { type Hookable, hookable } from "../plugins/hooks/hookable.ts";
import { type Guard, isChanged } from "../plugins/hooks/policy.ts";
import { referenceIn } from "../secrets/contract/reference-text.ts";
import { DatasourceDraft, DatasourceFields, redacted } from "./contract.ts";
import { checkConnections } from "./rules.ts";
import type { Datasource } from "./store.ts";
import { toAttributes } from "./wire.ts";

/** Each of these decides which host gets a key of the data source, or whose it is. */
const keyTarget: Guard = { scope: "datasources.write", needs: isChanged };

const referenceOf = (key: string, stored = ""): string => (key === redacted ? stored : referenceIn(key) ? key : "");

/** Data sources for plugins to judge and change. Keys are not theirs to see or change, and neither is where they are sent. */
export const hookableDatasource: Hookable<Datasource, DatasourceDraft> = hookable<Datasource, DatasourceDraft>({
  kind: "datasource",
  fields: DatasourceFields,
  schema: DatasourceDraft,
  // Tags and files are shown as the reference shows them.
  show: (source) => ({
    id: source.id,
    ...toAttributes(source),
    tags: source.tags.map(({ id, name }) => ({ id, name })),
    files: source.files,
  }),
  derive: (draft, before) => ({
    slug: slugify(draft.name),
    user_id: draft.user_id ?? before?.userId ?? 0,
    tags: draft.tags.map((name) => ({ id: before?.tags.find((tag) => tag.name === name)?.id ?? 0, name })),
    files: before?.files ?? [],
    has_db_conn_api_key: draft.db_conn_api_key === redacted ? (before?.hasDbConnApiKey ?? false) : draft.db_conn_api_key !== "",
    has_embed_api_key: draft.embed_api_key === redacted ? (before?.hasEmbedApiKey ?? false) : draft.embed_api_key !== "",
    db_conn_api_key_reference: referenceOf(draft.db_conn_api_key, before?.dbConnApiKeyReference),
    embed_api_key_reference: referenceOf(draft.embed_api_key, before?.embedApiKeyReference),
  }),
  secretFields: ["db_conn_api_key", "embed_api_key"],
  guards: {
    db_conn_string: keyTarget,
    db_source_type: keyTarget,
    embed_vendor: keyTarget,
    embed_url: keyTarget,
    namespace: keyTarget,
    user_id: keyTarget,
  },
  read: {
    tags: (shown) =>
      Array.isArray(shown) ? shown.map((tag) => (typeof tag === "object" && tag !== null && "name" in tag ? tag.name : tag)) : shown,
  },
  check: checkConnections,
  spelling: {
    names: { Active: "active", ShortDescription: "short_description", LongDescription: "long_description", PrivacyScore: "privacy_score" },
    unread: ["community_submitted", "submission_id"],
  },
});
