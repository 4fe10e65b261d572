import { expect, test } from "vitest";
import { DirectFrameReader } from "./frames.ts";

const frame = (type: number, call: number, payload: Buffer) => {
  const header = Buffer.alloc(9);
  header.writeUInt32BE(payload.length, 0);
  header[4] = type;
  header.writeUInt32BE(call, 5);
  return Buffer.concat([header, payload]);
};

/** Takes all frames but those of type 9. */
function seen(pieces: Buffer[]): string[] {
  const frames: string[] = [];
  const reader = new DirectFrameReader({
    accepts: (type) => type !== 9,
    frame: (type, call, bytes, start, end) => frames.push(`${type} ${call} ${bytes.toString("latin1", start, end)}`),
  });
  for (const piece of pieces) {
    // As from a socket: the same memory is used again for what comes next.
    const memory = Buffer.concat([piece, Buffer.alloc(8, 0xff)]);
    reader.push(memory, piece.length);
    memory.fill(0xee);
  }
  return frames;
}

test("frames are the same however the bytes are split, and one that is not wanted is skipped whole", () => {
  const bytes = Buffer.concat([
    frame(1, 1, Buffer.from("first")),
    frame(9, 7, Buffer.from("not wanted")),
    frame(2, 1, Buffer.alloc(0)),
    frame(3, 2 ** 32 - 1, Buffer.from("last")),
  ]);
  const whole = ["1 1 first", "2 1 ", "3 4294967295 last"];
  expect(seen([bytes])).toEqual(whole);
  for (let a = 0; a <= bytes.length; a++) {
    for (let b = a; b <= bytes.length; b++) expect(seen([bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)])).toEqual(whole);
  }
  expect(seen([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
});
