import { type LlmAttributes, type LlmResource, redacted } from "./contract.ts";
import type { Llm } from "./store.ts";

/** Rows of older versions may hold a password in the URL. */
const withoutUserinfo = (url: string): string => url.replace(/^([a-z]+:\/\/)[^/?#]*@/i, "$1");

/** What the API, plugins and events may see of an LLM. */
export const toAttributes = (llm: Llm): LlmAttributes => ({
  name: llm.name,
  slug: llm.slug,
  vendor: llm.vendor,
  api_endpoint: withoutUserinfo(llm.apiEndpoint),
  api_key: llm.hasApiKey ? redacted : "",
  has_api_key: llm.hasApiKey,
  api_key_reference: llm.apiKeyReference,
  default_model: llm.defaultModel,
  allowed_models: llm.allowedModels,
  allowed_endpoints: llm.allowedEndpoints,
  key_origins: llm.keyOrigins,
  privacy_score: llm.privacyScore,
  short_description: llm.shortDescription,
  long_description: llm.longDescription,
  logo_url: llm.logoUrl,
  active: llm.active,
  monthly_budget: llm.monthlyBudget,
  budget_start_date: llm.budgetStartAt?.toISOString() ?? null,
  namespace: llm.namespace,
  metadata: llm.metadata,
  filters: llm.filters.map(({ id, ...attributes }) => ({ type: "filter", id: String(id), attributes })),
  plugins: llm.plugins.map(({ id, ...attributes }) => ({ type: "plugins", id: String(id), attributes })),
  created_at: llm.createdAt.toISOString(),
  updated_at: llm.updatedAt.toISOString(),
});

export const toResource = (llm: Llm): LlmResource => ({ type: "llms", id: String(llm.id), attributes: toAttributes(llm) });
