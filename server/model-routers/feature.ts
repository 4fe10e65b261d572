import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import { modelRouterEndpoints } from "./endpoints.ts";
import { createModelRouterService } from "./service.ts";
import { createModelRouterStore } from "./store.ts";

export function createModelRouters({ db, counts }: { db: Db; counts: Counts }): Feature {
  const routers = createModelRouterService({ db, store: createModelRouterStore(db, counts) });
  return { endpoints: modelRouterEndpoints({ routers }) };
}
