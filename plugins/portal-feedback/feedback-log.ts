import type { Kv } from "@portico/plugin-sdk";

/** What one portal user said. Times are UTC, ISO 8601. */
export type Feedback = {
  id: string;
  user_id: number;
  user_email: string;
  user_name: string;
  title: string;
  message: string;
  /** 1 to 5. */
  rating: number;
  created_at: string;
};

/** What a slot holds; `gone` is what remains of a deleted entry. */
type Stored = { type: "entry"; entry: Feedback } | { type: "delete"; id: string } | { type: "gone" };

/** A writer has at most two store calls of ten seconds between its claim and its record; then it is dead. */
const abandonedMs = 60_000;
const largestBatch = 64;

const slotOf = (id: string): number => Number(/^fb_([1-9]\d{0,14})$/.exec(id)?.[1] ?? 0);

/**
 * An append-only log in the key-value store, which several replicas of Studio may write at once. The store has no
 * compare-and-set, but a write tells whether the key was new: whoever creates `claim:<n>` owns slot n and alone writes
 * `log:<n>`. Reading follows the log from where it stopped last time, so listing costs two reads when nothing is new.
 */
export function createFeedbackLog(kv: Kv, now: () => number = Date.now) {
  const entries = new Map<number, Feedback>();
  const deleted = new Set<string>();
  /** Claimed slots without a record, and when they were first seen so. */
  const holes = new Map<number, number>();
  let next = 1;
  let queue: Promise<unknown> = Promise.resolve();

  /** One at a time within this process; others are kept apart by the claims. */
  function exclusively<T>(run: () => Promise<T>): Promise<T> {
    const result = queue.then(run);
    queue = result.catch(() => {});
    return result;
  }

  function apply(slot: number, record: Stored): void {
    holes.delete(slot);
    if (record.type === "entry" && !deleted.has(record.entry.id)) entries.set(slot, record.entry);
    if (record.type === "delete") {
      deleted.add(record.id);
      entries.delete(slotOf(record.id));
    }
  }

  const read = (slot: number) => kv.getJson<Stored>(`log:${slot}`);

  async function follow(): Promise<void> {
    for (const [slot, seenAt] of holes) {
      const record = await read(slot);
      if (record) apply(slot, record);
      else if (now() - seenAt > abandonedMs) holes.delete(slot);
    }
    for (let size = 1; ; size = Math.min(size * 2, largestBatch)) {
      const first = next;
      const batch = await Promise.all(Array.from({ length: size }, (_, i) => read(first + i)));
      for (const record of batch) {
        if (record) apply(next, record);
        else if ((await kv.read(`claim:${next}`)) === undefined) return;
        else holes.set(next, now());
        next++;
      }
    }
  }

  async function append(record: (slot: number) => Stored): Promise<void> {
    for (let slot = next; ; slot++) {
      if (!(await kv.write(`claim:${slot}`, new Date(now()).toISOString()))) continue;
      const stored = record(slot);
      await kv.setJson(`log:${slot}`, stored);
      return apply(slot, stored);
    }
  }

  return {
    /** Stores an entry and answers it with its id. */
    add: (entry: Omit<Feedback, "id" | "created_at">): Promise<Feedback> =>
      exclusively(async () => {
        await follow();
        let added: Feedback | undefined;
        await append((slot) => {
          added = { id: `fb_${slot}`, ...entry, created_at: new Date(now()).toISOString() };
          return { type: "entry", entry: added };
        });
        return added as Feedback;
      }),

    /** Every entry, newest first. */
    list: (): Promise<Feedback[]> =>
      exclusively(async () => {
        await follow();
        return [...entries].sort(([a], [b]) => b - a).map(([, entry]) => entry);
      }),

    /** Deletes an entry and its words; false when there is none. */
    delete: (id: string): Promise<boolean> =>
      exclusively(async () => {
        await follow();
        const slot = slotOf(id);
        if (!entries.has(slot)) return false;
        await append(() => ({ type: "delete", id }));
        await kv.setJson(`log:${slot}`, { type: "gone" } satisfies Stored);
        return true;
      }),
  };
}
export type FeedbackLog = ReturnType<typeof createFeedbackLog>;
