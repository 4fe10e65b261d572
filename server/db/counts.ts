import type { EventBus } from "../events/bus.ts";
import type { Db } from "./client.ts";
import type { ObjectKind } from "./journal.ts";

const maxRemembered = 500;
/** Should a change be missed (a row written past the journal), a total is wrong for no longer than this. */
const trustMs = 2_000;

/**
 * Totals of lists: counting ten thousand rows costs more than fetching twenty. A total is remembered until something of its
 * kind changes, here (at commit) or on another replica (when its event arrives).
 */
export function createCounts({ db, events, now = Date.now }: { db: Db; events: EventBus; now?: () => number }) {
  const totals = new Map<string, { total: number; until: number }>();
  const versions = new Map<string, number>();
  const forget = (kind: string) => {
    versions.set(kind, (versions.get(kind) ?? 0) + 1);
    for (const key of totals.keys()) if (key.startsWith(`${kind} `)) totals.delete(key);
  };
  db.onCommit((kinds) => kinds.forEach(forget));
  events.subscribe(
    ({ topic }) => forget(topic.split(".")[1] ?? ""),
    () => totals.clear(),
  );

  return async (kind: ObjectKind, condition: string, values: unknown[], count: () => Promise<number>): Promise<number> => {
    const key = `${kind} ${condition} ${JSON.stringify(values)}`;
    const known = totals.get(key);
    if (known && known.until > now()) return known.total;
    const version = versions.get(kind);
    const total = await count();
    // A count that overlapped a change may be of the time before it.
    if (versions.get(kind) === version) {
      if (totals.size >= maxRemembered) totals.delete(totals.keys().next().value as string);
      totals.set(key, { total, until: now() + trustMs });
    }
    return total;
  };
}
export type Counts = ReturnType<typeof createCounts>;
