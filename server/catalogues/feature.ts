import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import type { LlmService } from "../llms/service.ts";
import type { ToolService } from "../tools/service.ts";
import type { UserService } from "../users/service.ts";
import { accessEndpoints } from "./access-endpoints.ts";
import { llmCatalogueEndpoints } from "./llm-endpoints.ts";
import { type CatalogueService, createCatalogueService } from "./service.ts";
import { createCatalogueStore, type ServedKind } from "./store.ts";
import { toolCatalogueEndpoints } from "./tool-endpoints.ts";

export type CatalogueServices = { [K in ServedKind]: CatalogueService<K> };
export type CatalogueFeature = Feature & { catalogues: CatalogueServices };

export function createCatalogues({
  db,
  counts,
  llms,
  tools,
  users,
}: {
  db: Db;
  counts: Counts;
  llms: LlmService;
  tools: ToolService;
  users: UserService;
}): CatalogueFeature {
  const serviceOf = <K extends ServedKind>(kind: K) => createCatalogueService({ db, store: createCatalogueStore(db, counts, kind), kind });
  const catalogues = { catalogue: serviceOf("catalogue"), tool_catalogue: serviceOf("tool_catalogue") };
  return {
    catalogues,
    endpoints: [
      ...llmCatalogueEndpoints({ catalogues: catalogues.catalogue, llms }),
      ...toolCatalogueEndpoints({ catalogues: catalogues.tool_catalogue, tools }),
      ...accessEndpoints({ catalogues, llms, tools, users }),
    ],
  };
}
