import type { Datasource } from "../datasources/store.ts";
import { toAttributes as toDatasourceAttributes } from "../datasources/wire.ts";
import type { Llm } from "../llms/store.ts";
import { toAttributes as toLlmAttributes } from "../llms/wire.ts";
import { toResource as toTagResource } from "../tags/wire.ts";
import type { Tool } from "../tools/store.ts";
import { toAttributes as toToolAttributes } from "../tools/wire.ts";
import type {
  CatalogueResource,
  DataCatalogueResource,
  ToolCatalogueResource,
  UsableDatasource,
  UsableLlm,
  UsableTool,
} from "./contract.ts";
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

export const toDataCatalogueResource = (catalogue: Catalogue<"data_catalogue">): DataCatalogueResource => ({
  type: "data-catalogues",
  id: String(catalogue.id),
  attributes: {
    ...common(catalogue),
    datasources: catalogue.items.map(({ id, ...attributes }) => ({ type: "datasources", id: String(id), attributes })),
  },
});

export const toToolCatalogueResource = (catalogue: Catalogue<"tool_catalogue">): ToolCatalogueResource => ({
  type: "tool-catalogues",
  id: String(catalogue.id),
  attributes: {
    ...common(catalogue),
    tools: catalogue.items.map(({ id, ...attributes }) => ({ type: "tools", id: String(id), attributes })),
  },
});

export const toResource = (catalogue: Catalogue<"catalogue">): CatalogueResource => ({
  type: "catalogues",
  id: String(catalogue.id),
  attributes: {
    ...common(catalogue),
    llm_ids: catalogue.items.map(({ id }) => id),
    llm_names: catalogue.items.filter(({ active }) => active).map(({ name }) => name),
    llms: catalogue.items.map(({ id, ...attributes }) => ({ type: "llms", id: String(id), attributes })),
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

export const toUsableTool = (tool: Tool): UsableTool => ({
  type: "tool",
  id: String(tool.id),
  attributes: {
    ...toToolAttributes(tool),
    oas_spec: "",
    base_url: "",
    auth_key: "",
    has_auth_key: false,
    auth_schema_name: "",
    file_stores: [],
    dependencies: [],
    metadata: {},
  },
});

export const toUsableDatasource = (source: Datasource): UsableDatasource => ({
  type: "datasources",
  id: String(source.id),
  attributes: {
    ...toDatasourceAttributes(source),
    user_id: 0,
    db_conn_string: "",
    db_conn_api_key: "",
    has_db_conn_api_key: false,
    db_name: "",
    embed_url: "",
    embed_api_key: "",
    has_embed_api_key: false,
    files: [],
    metadata: {},
  },
});
