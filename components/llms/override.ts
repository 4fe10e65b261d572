import { isSame } from "../form/merge.ts";

type Config = Record<string, unknown>;

const isPlain = (value: unknown): value is Config => typeof value === "object" && value !== null && !Array.isArray(value);

/** Settings with an override over them, as the gateway merges them: objects deeply, anything else replaced. */
export const merged = (base: Config, over: Config): Config =>
  Object.fromEntries(
    [...new Set([...Object.keys(base), ...Object.keys(over)])].map((key) => {
      const below = base[key];
      const above = over[key];
      return [key, !(key in over) ? below : isPlain(below) && isPlain(above) ? merged(below, above) : above];
    }),
  );

/**
 * The override that a form of effective settings amounts to. What was not edited stays as it is in `stored`, overridden or not; what was
 * edited is overridden, and what was emptied is not.
 * @param untouched the form's values before anybody edited them: the effective settings and the schema's defaults.
 */
export function overrideOf({ values, untouched, stored }: { values: Config; untouched: Config; stored: Config }): Config {
  const over: Config = {};
  for (const key of new Set([...Object.keys(stored), ...Object.keys(values)])) {
    const [value, before, kept] = [values[key], untouched[key], stored[key]];
    if (isSame(value, before)) {
      if (key in stored) over[key] = kept;
    } else if (isPlain(value) && isPlain(before)) {
      const inner = overrideOf({ values: value, untouched: before, stored: isPlain(kept) ? kept : {} });
      if (Object.keys(inner).length > 0) over[key] = inner;
    } else if (value !== undefined) over[key] = value;
  }
  return over;
}

/** Overridden settings, each as the names that lead to it. */
export const pathsOf = (override: Config, above: string[] = []): string[][] =>
  Object.entries(override).flatMap(([key, value]) =>
    isPlain(value) && Object.keys(value).length > 0 ? pathsOf(value, [...above, key]) : [[...above, key]],
  );

/** An override without one of its settings, and without objects that are empty then. */
export function withoutPath(override: Config, [key = "", ...rest]: string[]): Config {
  const { [key]: value, ...others } = override;
  if (rest.length === 0 || !isPlain(value)) return others;
  const inner = withoutPath(value, rest);
  return Object.keys(inner).length === 0 ? others : { ...override, [key]: inner };
}
