import { conflict } from "@portico/core";

/** What was read before the transaction has changed meanwhile: the change must be worked out again from what is there now. */
export class StaleRead extends Error {}

const attempts = 5;

/**
 * Runs a read-judge-write change again when it finds that its read is stale, so that two changes at once both hold.
 * @throws AppError conflict when others changed the row every time.
 */
export async function fromFreshRead<T>(change: () => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      return await change();
    } catch (error) {
      if (!(error instanceof StaleRead)) throw error;
    }
  }
  throw conflict("Others are changing this at the same moment. Try again.");
}
