import type pg from "pg";
import type { AppRow, LlmPluginRow, LlmRow, PluginRow, PriceRow } from "./resources.ts";

/** The rows that resources are made of, by what they are asked for. Inactive ones are absent. */
export type BuilderSources = {
  llmIds(by: { slugs: readonly string[]; pluginIds: readonly number[] }): Promise<number[]>;
  llms(ids: readonly number[]): Promise<LlmRow[]>;
  llmPlugins(llmIds: readonly number[]): Promise<LlmPluginRow[]>;
  plugins(ids: readonly number[]): Promise<PluginRow[]>;
  /** Namespaces of the active LLMs that the plugins are attached to. */
  attachments(pluginIds: readonly number[]): Promise<{ pluginId: number; namespace: string }[]>;
  /** What is stored of the secrets with these names. */
  secrets(names: readonly string[]): Promise<Map<string, string | null>>;
  apps(ids: readonly number[]): Promise<AppRow[]>;
  prices(ids: readonly number[]): Promise<PriceRow[]>;
  /** Entries of the credentials whose hashes begin with one of the prefixes, by namespace of their apps. */
  buckets(prefixes: readonly string[]): Promise<{ prefix: string; namespace: string; entries: Buffer }[]>;
};

/** Of 9 KB with a million credentials: what one query reads. */
const bucketsAtOnce = 16;

export function createBuilderSources(client: pg.PoolClient): BuilderSources {
  const read = async <T extends pg.QueryResultRow>(text: string, list: readonly unknown[], ...more: unknown[]): Promise<T[]> =>
    list.length === 0 ? [] : (await client.query<T>(text, [list, ...more])).rows;

  return {
    async llmIds({ slugs, pluginIds }) {
      const bySlug = await read<{ id: number }>("SELECT id FROM llms WHERE slug = ANY($1)", slugs);
      const byPlugin = await read<{ id: number }>("SELECT DISTINCT llm_id AS id FROM llm_plugins WHERE plugin_id = ANY($1)", pluginIds);
      return [...bySlug, ...byPlugin].map(({ id }) => id);
    },
    llms: (ids) =>
      read(
        `SELECT id, name, slug, vendor, api_endpoint AS "apiEndpoint", api_key_sealed AS "apiKeySealed", default_model AS "defaultModel",
                allowed_models AS "allowedModels", allowed_endpoints AS "allowedEndpoints", key_origins AS "keyOrigins",
                monthly_budget_micro_usd AS "monthlyBudgetMicroUsd", budget_start_at AS "budgetStartAt", namespace
         FROM llms WHERE active AND id = ANY($1)`,
        ids,
      ),
    llmPlugins: (llmIds) =>
      read(
        `SELECT llm_id AS "llmId", plugin_id AS "pluginId", order_index AS "orderIndex", override_sealed AS "overrideSealed",
                secret_references AS "secretReferences"
         FROM llm_plugins WHERE is_active AND llm_id = ANY($1)`,
        llmIds,
      ),
    plugins: (ids) =>
      read(
        `SELECT id, name, slug, command, checksum, config_sealed AS "configSealed", secret_references AS "secretReferences",
                CASE WHEN cardinality(hook_types) > 0 THEN hook_types ELSE ARRAY[hook_type] END AS "hookTypes",
                ARRAY(SELECT capability FROM plugin_grants WHERE plugin_id = plugins.id ORDER BY capability) AS grants,
                approved_code_hash AS "approvedCodeHash", generation, namespace
         FROM plugins WHERE is_active AND id = ANY($1)`,
        ids,
      ),
    attachments: (pluginIds) =>
      read(
        `SELECT DISTINCT lp.plugin_id AS "pluginId", l.namespace FROM llm_plugins lp JOIN llms l ON l.id = lp.llm_id
         WHERE lp.is_active AND l.active AND lp.plugin_id = ANY($1)`,
        pluginIds,
      ),
    async secrets(names) {
      const rows = await read<{ name: string; sealed: string | null }>("SELECT name, sealed FROM secrets WHERE name = ANY($1)", names);
      return new Map(rows.map(({ name, sealed }) => [name, sealed]));
    },
    apps: (ids) =>
      read(
        `SELECT a.id, a.name, a.description, a.user_id AS "userId", u.email AS "ownerEmail", a.is_system AS "isSystem", a.metadata,
                a.monthly_budget_micro_usd AS "monthlyBudgetMicroUsd", a.budget_start_at AS "budgetStartAt", a.namespace,
                ARRAY(SELECT llm_id FROM app_llms WHERE app_id = a.id) AS "llmIds"
         FROM apps a LEFT JOIN users u ON u.id = a.user_id WHERE a.is_active AND a.id = ANY($1)`,
        ids,
      ),
    prices: (ids) =>
      read(
        `SELECT id, vendor, model_name AS "modelName", input_micro_usd_per_million AS "inputMicroUsdPerMillion",
                output_micro_usd_per_million AS "outputMicroUsdPerMillion", cache_write_micro_usd_per_million AS "cacheWriteMicroUsdPerMillion",
                cache_read_micro_usd_per_million AS "cacheReadMicroUsdPerMillion",
                cache_write_hour_micro_usd_per_million AS "cacheWriteHourMicroUsdPerMillion"
         FROM model_prices WHERE id = ANY($1)`,
        ids,
      ),
    async buckets(prefixes) {
      const all = [];
      for (let at = 0; at < prefixes.length; at += bucketsAtOnce)
        all.push(
          ...(await read<{ prefix: string; namespace: string; entries: Buffer }>(
            `SELECT p.prefix, c.namespace, c.entries FROM unnest($1::text[]) AS p(prefix) CROSS JOIN LATERAL (
               SELECT a.namespace,
                 string_agg(decode(c.secret_hash, 'hex') || int4send(c.app_id), ''::bytea ORDER BY c.secret_hash COLLATE "C") AS entries
               FROM credentials c JOIN apps a ON a.id = c.app_id
               WHERE left(c.secret_hash, 3) = p.prefix AND c.active
                 AND length(c.secret_hash) = 64 AND translate(c.secret_hash, '0123456789abcdef', '') = ''
               GROUP BY 1) c`,
            prefixes.slice(at, at + bucketsAtOnce),
          )),
        );
      return all;
    },
  };
}
