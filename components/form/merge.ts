import { hashKey } from "@tanstack/react-query";

/** Whether two values are the same, whatever the order of their keys. */
export const isSame = (one: unknown, other: unknown): boolean => hashKey([one ?? null]) === hashKey([other ?? null]);

/** A field that somebody else changed while it was being edited here. */
export type RemoteChange = {
  field: string;
  mine: unknown;
  theirs: unknown;
  /** Which value the form has; null until one of two changes is selected. */
  choice: "mine" | "theirs" | null;
};

/**
 * Brings together what is being edited (`mine`) and what was stored meanwhile (`theirs`), both of which started from `base`. Fields that
 * were only changed elsewhere take the new value; fields that were changed on both sides keep `mine` and wait for a choice.
 */
export function mergeChanges<T extends Record<string, unknown>>({
  base,
  mine,
  theirs,
}: {
  base: T;
  mine: T;
  theirs: T;
}): {
  values: T;
  changes: RemoteChange[];
} {
  const values: Record<string, unknown> = { ...mine };
  const changes: RemoteChange[] = [];
  for (const field of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
    if (isSame(base[field], theirs[field]) || isSame(mine[field], theirs[field])) continue;
    const isUntouched = isSame(base[field], mine[field]);
    if (isUntouched && field in theirs) values[field] = theirs[field];
    else if (isUntouched) delete values[field];
    changes.push({ field, mine: mine[field], theirs: theirs[field], choice: isUntouched ? "theirs" : null });
  }
  return { values: values as T, changes };
}

/** The fields of `values` that are not as in `base`. */
export const changedFields = (base: Record<string, unknown>, values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([name, value]) => !isSame(base[name], value)));
