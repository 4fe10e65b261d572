import type { ObjectKind } from "@portico/protocol/kinds";
import type { EventBus } from "../events/bus.ts";
import type { Db } from "./client.ts";

const maxRemembered = 500;
/** Should a change be missed (a row written past the journal), a total is wrong for no longer than this. */
const trustMs = 2_000;

/** @param kinds of object whose changes change the total. */
export type Counts = (kinds: readonly ObjectKind[], query: string, values: unknown[], count: () => Promise<number>) => Promise<number>;

/**
 * Totals of lists: counting ten thousand rows costs more than fetching twenty. A total is remembered until something of its
 * kinds changes, here (at commit) or on another replica (when its event arrives).
 */
export function createCounts({ db, events, now = () => performance.now() }: { db: Db; events: EventBus; now?: () => number }): Counts {
  const totals = new Map<string, { kinds: readonly string[]; total: number; until: number }>();
  const versions = new Map<string, number>();
  const forget = (kind: string) => {
    versions.set(kind, (versions.get(kind) ?? 0) + 1);
    for (const [key, { kinds }] of totals) if (kinds.includes(kind)) totals.delete(key);
  };
  const versionOf = (kinds: readonly string[]) => kinds.map((kind) => versions.get(kind) ?? 0).join();
  db.onCommit((kinds) => kinds.forEach(forget));
  events.subscribe(
    ({ topic }) => forget(topic.split(".")[1] ?? ""),
    () => totals.clear(),
  );

  return async (kinds, query, values, count) => {
    const key = `${query} ${JSON.stringify(values)}`;
    const known = totals.get(key);
    if (known && known.until > now()) return known.total;
    const version = versionOf(kinds);
    const total = await count();
    // A count that overlapped a change may be of the time before it.
    if (versionOf(kinds) === version) {
      if (totals.size >= maxRemembered) totals.delete(totals.keys().next().value as string);
      totals.set(key, { kinds, total, until: now() + trustMs });
    }
    return total;
  };
}
