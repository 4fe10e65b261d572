import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import { tagEndpoints } from "./endpoints.ts";
import { tagOperations } from "./operations.ts";
import { createTagService } from "./service.ts";
import { createTagStore } from "./store.ts";

export function createTags({ db, counts }: { db: Db; counts: Counts }): Feature {
  const tags = createTagService({ db, store: createTagStore(db, counts) });
  return { endpoints: tagEndpoints({ tags }), operations: tagOperations({ tags }) };
}
