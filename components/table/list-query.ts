/** How a list reads the API: where from, in which order, and which of the address's parameters it understands. */
export type ListQuery = {
  root: string;
  path: string;
  /** Sort key, `-` in front for descending. */
  sort?: string;
  /** Names of the filters, the same in the page's address and in the API. */
  filters?: string[];
  /** Parameters that every request for the list has. */
  fixed?: Record<string, string>;
};

export const defaultPageSize = 25;
export const pageSizes = [25, 50, 100, 500, 1000];
/** More rows than this are rendered only where they are looked at. */
export const virtualFrom = 200;

/** The address in the API that the page's own address asks for; the same on the server and in the browser. */
export function listPath(query: ListQuery, params: URLSearchParams): string {
  const wanted = new URLSearchParams();
  const page = Number(params.get("page") ?? 1);
  const size = Number(params.get("size") ?? defaultPageSize);
  wanted.set("page", String(Number.isInteger(page) && page > 0 ? page : 1));
  wanted.set("page_size", String(pageSizes.includes(size) ? size : defaultPageSize));
  const sort = params.get("sort") ?? query.sort;
  if (sort) wanted.set("sort", sort);
  for (const [name, value] of Object.entries(query.fixed ?? {})) wanted.set(name, value);
  const search = params.get("q")?.trim();
  if (search) wanted.set("q", search);
  for (const name of query.filters ?? []) {
    const value = params.get(name);
    if (value) wanted.set(name, value);
  }
  return `${query.path}?${wanted}`;
}

/** Whether the address narrows the list, which tells "nothing found" from "nothing yet". */
export const isNarrowed = (query: ListQuery, params: URLSearchParams): boolean =>
  ["q", ...(query.filters ?? [])].some((name) => Boolean(params.get(name)));

/** Every list of the dashboard. Pages prefetch with these; tables read with them. */
export const lists = {
  llms: { root: "llms", path: "/api/v1/llms", sort: "name", filters: ["vendor", "active"] },
  llmSettings: { root: "llm-settings", path: "/api/v1/llm-settings", sort: "model_name" },
  prices: { root: "model-prices", path: "/api/v1/model-prices", sort: "model_name", filters: ["vendor", "missing"] },
  apps: { root: "apps", path: "/api/v1/apps", sort: "name", filters: ["user_id", "llm_id", "credential_active", "over_budget"] },
  plugins: { root: "plugins", path: "/api/v1/plugins", sort: "name", filters: ["hook_type", "is_active"] },
  edges: { root: "edges", path: "/api/v1/edges", filters: ["status"] },
  users: { root: "users", path: "/api/v1/users", sort: "name", filters: ["is_admin", "group_id"] },
  groups: { root: "groups", path: "/api/v1/groups", sort: "name" },
  secrets: { root: "secrets", path: "/api/v1/secrets", sort: "var_name", filters: ["is_used"] },
  catalogues: { root: "catalogues", path: "/api/v1/catalogues", sort: "name", filters: ["group_id", "tag_id"] },
  "tool-catalogues": { root: "tool-catalogues", path: "/api/v1/tool-catalogues", sort: "name", filters: ["group_id", "tag_id"] },
  modelRouters: { root: "model-routers", path: "/api/v1/model-routers", sort: "name", filters: ["active"] },
  filters: { root: "filters", path: "/api/v1/filters", sort: "name", filters: ["response_filter", "active"] },
  tools: { root: "tools", path: "/api/v1/tools", sort: "name", filters: ["active"], fixed: { slim: "true" } },
  datasources: { root: "datasources", path: "/api/v1/datasources", sort: "name", filters: ["active", "db_source_type"] },
  tags: { root: "tags", path: "/api/v1/tags", sort: "name" },
  calls: {
    root: "calls",
    path: "/api/v1/analytics/calls",
    filters: ["app_id", "llm_id", "user_id", "outcome", "edge_id", "vendor", "model", "from", "to", "priced"],
  },
  myApps: { root: "apps", path: "/common/apps", sort: "name" },
} satisfies Record<string, ListQuery>;
