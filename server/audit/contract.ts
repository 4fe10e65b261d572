import { type ObjectKind, objectKinds } from "@portico/protocol/kinds";
import { z } from "zod";
import { resourceOf } from "../http/contract.ts";

/** Kinds of object whose changes are kept. */
export const auditedKinds = Object.keys(objectKinds) as ObjectKind[];

/** One field of a change. Secrets are `[redacted]` on both sides. */
const FieldChange = z.object({
  field: z.string(),
  /** Absent when no earlier entry names the field. */
  before: z.unknown().optional(),
  after: z.unknown(),
});

/** Who did what to which object, and when. */
export const AuditAttributes = z.object({
  at: z.string(),
  /** 0 for plugins and the system itself. */
  actor_id: z.number(),
  actor_name: z.string(),
  /** `<object type>.<created|updated|deleted|...>` */
  action: z.string(),
  object_type: z.string(),
  object_id: z.string(),
  request_id: z.string(),
  /** Fields that have another value than before. */
  changes: z.array(FieldChange),
});
export type AuditAttributes = z.infer<typeof AuditAttributes>;

export const AuditResource = resourceOf("audit-entries", AuditAttributes);
export type AuditResource = z.infer<typeof AuditResource>;
