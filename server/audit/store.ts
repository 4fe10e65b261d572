import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import { createListing, selectAs } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";

/** An entry of the audit log. */
export type AuditEntry = {
  id: number;
  at: Date;
  actorId: number;
  actorName: string;
  action: string;
  objectType: string;
  objectId: string;
  requestId: string;
  changes: Record<string, unknown>;
};

export type AuditFilters = { object_type?: string | undefined; object_id?: string | undefined; actor_id?: number | undefined };

const sorts = { at: "t.at", id: "t.id" };
export const auditSorts = Object.keys(sorts);

export type AuditStore = {
  list(query: ListQuery, filters: AuditFilters): Promise<Page<AuditEntry>>;
  /** By entry, the values that its fields had before: what the newest earlier entry of the same object says of each. */
  before(entryIds: number[]): Promise<Map<number, Record<string, unknown>>>;
};

export function createAuditStore(db: Db, counts: Counts): AuditStore {
  const listing = createListing<AuditEntry, AuditFilters>(
    { db, counts },
    {
      // Whatever changes writes an entry, so a remembered total would hold for no time.
      kinds: [],
      from: "audit_log t",
      select: selectAs<AuditEntry>({
        id: "t.id",
        at: "t.at",
        actorId: "t.actor_id",
        actorName: "t.actor_name",
        action: "t.action",
        objectType: "t.object_type",
        objectId: "t.object_id",
        requestId: "t.request_id",
        changes: "t.changes",
      }),
      sorts,
      search: ["t.actor_name", "t.action"],
      filters: { object_type: "t.object_type = ?", object_id: "t.object_id = ?", actor_id: "t.actor_id = ?" },
    },
  );
  return {
    list: (query, filters) => listing.page(query, filters),

    async before(entryIds) {
      if (entryIds.length === 0) return new Map();
      const { rows } = await db.sql.query<{ id: number; before: Record<string, unknown> }>({
        name: "audit-before",
        text: `SELECT a.id, jsonb_object_agg(field.name, earlier.value) AS before
          FROM audit_log a CROSS JOIN LATERAL jsonb_object_keys(a.changes) AS field(name)
          CROSS JOIN LATERAL (
            SELECT b.changes->field.name AS value FROM audit_log b
            WHERE b.object_type = a.object_type AND b.object_id = a.object_id AND b.id < a.id AND b.changes ? field.name
            ORDER BY b.id DESC LIMIT 1
          ) AS earlier
          WHERE a.id = ANY ($1::bigint[]) GROUP BY a.id`,
        values: [entryIds],
      });
      return new Map(rows.map(({ id, before }) => [id, before]));
    },
  };
}
