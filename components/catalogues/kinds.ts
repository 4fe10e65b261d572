import type { CatalogueAttributes, ToolCatalogueAttributes } from "../../server/catalogues/contract.ts";

/** What the pages know of a catalogue of any kind. */
export type AnyCatalogue = Pick<
  CatalogueAttributes,
  "name" | "short_description" | "long_description" | "icon" | "tags" | "is_default" | "group_count" | "updated_at"
> &
  Partial<Pick<CatalogueAttributes, "llms">> &
  Partial<Pick<ToolCatalogueAttributes, "tools">>;

type Item = { id: string; name: string };

/** What the kinds of catalogue differ in. */
export type CatalogueKindPage = {
  root: "catalogues" | "tool-catalogues";
  title: string;
  noun: string;
  /** What is in one: the type in the API, and the field that is written. */
  items: { root: string; label: string; field: string };
  itemsOf(attributes: AnyCatalogue): Item[];
  lead: string;
  empty: string;
};

export const cataloguePages = {
  llms: {
    root: "catalogues",
    title: "LLM catalogues",
    noun: "LLM catalogue",
    items: { root: "llms", label: "LLMs", field: "llm_ids" },
    itemsOf: ({ llms = [] }) => llms.map(({ id, attributes }) => ({ id, name: attributes.name })),
    lead: "Which LLMs people may add to their own apps: those in the catalogues of their groups.",
    empty: "A catalogue is a selection of LLMs. Give it to groups, and their members can use these LLMs in the portal.",
  },
  tools: {
    root: "tool-catalogues",
    title: "Tool catalogues",
    noun: "tool catalogue",
    items: { root: "tools", label: "Tools", field: "tools" },
    itemsOf: ({ tools = [] }) => tools.map(({ id, attributes }) => ({ id, name: attributes.name })),
    lead: "Which tools people may add to their own apps: those in the catalogues of their groups.",
    empty: "A catalogue is a selection of tools. Give it to groups, and their members can use these tools in the portal.",
  },
} as const satisfies Record<string, CatalogueKindPage>;

export type CataloguePageKey = keyof typeof cataloguePages;
