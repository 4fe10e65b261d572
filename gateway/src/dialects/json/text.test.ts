import fc from "fast-check";
import { expect, test } from "vitest";
import { generatedChars } from "./text.ts";
import { usageField } from "./usage.ts";

const usage = usageField("usage");

test("the characters of generated text are counted, whatever escapes they hold", () => {
  const unit = fc.constantFrom('"', "\\", "/", "\n", "\u0000", "\u2028", "a", "u", ":", "{", "\u00e9", "\u6771", "\u{1f680}", "\ud800");
  fc.assert(
    fc.property(fc.string({ unit }), fc.string(), (text, other) => {
      const event = { id: other, choices: [{ delta: { role: "assistant", content: text } }] };
      expect(generatedChars(JSON.stringify(event))).toBe(JSON.stringify(text).length - 2);
      expect(generatedChars(JSON.stringify(event, null, 2))).toBe(JSON.stringify(text).length - 2);
    }),
    { numRuns: 200 },
  );
  expect(generatedChars('{"content":"one","text":"a\\"b\\\\","refusal":"never ends')).toBe(3 + 6);
});

test("no event or answer takes long to be read, however it is made", () => {
  const size = 1024 * 1024;
  const fill = (text: string) => text.repeat(size / text.length);
  const hostile = [
    `"text":"${fill("a")}`,
    `"text":"${fill("\\\\")}`,
    fill('"text":"\\'),
    fill(`"text"${" ".repeat(1_018)}`),
    `"usage"${fill(" ")}`,
    fill('"usage": '),
  ];
  const tails = ["{a}", "{", "a", '"b":{"c":1},', "}"].map((text) => `x"usage":{${fill(text)}`);
  const started = process.cpuUsage();
  for (const data of [...hostile, ...tails]) {
    generatedChars(data);
    usage.isIn(data);
    usage.lastIn(Buffer.from(data));
  }
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1e6).toBeLessThan(4);
});
