import { AppError } from "@portico/core";
import type { Tx } from "./client.ts";
import type { Change } from "./journal.ts";

/**
 * Notes in the transaction that a request with an `Idempotency-Key` has written something: should this process end before its answer is
 * stored, nobody carries the request out again.
 * @throws AppError conflict when another request has the key by now: this one was thought dead.
 */
export async function noteWritten(tx: Tx, changes: Change[]): Promise<void> {
  const actor = changes.find((change) => change.actor.idempotencyKey !== undefined)?.actor;
  if (!actor) return;
  const { count } = await tx.idempotencyKey.updateMany({
    where: { userId: actor.userId, key: actor.idempotencyKey ?? "", requestId: actor.requestId },
    data: { hasWritten: true },
  });
  if (count === 0)
    throw new AppError({
      code: "conflict",
      message: "This request took too long; another one with the same Idempotency-Key has replaced it.",
    });
}
