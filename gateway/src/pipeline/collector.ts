/** Remembers an answer that passes by, for what is read from it afterwards; bounded. */
export type Collector = {
  add(chunk: Buffer): void /** Undefined when the answer was larger than the bound. */;
  all(): Buffer | undefined;
  tail(): Buffer;
};

export function createCollector({ maxBytes, tailBytes }: { maxBytes: number; tailBytes: number }): Collector {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let whole = true;
  const joined = () => (chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
  return {
    add(chunk) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= maxBytes) return;
      whole = false;
      // Cut rarely: only when twice the tail has gathered.
      if (bytes > Math.max(maxBytes, tailBytes * 2)) {
        chunks = [Buffer.from(joined().subarray(-tailBytes))];
        bytes = tailBytes;
      }
    },
    all: () => (whole ? joined() : undefined),
    tail: () => joined().subarray(-tailBytes),
  };
}
