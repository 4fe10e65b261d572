const maxDepth = 100;
/** Far below what overflows the stack of those who write JSON. */
const maxForeignDepth = 1000;

/**
 * What JSON can say and the database cannot keep: NUL characters, halves of characters, endless nesting,
 * numbers beyond a double, a property that objects cannot have.
 * @returns what is wrong, to be said of "the body"; undefined when nothing is.
 */
export const faultOfStored = (value: unknown): string | undefined => placeOfFault(value)?.fault;

type Place = { value: unknown; depth: number; key: string; outer: Place | undefined };

/** The same with the names that lead to the value at fault. */
export function placeOfFault(value: unknown): { path: string[]; fault: string } | undefined {
  const waiting: Place[] = [{ value, depth: 0, key: "", outer: undefined }];
  for (let place = waiting.pop(); place; place = waiting.pop()) {
    const fault = faultOfValue(place.value);
    if (fault) return { path: pathOf(place), fault };
    if (typeof place.value !== "object" || place.value === null) continue;
    if (place.depth === maxDepth) return { path: pathOf(place).slice(0, 1), fault: `is nested more than ${maxDepth} levels deep` };
    for (const [key, inner] of Object.entries(place.value)) {
      const keyFault = key === "__proto__" ? "cannot be stored: __proto__" : faultOfText(key);
      if (keyFault) return { path: pathOf(place), fault: `has a key that ${keyFault}` };
      waiting.push({ value: inner, depth: place.depth + 1, key, outer: place });
    }
  }
  return undefined;
}

function faultOfValue(value: unknown): string | undefined {
  if (typeof value === "string") return faultOfText(value);
  return typeof value === "number" && !Number.isFinite(value) ? "has a number that is too large" : undefined;
}

/** What is wrong with JSON that is only passed on: nesting that it could not be written with again. */
export function faultOfForeign(value: unknown): string | undefined {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxForeignDepth) return `is nested more than ${maxForeignDepth} levels deep`;
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return undefined;
}

function pathOf(place: Place): string[] {
  const path: string[] = [];
  for (let at: Place | undefined = place; at?.outer; at = at.outer) path.unshift(at.key);
  return path;
}

export function faultOfText(text: string): string | undefined {
  if (text.includes("\0")) return "has a NUL character";
  return text.isWellFormed() ? undefined : "has an unpaired surrogate";
}
