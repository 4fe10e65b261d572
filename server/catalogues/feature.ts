import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import type { LlmService } from "../llms/service.ts";
import type { UserService } from "../users/service.ts";
import { accessEndpoints } from "./access-endpoints.ts";
import { llmCatalogueEndpoints } from "./llm-endpoints.ts";
import { type CatalogueService, createCatalogueService } from "./service.ts";
import { createCatalogueStore, type ServedKind } from "./store.ts";

export type CatalogueServices = Record<ServedKind, CatalogueService>;
export type CatalogueFeature = Feature & { catalogues: CatalogueServices };

export function createCatalogues({
  db,
  counts,
  llms,
  users,
}: {
  db: Db;
  counts: Counts;
  llms: LlmService;
  users: UserService;
}): CatalogueFeature {
  const serviceOf = (kind: ServedKind) => createCatalogueService({ db, store: createCatalogueStore(db, counts, kind), kind });
  const catalogues = { catalogue: serviceOf("catalogue") };
  return {
    catalogues,
    endpoints: [...llmCatalogueEndpoints({ catalogues: catalogues.catalogue, llms }), ...accessEndpoints({ catalogues, llms, users })],
  };
}
