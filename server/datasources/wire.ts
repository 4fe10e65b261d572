import { toResource as toFileResource } from "../filestore/wire.ts";
import { toResource as toTagResource } from "../tags/wire.ts";
import { type DatasourceAttributes, type DatasourceResource, redacted } from "./contract.ts";
import type { Datasource } from "./store.ts";

/** What the API, plugins and events may see of a data source. */
export const toAttributes = (source: Datasource): DatasourceAttributes => ({
  name: source.name,
  slug: source.slug,
  short_description: source.shortDescription,
  long_description: source.longDescription,
  icon: source.icon,
  url: source.url,
  privacy_score: source.privacyScore,
  user_id: source.userId ?? 0,
  tags: source.tags.map(toTagResource),
  db_conn_string: source.dbConnString,
  db_source_type: source.dbSourceType,
  db_conn_api_key: source.hasDbConnApiKey ? redacted : "",
  has_db_conn_api_key: source.hasDbConnApiKey,
  db_conn_api_key_reference: source.dbConnApiKeyReference,
  db_name: source.dbName,
  embed_vendor: source.embedVendor,
  embed_url: source.embedUrl,
  embed_api_key: source.hasEmbedApiKey ? redacted : "",
  has_embed_api_key: source.hasEmbedApiKey,
  embed_api_key_reference: source.embedApiKeyReference,
  embed_model: source.embedModel,
  active: source.active,
  namespace: source.namespace,
  files: source.files.map(toFileResource),
  metadata: source.metadata,
  created_at: source.createdAt.toISOString(),
  updated_at: source.updatedAt.toISOString(),
});

export const toResource = (source: Datasource): DatasourceResource => ({
  type: "datasources",
  id: String(source.id),
  attributes: toAttributes(source),
});
