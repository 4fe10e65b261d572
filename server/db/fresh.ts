import { AppError, backoffMs, sleep } from "@portico/core";

/** What was read before the transaction has changed meanwhile: the change must be worked out again from what is there now. */
export class StaleRead extends Error {}

/** Many who change one object at once get their turn one after the other. */
const waitMs = 10_000;

/**
 * Runs a read-judge-write change again when it finds that its read is stale, so that two changes at once both hold.
 * @throws AppError conflict when others changed the row every time.
 */
export async function fromFreshRead<T>(change: () => Promise<T>): Promise<T> {
  const until = Date.now() + waitMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await change();
    } catch (error) {
      if (!(error instanceof StaleRead)) throw error;
      if (Date.now() >= until)
        throw new AppError({ code: "conflict", message: "This is being changed by another request. Try again.", retryAfterSeconds: 1 });
    }
    await sleep(backoffMs(attempt, { baseMs: 5, capMs: 100 }));
  }
}
