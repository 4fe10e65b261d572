import type { Outbound } from "@portico/outbound";
import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import type { ObjectHooks } from "../plugins/hooks/types.ts";
import type { SecretValues } from "../secrets/values.ts";
import { createConnectionTester } from "./connection-test.ts";
import { llmEndpoints } from "./endpoints.ts";
import { llmOperations } from "./operations.ts";
import { llmSearchEndpoints } from "./search-endpoints.ts";
import { createLlmService, type LlmService } from "./service.ts";
import { createLlmStore } from "./store.ts";
import { vendorEndpoints } from "./vendor-endpoints.ts";

export type LlmFeature = Feature & { llms: LlmService };

export function createLlms({
  db,
  counts,
  hooks,
  secretValues,
  outbound,
}: {
  db: Db;
  counts: Counts;
  hooks: ObjectHooks;
  secretValues: SecretValues;
  outbound: Outbound;
}): LlmFeature {
  const store = createLlmStore(db, counts);
  const llms = createLlmService({ db, store, hooks, secretValues, outbound });
  const connections = createConnectionTester({ store, secretValues, outbound });
  return {
    llms,
    endpoints: [...vendorEndpoints(), ...llmSearchEndpoints({ llms }), ...llmEndpoints({ llms, connections })],
    operations: llmOperations({ llms }),
  };
}
