import type { ChangeAction, ObjectKind } from "@portico/protocol/kinds";
import type { Actor } from "../auth/actor.ts";
import { noteWritten } from "./claims.ts";
import { noteChange, type Tx } from "./client.ts";
import type { Prisma } from "./generated/client.ts";
import { requireExpected } from "./versions.ts";

export type Change = {
  kind: ObjectKind;
  action: ChangeAction;
  id: number | string;
  actor: Actor;
  /** The object as the API would show it; never with secrets. */
  object?: Record<string, unknown> | null;
  /** What the audit trail keeps of the change; names of fields and values that are not secret. */
  changes?: Record<string, unknown>;
  /** What after-hooks are given: the objects as plugins know them. Changes without it run none. */
  hook?: {
    operation_id: string;
    /** As it is now, or as it was when it was deleted. */
    object: Record<string, unknown>;
    /** As it was before an update. */
    previous: Record<string, unknown> | null;
    /** Fields in which they differ. */
    changes: string[];
  };
};

/**
 * Writes what happened beside what was changed: one audit entry and one event `system.<kind>.<action>`, in the caller's
 * transaction. Replicas hear of the event when it commits; after-hooks run from it at least once. The
 * transaction holds the object's row by now: the newest entry is the object's version (versions.ts).
 * @throws AppError precondition_failed when the object is not in the state that the caller expects.
 */
export const record = (tx: Tx, change: Change): Promise<void> => recordAll(tx, [change]);

/** The same for many changes at once, in as many statements as for one. */
export async function recordAll(tx: Tx, changes: Change[]): Promise<void> {
  if (changes.length === 0) return;
  for (const { kind } of changes) noteChange(tx, kind);
  await requireExpected(tx, changes);
  await noteWritten(tx, changes);
  await tx.auditEntry.createMany({ data: changes.map(toAuditEntry) });
  const events = await tx.outboxEvent.createManyAndReturn({ data: changes.map(toEvent), select: { id: true } });
  await tx.$queryRaw`SELECT graphile_worker.add_job('deliver-event', json_build_object('id', id), max_attempts => 12)
    FROM unnest(${events.map(({ id }) => String(id))}::text[]) AS id`;
}

const toAuditEntry = ({ kind, action, id, actor, changes = {} }: Change) => ({
  actorId: actor.userId,
  actorName: actor.name,
  action: `${kind}.${action}`,
  objectType: kind,
  objectId: String(id),
  requestId: actor.requestId,
  ip: actor.ip,
  changes: json(changes),
});

const toEvent = ({ kind, action, id, actor, object = null, hook }: Change) => ({
  topic: `system.${kind}.${action}`,
  objectType: kind,
  objectId: String(id),
  actorUserId: actor.userId,
  payload: json({
    object_type: kind,
    action,
    object_id: Number(id) || String(id),
    user_id: actor.userId,
    ...(actor.pluginId === undefined ? {} : { plugin_id: actor.pluginId }),
    timestamp: new Date().toISOString(),
    object,
  }),
  ...(hook ? { hook: json(hook) } : {}),
});

const json = (value: unknown) => JSON.parse(JSON.stringify(value ?? null)) as Prisma.InputJsonValue;
