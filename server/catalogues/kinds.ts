/** The kinds of catalogue, as the list of kinds of object names them. */
export const catalogueKinds = ["catalogue", "data_catalogue", "tool_catalogue"] as const;
export type CatalogueKind = (typeof catalogueKinds)[number];

export const nounOf: Record<CatalogueKind, string> = {
  catalogue: "LLM catalogue",
  data_catalogue: "Data catalogue",
  tool_catalogue: "Tool catalogue",
};

/** Fields in which a group names its catalogues. */
export const fieldOf = {
  catalogue: "catalogues",
  data_catalogue: "data_catalogues",
  tool_catalogue: "tool_catalogues",
} as const satisfies Record<CatalogueKind, string>;

/** A noun within a sentence. */
export const inSentence = (noun: string): string => noun.replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase());
