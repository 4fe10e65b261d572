import fc from "fast-check";
import { expect, test } from "vitest";
import { createSseReader } from "./sse.ts";

const line = fc.stringMatching(/^[a-zé {}":,]{0,12}$/);
const eol = fc.constantFrom("\n", "\r\n", "\r");
const event = fc.tuple(
  fc.array(
    fc.oneof(
      line.map((text) => `data: ${text}`),
      line.map((text) => `: ${text}`),
      fc.constant("event: x"),
    ),
    { minLength: 1, maxLength: 4 },
  ),
  eol,
);
const stream = fc
  .array(event, { maxLength: 6 })
  .map((events) => events.map(([lines, end]) => lines.map((text) => text + end).join("") + end).join(""));

function read(chunks: Buffer[], keep: (data: string) => boolean, maxEventBytes?: number) {
  const seen: string[] = [];
  const reader = createSseReader({
    onEvent: (data) => {
      seen.push(data);
      return keep(data);
    },
    ...(maxEventBytes === undefined ? {} : { maxEventBytes }),
  });
  const passed = [...chunks.map((chunk) => reader.push(chunk)), reader.end()];
  return { seen, passed: Buffer.concat(passed).toString() };
}

const cut = (text: string, at: number[]): Buffer[] => {
  const bytes = Buffer.from(text);
  const ends = [...new Set(at.map((n) => n % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...ends].map((start, i) => bytes.subarray(start, ends[i] ?? bytes.length));
};

test("however a stream is cut, the same events are seen and every byte is passed on", () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 8 }), (text, at) => {
      const whole = read([Buffer.from(text)], () => true);
      expect(read(cut(text, at), () => true)).toEqual(whole);
      expect(whole.passed).toBe(text);
    }),
  );
});

test("a refused event disappears whole and nothing else does", () => {
  const text = "data: a\n\ndata: secret\r\n\r\n: note\n\ndata: b\n\n";
  for (let at = 0; at < text.length; at++) {
    const { passed } = read(cut(text, [at]), (data) => data !== "secret");
    expect(passed).toBe("data: a\n\n: note\n\ndata: b\n\n");
  }
});

test("an event too large to be read passes without being held, and reading goes on after it", () => {
  const text = `data: ${"x".repeat(100)}\n\ndata: after\n\n`;
  for (const size of [1, 7, 64]) {
    const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, i) => Buffer.from(text.slice(i * size, (i + 1) * size)));
    const { seen, passed } = read(chunks, () => true, 32);
    expect(passed).toBe(text);
    expect(seen).toContain("after");
  }
});

test("a large event that comes byte by byte costs time in proportion to its size", () => {
  const text = `data: ${"x".repeat(600_000)}\n\n`;
  const bytes = Buffer.from(text);
  const started = process.cpuUsage();
  const { seen, passed } = read(
    Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1)),
    () => true,
  );
  const { user, system } = process.cpuUsage(started);
  expect([seen[0]?.length, passed.length]).toEqual([600_000, text.length]);
  expect((user + system) / 1e6).toBeLessThan(6);
});

test("lines end by carriage returns too, mixed with others, and a byte order mark hides no event", () => {
  const text = "\ufeffdata: a\r\rdata: b\n\rdata: c\r\ndata: d\r\n\r\n: note\r\rdata: e\n\n";
  for (let at = 0; at <= Buffer.byteLength(text); at++) {
    const { seen, passed } = read(cut(text, [at]), (data) => data !== "c\nd");
    expect(seen, `cut at ${at}`).toEqual(["a", "b", "c\nd", "e"]);
    expect(passed).toBe("\ufeffdata: a\r\rdata: b\n\r: note\r\rdata: e\n\n");
  }
  // Whoever waits for a line feed after the last carriage return holds the event back.
  expect(createSseReader({ onEvent: () => true }).push(Buffer.from("data: a\r\r")).length).toBe(9);
});

test("of an event too large to read the end is shown, once", () => {
  const ends: string[] = [];
  const reader = createSseReader({
    onEvent: () => true,
    onLargeEvent: (tail) => ends.push(tail.toString().slice(-12)),
    maxEventBytes: 1_000,
  });
  const text = `data: ${"x".repeat(300_000)}the end\n\ndata: small\n\n`;
  const passed = cut(text, [10, 5_000, 150_000, 300_008]).map((chunk) => reader.push(chunk));
  expect(Buffer.concat([...passed, reader.end()]).toString()).toBe(text);
  expect(ends).toEqual(["xxxthe end\n\n"]);
});

test("other data may be passed on in an event's place", () => {
  const reader = createSseReader({ onEvent: (data) => (data === "long" ? "short" : data !== "hidden") });
  const passed = reader.push(Buffer.from("id: 1\ndata: long\n\ndata: hidden\n\ndata: x\n\n"));
  expect(passed.toString()).toBe("id: 1\ndata: short\n\ndata: x\n\n");
});
