import { z } from "zod";
import { Id } from "../fields/contract.ts";
import { listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { many } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import { AuditResource, auditedKinds } from "./contract.ts";
import type { AuditRecord, AuditService } from "./service.ts";
import { auditSorts } from "./store.ts";

export const auditEndpoints = ({ audit }: { audit: AuditService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/audit-log",
    summary: "List audit log entries: who changed what and when, with each field before and after, newest first",
    permission: "audit.read",
    query: listQuery({
      sortable: auditSorts,
      defaultSort: "-id",
      filters: { object_type: z.enum(auditedKinds).optional(), object_id: z.string().max(64).optional(), actor_id: Id.optional() },
    }),
    result: listOf(AuditResource),
    handle: async ({ query }) => many(await audit.list(query.list, query.filters), toResource),
  }),
];

const toResource = (entry: AuditRecord): AuditResource => ({
  type: "audit-entries",
  id: String(entry.id),
  attributes: {
    at: entry.at.toISOString(),
    actor_id: entry.actorId,
    actor_name: entry.actorName,
    action: entry.action,
    object_type: entry.objectType,
    object_id: entry.objectId,
    request_id: entry.requestId,
    changes: entry.changes,
  },
});
