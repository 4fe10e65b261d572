import type { Logger } from "@portico/core/logger";
import { createJsonClient, createVectorIndex } from "@portico/datasources";
import type { Outbound } from "@portico/outbound";
import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import type { ObjectHooks } from "../plugins/hooks/types.ts";
import type { SecretValues } from "../secrets/values.ts";
import { createVectorSource, openEmbedded } from "./chunk-store.ts";
import { documentEndpoints } from "./document-endpoints.ts";
import { documentOperations } from "./document-operations.ts";
import { datasourceEndpoints } from "./endpoints.ts";
import { createDatasourceEngine } from "./engine.ts";
import { createExtractor } from "./extract/extractor.ts";
import { createIngestionStore } from "./ingestion-store.ts";
import { createIngestions } from "./ingestions.ts";
import { datasourceOperations } from "./operations.ts";
import { createDatasourceService, type DatasourceService } from "./service.ts";
import { createDatasourceStore } from "./store.ts";

export type DatasourceFeature = Feature & { datasources: DatasourceService };

export function createDatasources({
  db,
  counts,
  hooks,
  secretValues,
  outbound,
  logger,
}: {
  db: Db;
  counts: Counts;
  hooks: ObjectHooks;
  secretValues: SecretValues;
  outbound: Pick<Outbound, "agent">;
  logger: Logger;
}): DatasourceFeature {
  const store = createDatasourceStore(db, counts);
  const datasources = createDatasourceService({ db, store, hooks, secretValues });
  const client = createJsonClient({ outbound });
  const index = createVectorIndex(createVectorSource(db));
  const extractor = createExtractor();
  const engine = createDatasourceEngine({ datasources, store, secretValues, client, openEmbedded: (id) => openEmbedded(db, index, id) });
  const ingestions = createIngestions({ db, datasources, engine, store: createIngestionStore(db), extractor, logger });
  return {
    datasources,
    endpoints: [...datasourceEndpoints({ datasources }), ...documentEndpoints({ engine, ingestions })],
    operations: [...datasourceOperations({ datasources }), ...documentOperations({ db, engine, ingestions })],
    jobs: { "datasource-ingest": (payload) => ingestions.run((payload as { id: number }).id) },
    async close() {
      await Promise.all([extractor.close(), index.close(), client.close()]);
    },
  };
}
