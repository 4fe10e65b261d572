import { isDeepStrictEqual } from "node:util";
import { type ListQuery, type Page, pageOf } from "../db/paging.ts";
import { redacted } from "../fields/contract.ts";
import type { AuditEntry, AuditFilters, AuditStore } from "./store.ts";

export type FieldChange = { field: string; before?: unknown; after: unknown };
export type AuditRecord = Omit<AuditEntry, "changes"> & { changes: FieldChange[] };

export type AuditService = { list(query: ListQuery, filters: AuditFilters): Promise<Page<AuditRecord>> };

/** Reads what changed. Entries hold what was sent; what a field was before is what an earlier entry says of it. */
export function createAuditService({ store }: { store: AuditStore }): AuditService {
  return {
    async list(query, filters) {
      const page = await store.list(query, filters);
      const before = await store.before(page.items.map(({ id }) => id));
      return pageOf(
        query,
        page.items.map(({ changes, ...entry }) => ({ ...entry, changes: changedFields(changes, before.get(entry.id) ?? {}) })),
        page.total,
      );
    },
  };
}

/** A field that was sent with the value it had did not change. Two secrets look the same, and may not be. */
function changedFields(sent: Record<string, unknown>, before: Record<string, unknown>): FieldChange[] {
  return Object.entries(sent).flatMap(([field, after]): FieldChange[] => {
    if (!Object.hasOwn(before, field)) return [{ field, after }];
    const was = before[field];
    return isDeepStrictEqual(was, after) && !hidesValue(after) ? [] : [{ field, before: was, after }];
  });
}

const hidesValue = (value: unknown): boolean => value === redacted || value === "changed" || value === "rotated" || value === "rolled";
