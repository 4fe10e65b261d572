import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import type { ObjectHooks } from "../plugins/hooks/types.ts";
import type { SecretValues } from "../secrets/values.ts";
import { datasourceEndpoints } from "./endpoints.ts";
import { datasourceOperations } from "./operations.ts";
import { createDatasourceService, type DatasourceService } from "./service.ts";
import { createDatasourceStore } from "./store.ts";

export type DatasourceFeature = Feature & { datasources: DatasourceService };

export function createDatasources({
  db,
  counts,
  hooks,
  secretValues,
}: {
  db: Db;
  counts: Counts;
  hooks: ObjectHooks;
  secretValues: SecretValues;
}): DatasourceFeature {
  const datasources = createDatasourceService({ db, store: createDatasourceStore(db, counts), hooks, secretValues });
  return { datasources, endpoints: datasourceEndpoints({ datasources }), operations: datasourceOperations({ datasources }) };
}
