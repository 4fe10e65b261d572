import type { Actor } from "../auth/actor.ts";
import { noteChange, type Tx } from "./client.ts";
import type { Prisma } from "./generated/client.ts";

export type ObjectKind = "llm" | "app" | "credential" | "plugin" | "user" | "group" | "model_price" | "edge" | "api_token";

export type Change = {
  kind: ObjectKind;
  action: "created" | "updated" | "deleted" | "approved" | "denied" | "reloaded" | "revoked";
  id: number | string;
  actor: Actor;
  /** The object as the API would show it; never with secrets. */
  object?: Record<string, unknown> | null;
  /** What the audit trail keeps of the change; names of fields and values that are not secret. */
  changes?: Record<string, unknown>;
};

/**
 * Writes what happened beside what was changed: one audit entry and one event `system.<kind>.<action>`, in the caller's
 * transaction. Replicas hear of the event when it commits; after-hooks run from it at least once.
 */
export async function record(tx: Tx, { kind, action, id, actor, object = null, changes = {} }: Change): Promise<void> {
  noteChange(tx, kind);
  const json = (value: unknown) => JSON.parse(JSON.stringify(value ?? null)) as Prisma.InputJsonValue;
  await tx.auditEntry.create({
    data: {
      actorId: actor.userId,
      actorName: actor.name,
      action: `${kind}.${action}`,
      objectType: kind,
      objectId: String(id),
      requestId: actor.requestId,
      ip: actor.ip,
      changes: json(changes),
    },
    select: { id: true },
  });
  const event = await tx.outboxEvent.create({
    data: {
      topic: `system.${kind}.${action}`,
      objectType: kind,
      objectId: String(id),
      actorUserId: actor.userId,
      payload: json({
        object_type: kind,
        action,
        object_id: Number(id) || String(id),
        user_id: actor.userId,
        timestamp: new Date().toISOString(),
        object,
      }),
    },
    select: { id: true },
  });
  await tx.$queryRaw`SELECT graphile_worker.add_job('deliver-event', json_build_object('id', ${String(event.id)}::text), max_attempts => 12)`;
}
