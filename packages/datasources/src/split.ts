const separators = ["\n\n", "\n", ". ", " "] as const;

/**
 * Splits a text into pieces of at most `size` characters, at paragraphs where possible, then at lines, sentences and words. Each piece
 * begins with the end of the one before it, so that what a cut divides is whole in one of them.
 */
export function splitText(text: string, { size = 1500, overlap = 150 }: { size?: number; overlap?: number } = {}): string[] {
  const pieces: string[] = [];
  let start = 0;
  while (start < text.length) {
    let end = Math.min(start + size, text.length);
    if (end < text.length) {
      const window = text.slice(start, end);
      // A cut in the first half would make many small pieces.
      const at = separators.map((one) => ({ one, at: window.lastIndexOf(one) })).find((cut) => cut.at > size / 2);
      if (at) end = start + at.at + at.one.length;
      else if (/[\ud800-\udbff]/.test(text[end - 1] ?? "")) end--;
    }
    const piece = text.slice(start, end).trim();
    if (piece !== "") pieces.push(piece);
    if (end >= text.length) break;
    const from = Math.max(end - overlap, start + 1);
    const word = text.slice(from, end).search(/\s\S/);
    start = word === -1 ? end : from + word + 1;
  }
  return pieces;
}
