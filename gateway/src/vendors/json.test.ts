import fc from "fast-check";
import { expect, test } from "vitest";
import { lastUsage } from "./json.ts";

const found = (answer: unknown) => lastUsage(Buffer.from(JSON.stringify(answer)), { exact: true });

test("usage read from the end of an answer is the answer's own, or nothing", () => {
  const usage = { prompt_tokens: 1, details: { cached_tokens: 2 } };
  expect(found({ id: "x", usage })).toEqual(usage);
  expect(found({ id: "x", usage, service_tier: 'a "}]', more: [{ a: 1 }] })).toEqual(usage);
  // A tool's arguments are the model's words, not the vendor's.
  expect(found({ usage, content: [{ input: { usage: { prompt_tokens: 0 } } }] })).toBeUndefined();
  expect(found({ content: '"usage":{"prompt_tokens":0}}' })).toBeUndefined();
  expect(found({ 'x"usage': { prompt_tokens: 0 } })).toBeUndefined();
  expect(found([{ usage }])).toBeUndefined();
});

test("whatever an answer holds, only its top-level usage is ever read", () => {
  const key = fc.constantFrom("usage", "content", 'a"usage', "usage\\", "{");
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      fc.string({ unit: fc.constantFrom("{", "}", '"', "\\", "[", "]", "usage", ":") }),
      fc.nat(),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (answer) => {
      const read = found(answer);
      if (read !== undefined) expect(read).toEqual((answer as { usage: unknown }).usage);
    }),
    { numRuns: 2_000 },
  );
});
