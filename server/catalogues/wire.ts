import type { Llm } from "../llms/store.ts";
import { toAttributes as toLlmAttributes } from "../llms/wire.ts";
import { toResource as toTagResource } from "../tags/wire.ts";
import type { CatalogueResource, UsableLlm } from "./contract.ts";
import type { Catalogue } from "./store.ts";

const common = (catalogue: Catalogue) => ({
  name: catalogue.name,
  short_description: catalogue.shortDescription,
  long_description: catalogue.longDescription,
  icon: catalogue.icon,
  tags: catalogue.tags.map(toTagResource),
  is_default: catalogue.isDefault,
  group_count: catalogue.groupCount,
  created_at: catalogue.createdAt.toISOString(),
  updated_at: catalogue.updatedAt.toISOString(),
});

export const toResource = (catalogue: Catalogue): CatalogueResource => ({
  type: "catalogues",
  id: String(catalogue.id),
  attributes: {
    ...common(catalogue),
    llm_ids: catalogue.items.map(({ id }) => id),
    llm_names: catalogue.items.filter(({ active }) => active).map(({ name }) => name),
  },
});

export const toUsableLlm = (llm: Llm): UsableLlm => ({
  type: "llms",
  id: String(llm.id),
  attributes: {
    ...toLlmAttributes(llm),
    api_endpoint: "",
    api_key: "",
    has_api_key: false,
    allowed_endpoints: [],
    key_origins: [],
    monthly_budget: null,
    budget_start_date: null,
    plugins: [],
    metadata: {},
    endpoint_path: URL.canParse(llm.apiEndpoint) ? new URL(llm.apiEndpoint).pathname : "/",
  },
});
