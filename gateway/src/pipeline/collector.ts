import { Chunks } from "@portico/core/chunks";

/** Remembers an answer that passes by, for what is read from it afterwards; bounded. */
export type Collector = {
  add(chunk: Buffer): void /** Undefined when the answer was larger than the bound. */;
  all(): Buffer | undefined;
  /** The beginning and the end, when it was larger. */
  head(): Buffer;
  tail(): Buffer;
};

export function createCollector({ maxBytes, tailBytes }: { maxBytes: number; tailBytes: number }): Collector {
  const chunks = new Chunks();
  let whole = true;
  let head: Buffer | undefined;
  const tail = () => chunks.all().subarray(-tailBytes);
  return {
    add(chunk) {
      chunks.add(chunk);
      if (chunks.bytes <= maxBytes) return;
      whole = false;
      // Cut rarely: only when twice the tail has gathered.
      if (chunks.bytes > Math.max(maxBytes, tailBytes * 2)) {
        head ??= Buffer.from(chunks.all().subarray(0, tailBytes));
        const kept = Buffer.from(tail());
        chunks.clear();
        chunks.add(kept);
      }
    },
    all: () => (whole ? chunks.all() : undefined),
    head: () => head ?? chunks.all().subarray(0, tailBytes),
    tail,
  };
}
