import fc from "fast-check";
import { expect, test } from "vitest";
import { requestFields } from "../openai/format.ts";
import { scannedFields, scanRequest, scanUsageAtEnd } from "./scan.ts";
import { textChars } from "./text.ts";

const fields = scannedFields(requestFields);
const usageName = Buffer.from('"usage"');

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
const read = (body: unknown) => scanRequest(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), fields);
const found = (answer: unknown) => scanUsageAtEnd(Buffer.from(JSON.stringify(answer)), usageName);

/** What a request's body means, by JSON.parse. */
function meantBy(text: string) {
  const body = parsed(text) as Record<string, unknown>;
  const limits = ["max_tokens", "max_completion_tokens", "max_output_tokens"].flatMap((name) => (body[name] as number) ?? []);
  return {
    model: body.model,
    stream: body.stream === true,
    hasUsageOptions: body.stream_options !== undefined,
    maxTokens: Math.max(-1, ...limits),
    choices: Math.max(1, (body.n as number) ?? 1),
    textChars: textChars(body),
  };
}

test("a usual request is read without being parsed", () => {
  const image = { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } };
  const messages = [
    { role: "system", content: 'Be "brief" \\ \u00e9\u6771\ud83d\ude80\n' },
    { role: "user", content: [{ type: "text", text: "hi" }, image] },
  ];
  const tools = [{ type: "function", function: { name: "usage", parameters: { properties: { model: { type: "string" } } } } }];
  const body = { model: "gpt-4.1", messages, tools, temperature: -0.5e-3, max_tokens: 20, metadata: null, stream: true, n: 1 };
  expect(read(body)).toEqual(meantBy(JSON.stringify(body)));
  expect(read(JSON.stringify(body, null, "\t"))).toEqual(meantBy(JSON.stringify(body)));
  const limits = { max_output_tokens: 3, max_completion_tokens: 2, stream: false, stream_options: { include_usage: true } };
  expect(read({ model: "m", input: "\u{1f680}", ...limits })).toEqual({
    model: "m",
    stream: false,
    hasUsageOptions: true,
    maxTokens: 3,
    choices: 1,
    textChars: 2,
  });
  expect(read(" {} ")).toMatchObject({ model: undefined, stream: false, maxTokens: -1 });
});

test("an unusual request is left to be parsed", () => {
  const unusual = [
    '{"model":"a","model":"b"}',
    '{"model":"a","Model":"b"}',
    '{"MODEL":"b"}',
    '{"mod\\u0065l":"a"}',
    '{"model":"\\u0061"}',
    '{"model":"\u00e9"}',
    '{"model":""}',
    '{"model":5}',
    '{"stream":1}',
    '{"stream":true,"stream":false}',
    '{"max_tokens":1.5}',
    '{"max_tokens":-1}',
    '{"max_tokens":1,"max_tokens":2}',
    '{"n":0}',
    '{"n":1,"n":2}',
    '{"n":"2"}',
    '{"best_of":2}',
    '{"models":["a"]}',
    '{"Models":["a"]}',
    '{"fallbacks":["a"]}',
    '{"session":{"model":"a"}}',
    `${"[".repeat(40)}${"]".repeat(40)}`,
    "[]",
    '"model"',
    "",
    "{",
    '{"model":"a"}}',
    '{"model":"a",}',
    '{"model":"a"} x',
    '\ufeff{"model":"a"}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":1e}',
    '{"a":+1}',
    '{"a":-}',
    '{"a":tru}',
    '{"a":"\n"}',
    '{"a":"\\x"}',
    '{"a":"\\u00g0"}',
    "{'a':1}",
    "{a:1}",
    '{"a" 1}',
    '{"a":}',
    '{"a":[1,]}',
    '{"a":[1 2]}',
    '{"a":"',
    '{"a":"\\',
    '{"a":1',
  ];
  for (const text of unusual) expect(read(text), text).toBeUndefined();
});

test("what is read of a request is what it means, however its bytes are changed", () => {
  const key = fc.constantFrom(
    "model",
    "stream",
    "max_tokens",
    "stream_options",
    "role",
    "url",
    "content",
    "Model",
    "models",
    "n",
    "x\u00e9",
    "",
    'a"b',
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      fc.string({ unit: fc.constantFrom("{", '"', "\\", "\n", "a", "\u00e9", "\u6771", "\u{1f680}", "\u0000") }),
      fc.boolean(),
      fc.constant(null),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.nat(),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(key, tie("tree"), { maxKeys: 5 }),
    ),
  }));
  const usual = fc.record(
    { model: fc.constantFrom("a", "b"), stream: fc.boolean(), max_tokens: fc.nat(), max_output_tokens: fc.nat(), n: fc.nat(9) },
    { requiredKeys: [] },
  );
  const edit = fc.record({
    at: fc.nat(),
    cut: fc.nat(2),
    put: fc.constantFrom("", "", '"', "\\", ",", "}", "{", "[", "1", "e", " ", "\u00e9"),
  });
  let judged = 0;
  fc.assert(
    fc.property(fc.dictionary(key, tree, { maxKeys: 4 }), usual, fc.option(edit), fc.boolean(), (fields, more, change, indented) => {
      let text = JSON.stringify({ ...fields, ...more }, null, indented ? 1 : 0);
      if (change) text = text.slice(0, change.at % text.length) + change.put + text.slice((change.at % text.length) + change.cut);
      const facts = read(text);
      if (!facts) return;
      judged++;
      const meaning = meantBy(text);
      // A field that is not judged may stand there twice; then both count as text.
      if (change) expect(facts).toEqual({ ...meaning, textChars: expect.any(Number) });
      else expect(facts).toEqual(meaning);
    }),
    { numRuns: 5_000 },
  );
  expect(judged).toBeGreaterThan(500);
});

test("usage read from the end of an answer is the answer's own, or nothing", () => {
  const usage = { prompt_tokens: 1, details: { cached_tokens: 2 } };
  expect(found({ id: "x", usage })).toEqual(usage);
  expect(found({ id: "x", usage: { ...usage, tier: "a", rest: [{ b: 1 }], none: null, "\u00e9": "" } })).toBeUndefined();
  expect(found({ id: "x", usage: { ...usage, tier: "a", rest: [{ b: 1 }], none: null } })).toEqual(usage);
  expect(found({ id: "x", usage, service_tier: 'a "}]', more: [{ a: 1 }] })).toEqual(usage);
  // Left to be parsed: what is no count, and names that objects know themselves.
  expect(found({ id: "x", usage: { prompt_tokens: 1.5 } })).toBeUndefined();
  expect(scanUsageAtEnd(Buffer.from('{"id":"x","usage":{"__proto__":{"a":1}}}'), usageName)).toBeUndefined();
  // A tool's arguments are the model's words, not the vendor's.
  expect(found({ usage, content: [{ input: { usage: { prompt_tokens: 0 } } }] })).toBeUndefined();
  expect(found({ content: '"usage":{"prompt_tokens":0}}' })).toBeUndefined();
  expect(found({ 'x"usage': { prompt_tokens: 0 } })).toBeUndefined();
  expect(found([{ usage }])).toBeUndefined();
});

test("whatever an answer holds, only counts of its top-level usage are ever read", () => {
  const key = fc.constantFrom("usage", "content", 'a"usage', "usage\\", "{", "tokens");
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      fc.string({ unit: fc.constantFrom("{", "}", '"', "\\", "[", "]", "usage", ":") }),
      fc.nat(),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
    ),
  }));
  let judged = 0;
  fc.assert(
    fc.property(fc.oneof(tree, fc.dictionary(key, fc.dictionary(key, tree, { maxKeys: 3 }), { maxKeys: 3 })), (answer) => {
      const counts = found(answer);
      if (counts === undefined) return;
      judged++;
      expect((answer as { usage: unknown }).usage).toMatchObject(counts);
    }),
    { numRuns: 5_000 },
  );
  expect(judged).toBeGreaterThan(50);
});
