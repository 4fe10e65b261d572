import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import { priceEndpoints } from "./endpoints.ts";
import { priceOperations } from "./operations.ts";
import { createPriceService } from "./service.ts";
import { createPriceStore } from "./store.ts";

export function createPrices({ db, counts }: { db: Db; counts: Counts }): Feature {
  const prices = createPriceService({ db, store: createPriceStore(db, counts) });
  return { endpoints: priceEndpoints({ prices }), operations: priceOperations({ prices }) };
}
