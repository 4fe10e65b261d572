import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import { auditEndpoints } from "./endpoints.ts";
import { createAuditService } from "./service.ts";
import { createAuditStore } from "./store.ts";

export const createAudit = ({ db, counts }: { db: Db; counts: Counts }): Feature => ({
  endpoints: auditEndpoints({ audit: createAuditService({ store: createAuditStore(db, counts) }) }),
});
