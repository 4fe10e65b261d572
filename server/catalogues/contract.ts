import { z } from "zod";
import { DatasourceAttributes } from "../datasources/contract.ts";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { Id, Ids, text } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";
import { LlmAttributes } from "../llms/contract.ts";
import { TagResource } from "../tags/contract.ts";
import { ToolAttributes } from "../tools/contract.ts";

/** Of every kind of catalogue. */
const common = {
  name: text(120).min(1, "is required"),
  short_description: text(1000),
  long_description: text(20_000),
  /** URL of an image. */
  icon: text(2000),
  /** Tags or their ids. Answers have the tags themselves. */
  tags: Ids,
};
const defaults = { short_description: "", long_description: "", icon: "", tags: [] };

const owned = {
  tags: z.array(TagResource),
  /** The catalogue that everything new is added to: it can be neither renamed nor deleted. */
  is_default: z.boolean(),
  /** Groups whose members may use what is in it. */
  group_count: z.number(),
  ...timestamps,
};

export const CatalogueFields = { ...common, llm_ids: Ids };

export const CatalogueDraft = draftOf(CatalogueFields, { ...defaults, llm_ids: [] });
export const CatalogueAttributes = attributesOf(CatalogueFields, {
  ...owned,
  /** Of the active LLMs in it. */
  llm_names: z.array(z.string()),
  llms: z.array(resourceOf("llms", z.object({ name: z.string(), active: z.boolean() }))),
});
export type CatalogueAttributes = z.infer<typeof CatalogueAttributes>;
export const CataloguePatch = patchOf(CatalogueFields, { shown: CatalogueAttributes });
export const CatalogueReplacement = replacementOf(CatalogueFields, { ...defaults, llm_ids: [] }, { shown: CatalogueAttributes });
export const CatalogueResource = resourceOf("catalogues", CatalogueAttributes);
export type CatalogueResource = z.infer<typeof CatalogueResource>;

/** Data sources or their ids. Answers have the data sources, without their addresses. */
export const DataCatalogueFields = { ...common, datasources: Ids };

const SourceInCatalogue = resourceOf(
  "datasources",
  z.object({
    name: z.string(),
    short_description: z.string(),
    long_description: z.string(),
    icon: z.string(),
    url: z.string(),
    privacy_score: z.number(),
    db_source_type: z.string(),
    db_name: z.string(),
    embed_vendor: z.string(),
    embed_model: z.string(),
    active: z.boolean(),
    namespace: z.string(),
    user_id: z.number(),
    has_db_conn_api_key: z.boolean(),
    has_embed_api_key: z.boolean(),
  }),
);

export const DataCatalogueDraft = draftOf(DataCatalogueFields, { ...defaults, datasources: [] });
export const DataCatalogueAttributes = attributesOf(DataCatalogueFields, { ...owned, datasources: z.array(SourceInCatalogue) });
export type DataCatalogueAttributes = z.infer<typeof DataCatalogueAttributes>;
export const DataCataloguePatch = patchOf(DataCatalogueFields, { shown: DataCatalogueAttributes });
export const DataCatalogueReplacement = replacementOf(
  DataCatalogueFields,
  { ...defaults, datasources: [] },
  { shown: DataCatalogueAttributes },
);
export const DataCatalogueResource = resourceOf("data-catalogues", DataCatalogueAttributes);
export type DataCatalogueResource = z.infer<typeof DataCatalogueResource>;

export const TagNameSearch = z.object({ tagName: z.string("is required").trim().min(1, "is required").max(120) });
export const DatasourceSearch = z.object({ datasourceId: Id });

/** Tools or their ids. Answers have the tools, without their documents. */
export const ToolCatalogueFields = { ...common, tools: Ids };

const ToolInCatalogue = resourceOf(
  "tools",
  z.object({
    name: z.string(),
    slug: z.string(),
    description: z.string(),
    tool_type: z.string(),
    operations: z.array(z.string()),
    privacy_score: z.number(),
    active: z.boolean(),
  }),
);

export const ToolCatalogueDraft = draftOf(ToolCatalogueFields, { ...defaults, tools: [] });
export const ToolCatalogueAttributes = attributesOf(ToolCatalogueFields, { ...owned, tools: z.array(ToolInCatalogue) });
export type ToolCatalogueAttributes = z.infer<typeof ToolCatalogueAttributes>;
export const ToolCataloguePatch = patchOf(ToolCatalogueFields, { shown: ToolCatalogueAttributes });
export const ToolCatalogueReplacement = replacementOf(ToolCatalogueFields, { ...defaults, tools: [] }, { shown: ToolCatalogueAttributes });
export const ToolCatalogueResource = resourceOf("tool-catalogues", ToolCatalogueAttributes);
export type ToolCatalogueResource = z.infer<typeof ToolCatalogueResource>;

/** What a catalogue is about, for `POST /{catalogue}/llms` and the like. */
export const Member = z.strictObject({ id: Id });

/** Search by any part of the name or of a description. */
export const TextSearch = z.object({ query: z.string("is required").trim().min(1, "is required").max(120) });

/** Search by the beginning of the name. */
export const NameSearch = z.object({ name: z.string("is required").trim().min(1, "is required").max(120) });
export const StubSearch = z.object({ stub: z.string("is required").trim().min(1, "is required").max(120) });

/**
 * An LLM as people who may use it see it. What concerns the vendor and other users is left out: its address, key, budget, plugins and
 * metadata are empty.
 */
export const UsableLlm = resourceOf(
  "llms",
  LlmAttributes.extend({
    /** Path of the vendor's endpoint: clients add a version when it has none. */
    endpoint_path: z.string(),
  }),
);
export type UsableLlm = z.infer<typeof UsableLlm>;

/** A data source as people who may use it see it: its store's address, the owner and keys are left out. */
export const UsableDatasource = resourceOf("datasources", DatasourceAttributes);
export type UsableDatasource = z.infer<typeof UsableDatasource>;

/** A tool as people who may use it see it: its document, key and address are left out. */
export const UsableTool = resourceOf("tool", ToolAttributes);
export type UsableTool = z.infer<typeof UsableTool>;

/** The LLM catalogues, data catalogues and tool catalogues that a person's groups open. */
export const AccessibleCatalogues = resourceOf(
  "user_accessible_catalogues",
  z.object({
    catalogues: z.array(CatalogueResource),
    data_catalogues: z.array(DataCatalogueResource),
    tool_catalogues: z.array(ToolCatalogueResource),
  }),
);
