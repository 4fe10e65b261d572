const maxDepth = 100;
/** Far below what overflows the stack of those who write JSON. */
const maxForeignDepth = 1000;

/**
 * What JSON can say and the database cannot keep: NUL characters, halves of characters, endless nesting.
 * @returns what is wrong, to be said of "the body"; undefined when nothing is.
 */
export function faultOfStored(value: unknown): string | undefined {
  const waiting: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const fault = typeof next.value === "string" ? faultOfText(next.value) : undefined;
    if (fault) return fault;
    if (typeof next.value !== "object" || next.value === null) continue;
    if (next.depth === maxDepth) return `is nested more than ${maxDepth} levels deep`;
    for (const [key, inner] of Object.entries(next.value)) {
      const keyFault = faultOfText(key);
      if (keyFault) return keyFault;
      waiting.push({ value: inner, depth: next.depth + 1 });
    }
  }
  return undefined;
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

export function faultOfText(text: string): string | undefined {
  if (text.includes("\0")) return "has a NUL character";
  return text.isWellFormed() ? undefined : "has half of a surrogate pair";
}
