import type { Logger } from "@portico/core/logger";
import type { Db } from "../db/client.ts";
import type { Feature } from "../feature.ts";
import { createIdempotency, type Idempotency } from "./service.ts";
import { createIdempotencyStore } from "./store.ts";

export type IdempotencyFeature = Feature & { idempotency: Idempotency };

export function createIdempotencyKeys({ db, secretKey, logger }: { db: Db; secretKey: string; logger: Logger }): IdempotencyFeature {
  const idempotency = createIdempotency({ store: createIdempotencyStore(db), secretKey, logger });
  return { idempotency, jobs: { "trim-idempotency-keys": () => idempotency.trim() }, crontab: "*/10 * * * * trim-idempotency-keys" };
}
