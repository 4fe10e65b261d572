import { createFilterEngine, createHttpCaller, type FilterHost } from "@portico/filters";
import type { Outbound } from "@portico/outbound";
import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import { filterEndpoints } from "./endpoints.ts";
import { filterOperations } from "./operations.ts";
import { createFilterService } from "./service.ts";
import { createFilterStore } from "./store.ts";

export function createFilters({
  db,
  counts,
  outbound,
  llm,
}: {
  db: Db;
  counts: Counts;
  outbound: Outbound;
  /** Asks an LLM on a script's behalf. */
  llm: NonNullable<FilterHost["llm"]>;
}): Feature {
  const http = createHttpCaller(outbound);
  const engine = createFilterEngine({ host: { http: http.call, llm } });
  const filters = createFilterService({ db, store: createFilterStore(db, counts), engine });
  return {
    endpoints: filterEndpoints({ filters }),
    operations: filterOperations({ filters }),
    async close() {
      await engine.close();
      await http.close();
    },
  };
}
