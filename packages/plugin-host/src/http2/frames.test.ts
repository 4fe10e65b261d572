import { expect, test } from "vitest";
import { defaultMaxFrameBytes, FrameReader, frame, Http2Error } from "./frames.ts";

const seen = (pieces: Buffer[]) => {
  const frames: string[] = [];
  const reader = new FrameReader((type, flags, streamId, bytes, start, end) => {
    frames.push(`${type} ${flags} ${streamId} ${bytes.toString("hex", start, end)}`);
  });
  for (const piece of pieces) {
    // As from a socket: the same memory is used again for what comes next.
    const memory = Buffer.concat([piece, Buffer.alloc(8, 0xff)]);
    reader.push(memory, piece.length);
    memory.fill(0xee);
  }
  return frames;
};

test("frames are the same however the bytes are split", () => {
  const bytes = Buffer.concat([
    frame(0, 1, 1, Buffer.from("first")),
    frame(6, 0, 0, Buffer.alloc(8, 7)),
    frame(4, 1, 0, Buffer.alloc(0)),
    frame(200, 255, 2 ** 31 - 1, Buffer.from("x")),
  ]);
  const whole = seen([bytes]);
  expect(whole).toEqual(["0 1 1 6669727374", "6 0 0 0707070707070707", "4 1 0 ", "200 255 2147483647 78"]);
  for (let a = 0; a <= bytes.length; a++) {
    for (let b = a; b <= bytes.length; b++) expect(seen([bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)])).toEqual(whole);
  }
  expect(seen([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
});

test("the largest frame is taken and a longer one is refused from its header alone", () => {
  const largest = frame(0, 0, 1, Buffer.alloc(defaultMaxFrameBytes, 1));
  expect(seen([largest.subarray(0, 20), largest.subarray(20, 9_000), largest.subarray(9_000)])).toHaveLength(1);
  const header = frame(0, 0, 1, Buffer.alloc(defaultMaxFrameBytes + 1)).subarray(0, 9);
  expect(() => seen([header])).toThrow(Http2Error);
  expect(() => seen([header.subarray(0, 4), header.subarray(4)])).toThrow(Http2Error);
});
