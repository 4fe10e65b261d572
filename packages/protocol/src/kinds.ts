import type { ServiceScope } from "./scopes.ts";

/** What a change of an object decides elsewhere. */
type Configures =
  /** What edges are sent. */
  | "edges"
  /** The same, but only when one is created. */
  | "edges_when_created"
  /** Which credentials and LLMs edges admit. */
  | "admission"
  /** What counts against which budget. */
  | "budgets";

/** Sections of the dashboard's navigation, in their order. */
export const pageSections = ["Models", "Data & tools", "Traffic", "People", "Governance"] as const;

/** Its pages in the dashboard: a list, one to create and one for each. Navigation, command palette and search follow from it. */
export type KindPage = {
  /** Folder of its pages, below /admin. */
  path: string;
  /** In navigation and as the heading of what the palette finds. */
  label: string;
  section: (typeof pageSections)[number];
  /** Pressed after `g`, goes there. */
  key?: string;
  /** "Create" and the noun unless said otherwise. */
  create?: string;
};

type Kind = {
  /** Its type in the API, and the root of its pages' queries. */
  resource: string;
  /** In sentences. */
  noun: string;
  /** Scope with which plugins hear its events; without one none does. */
  readScope?: ServiceScope;
  /** Plugins may register hooks on it. */
  hooked?: true;
  configures?: readonly Configures[];
  /** Other pages that show something of it. */
  shownIn?: readonly string[];
  /** The attribute that names one, where that is not `name`. */
  namedBy?: string;
  page?: KindPage;
};

/** The kinds of object of the control plane. What events, hooks, live pages and edges make of a kind follows from its line. */
export const objectKinds = {
  llm: {
    resource: "llms",
    noun: "LLM",
    readScope: "llms.read",
    hooked: true,
    configures: ["edges", "admission", "budgets"],
    shownIn: ["apps", "catalogues"],
    page: { path: "llms", label: "LLMs", section: "Models", key: "l" },
  },
  tool: {
    resource: "tools",
    noun: "tool",
    readScope: "tools.read",
    hooked: true,
    shownIn: ["apps", "filestore"],
    page: { path: "tools", label: "Tools", section: "Data & tools", key: "o" },
  },
  datasource: {
    resource: "datasources",
    noun: "data source",
    readScope: "datasources.read",
    hooked: true,
    page: { path: "datasources", label: "Data sources", section: "Data & tools" },
  },
  user: {
    resource: "users",
    noun: "user",
    readScope: "users.read",
    hooked: true,
    configures: ["edges", "admission"],
    page: { path: "users", label: "Users", section: "People", key: "u" },
  },
  app: {
    resource: "apps",
    noun: "app",
    readScope: "apps.read",
    configures: ["edges", "admission", "budgets"],
    page: { path: "apps", label: "Apps", section: "Traffic", key: "a" },
  },
  credential: { resource: "credentials", noun: "credential", configures: ["edges", "admission"], shownIn: ["apps"] },
  plugin: {
    resource: "plugins",
    noun: "plugin",
    readScope: "plugins.read",
    configures: ["edges"],
    page: { path: "plugins", label: "Plugins", section: "Traffic", key: "p", create: "Install plugin" },
  },
  plugin_schedule: { resource: "plugin-schedules", noun: "schedule", shownIn: ["plugins"] },
  group: {
    resource: "groups",
    noun: "group",
    readScope: "groups.read",
    shownIn: ["catalogues", "tool-catalogues"],
    page: { path: "groups", label: "Groups", section: "People", key: "t" },
  },
  filter: {
    resource: "filters",
    noun: "filter",
    readScope: "filters.read",
    shownIn: ["llms"],
    page: { path: "filters", label: "Filters", section: "Data & tools", key: "f" },
  },
  model_router: {
    resource: "model-routers",
    noun: "model router",
    page: { path: "model-routers", label: "Model routers", section: "Models" },
  },
  model_price: {
    resource: "model-prices",
    noun: "model price",
    readScope: "pricing.read",
    configures: ["edges", "budgets"],
    namedBy: "model_name",
    page: { path: "prices", label: "Prices", section: "Models", key: "r", create: "Create price" },
  },
  llm_settings: {
    resource: "llm-settings",
    noun: "LLM settings",
    namedBy: "model_name",
    page: { path: "llm-settings", label: "LLM settings", section: "Models" },
  },
  edge: {
    resource: "edges",
    noun: "edge",
    readScope: "system.read",
    configures: ["edges_when_created"],
    namedBy: "edge_id",
    page: { path: "edges", label: "Edges", section: "Traffic", key: "e" },
  },
  catalogue: {
    resource: "catalogues",
    noun: "LLM catalogue",
    shownIn: ["groups"],
    page: { path: "catalogues", label: "LLM catalogues", section: "Governance" },
  },
  data_catalogue: { resource: "data-catalogues", noun: "data catalogue", readScope: "data-catalogues.read", shownIn: ["groups"] },
  tool_catalogue: {
    resource: "tool-catalogues",
    noun: "tool catalogue",
    shownIn: ["groups"],
    page: { path: "tool-catalogues", label: "Tool catalogues", section: "Governance" },
  },
  secret: {
    resource: "secrets",
    noun: "secret",
    configures: ["edges"],
    namedBy: "var_name",
    page: { path: "secrets", label: "Secrets", section: "Governance" },
  },
  tag: {
    resource: "tags",
    noun: "tag",
    readScope: "tags.read",
    shownIn: ["catalogues", "tool-catalogues"],
    page: { path: "tags", label: "Tags", section: "Governance" },
  },
  file_store: { resource: "filestore", noun: "file", shownIn: ["tools"], namedBy: "file_name" },
  api_token: { resource: "api-tokens", noun: "API token" },
} as const satisfies Record<string, Kind>;

export type ObjectKind = keyof typeof objectKinds;

/** Kinds that plugins may register hooks on. */
export type HookedKind = { [K in ObjectKind]: (typeof objectKinds)[K] extends { hooked: true } ? K : never }[ObjectKind];

/** What is known of a kind; undefined for a word that is none. */
export const kindOf = (word: string): Kind | undefined => (Object.hasOwn(objectKinds, word) ? objectKinds[word as ObjectKind] : undefined);

const isHooked = (kind: ObjectKind): kind is HookedKind => kindOf(kind)?.hooked === true;
export const hookedKinds: readonly HookedKind[] = (Object.keys(objectKinds) as ObjectKind[]).filter(isHooked);

/** What may happen to an object, as the last part of an event's topic. */
export const changeActions = ["created", "updated", "deleted", "approved", "denied", "reloaded", "revoked"] as const;
export type ChangeAction = (typeof changeActions)[number];

const isAction = (word: string | undefined): boolean => (changeActions as readonly (string | undefined)[]).includes(word);

/** Whether an event `system.<kind>.<action>` changes what edges are sent, what they admit, or what is spent. */
export function decides(topic: string, what: "edges" | "admission" | "budgets"): boolean {
  const [, word = "", action] = topic.split(".");
  const configures = kindOf(word)?.configures ?? [];
  if (!isAction(action)) return false;
  return configures.includes(what) || (what === "edges" && action === "created" && configures.includes("edges_when_created"));
}

const kinds: readonly Kind[] = Object.values(objectKinds);

/** Kinds that have pages in the dashboard. */
export const kindsWithPages: readonly (Kind & { page: KindPage })[] = kinds.flatMap((kind) =>
  kind.page ? [{ ...kind, page: kind.page }] : [],
);

const namingAttributes = ["name", ...new Set(kinds.flatMap(({ namedBy }) => namedBy ?? []))];

/** What an object is called, from its attributes; undefined for one without a name. */
export const nameIn = (attributes: object): string | undefined =>
  namingAttributes.map((name) => (attributes as Record<string, unknown>)[name]).find((value) => typeof value === "string");

/** The noun of the API's type, as a heading or a label begins with it. */
export function labelOfResource(resource: string): string {
  const noun = kinds.find((kind) => kind.resource === resource)?.noun ?? resource.replaceAll("-", " ");
  return noun.charAt(0).toUpperCase() + noun.slice(1);
}

/** The API's type for the object of an event; topics of no kind keep their word. */
export const resourceOfKind = (word: string): string => kindOf(word)?.resource ?? word;

const shownIn = new Map<string, readonly string[]>(kinds.map((kind) => [kind.resource, kind.shownIn ?? []]));

/** Roots of the pages' queries that a change of this type makes stale. */
export const staleRoots = (resource: string): string[] =>
  resource === "usage" ? ["analytics", "calls"] : [resource, ...(shownIn.get(resource) ?? [])];
