import type { DatasourceService } from "../datasources/service.ts";
import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import type { LlmService } from "../llms/service.ts";
import type { ToolService } from "../tools/service.ts";
import type { UserService } from "../users/service.ts";
import { accessEndpoints } from "./access-endpoints.ts";
import { dataCatalogueEndpoints } from "./data-endpoints.ts";
import { llmCatalogueEndpoints } from "./llm-endpoints.ts";
import { dataCatalogueOperations } from "./operations.ts";
import { type CatalogueService, createCatalogueService } from "./service.ts";
import { createCatalogueStore, type ServedKind } from "./store.ts";
import { toolCatalogueEndpoints } from "./tool-endpoints.ts";

export type CatalogueServices = { [K in ServedKind]: CatalogueService<K> };
export type CatalogueFeature = Feature & { catalogues: CatalogueServices };

export function createCatalogues({
  db,
  counts,
  llms,
  datasources,
  tools,
  users,
}: {
  db: Db;
  counts: Counts;
  llms: LlmService;
  datasources: DatasourceService;
  tools: ToolService;
  users: UserService;
}): CatalogueFeature {
  const serviceOf = <K extends ServedKind>(kind: K) => createCatalogueService({ db, store: createCatalogueStore(db, counts, kind), kind });
  const catalogues = {
    catalogue: serviceOf("catalogue"),
    data_catalogue: serviceOf("data_catalogue"),
    tool_catalogue: serviceOf("tool_catalogue"),
  };
  return {
    catalogues,
    endpoints: [
      ...llmCatalogueEndpoints({ catalogues: catalogues.catalogue, llms }),
      ...dataCatalogueEndpoints({ catalogues: catalogues.data_catalogue }),
      ...toolCatalogueEndpoints({ catalogues: catalogues.tool_catalogue, tools }),
      ...accessEndpoints({ catalogues, llms, datasources, tools, users }),
    ],
    operations: dataCatalogueOperations({ catalogues: catalogues.data_catalogue }),
  };
}
