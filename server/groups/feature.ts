import { CatalogueResource, DataCatalogueResource, ToolCatalogueResource } from "../catalogues/contract.ts";
import type { CatalogueServices } from "../catalogues/feature.ts";
import { toResource as toCatalogueResource, toDataCatalogueResource, toToolCatalogueResource } from "../catalogues/wire.ts";
import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import type { UserService } from "../users/service.ts";
import { groupCatalogueEndpoints, groupCataloguesEndpoint } from "./catalogue-endpoints.ts";
import { groupEndpoints } from "./endpoints.ts";
import { createGroupService } from "./service.ts";
import { createGroupStore } from "./store.ts";

export function createGroups({
  db,
  counts,
  users,
  catalogues,
}: {
  db: Db;
  counts: Counts;
  users: UserService;
  catalogues: CatalogueServices;
}): Feature {
  const groups = createGroupService({ db, store: createGroupStore(db, counts) });
  return {
    endpoints: [
      ...groupEndpoints({ groups, users }),
      groupCataloguesEndpoint({ groups }),
      ...groupCatalogueEndpoints({
        groups,
        catalogues: catalogues.catalogue,
        kind: "catalogue",
        resource: CatalogueResource,
        toResource: toCatalogueResource,
      }),
      ...groupCatalogueEndpoints({
        groups,
        catalogues: catalogues.data_catalogue,
        kind: "data_catalogue",
        resource: DataCatalogueResource,
        toResource: toDataCatalogueResource,
      }),
      ...groupCatalogueEndpoints({
        groups,
        catalogues: catalogues.tool_catalogue,
        kind: "tool_catalogue",
        resource: ToolCatalogueResource,
        toResource: toToolCatalogueResource,
      }),
    ],
  };
}
