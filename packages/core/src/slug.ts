const words: Record<string, string> = { "&": " and ", "@": " at " };
const letters: Record<string, string> = { ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", ł: "l", þ: "th", ı: "i" };

/**
 * The path segment made from a name: ASCII, lower case, everything else a hyphen. The only such function: the control
 * plane and the edges must agree on it.
 * @returns "" when the name has no letter or digit to keep.
 */
export function slugify(name: string): string {
  return name
    .toLowerCase()
    .replace(/[&@]/g, (c) => words[c] ?? c)
    .replace(/[ßæœøđðłþı]/g, (c) => letters[c] ?? c)
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9_]+/g, "-")
    .replace(/^-+|-+$/g, "");
}
