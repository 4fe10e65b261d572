import fc from "fast-check";
import { expect, test } from "vitest";
import { Chunks } from "./chunks.ts";

test("whatever the sizes of the pieces, the whole is what was sent, also when it is read on the way", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 1_500 }), { maxLength: 40 }), (pieces) => {
      const chunks = new Chunks();
      for (const [i, piece] of pieces.entries()) {
        chunks.add(Buffer.from(piece));
        if (i % 7 === 3) expect(chunks.all()).toEqual(Buffer.concat(pieces.slice(0, i + 1)));
      }
      expect(chunks.all()).toEqual(Buffer.concat(pieces));
      expect(chunks.bytes).toBe(chunks.all().length);
    }),
  );
});

test("a body of two million single bytes takes little more memory than its size", () => {
  const slab = Buffer.alloc(64 * 1024, "x");
  const before = process.memoryUsage();
  const chunks = new Chunks();
  for (let i = 0; i < 2_000_000; i++) chunks.add(slab.subarray(i % slab.length, (i % slab.length) + 1));
  const after = process.memoryUsage();
  expect(chunks.all().length).toBe(2_000_000);
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(16 * 1024 * 1024);
  expect(after.heapUsed - before.heapUsed).toBeLessThan(64 * 1024 * 1024);
});
