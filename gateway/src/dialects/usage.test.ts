import fc from "fast-check";
import { expect, test } from "vitest";
import type { UsageReader } from "./dialect.ts";
import { dialects } from "./dialects.ts";

const openAi = dialects.openai.format;
const anthropic = dialects.anthropic.format;

const sse = (...events: unknown[]) => events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
const delta = (content: string) => ({ choices: [{ index: 0, delta: { content } }] });

/** Pushes a stream through a reader in pieces that end at `cuts`. @returns what the client gets. */
function pass(reader: UsageReader | undefined, text: string, cuts: readonly number[] = []): string {
  if (!reader?.stream) throw new Error("not a stream");
  const bytes = Buffer.from(text);
  const ends = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
  const out: Buffer[] = [];
  let at = 0;
  for (const end of ends) {
    out.push(Buffer.from(reader.stream.push(bytes.subarray(at, end))));
    at = end;
  }
  out.push(reader.stream.end());
  return Buffer.concat(out).toString();
}

test("wherever the pieces of a stream end, its usage is the same, and only the event that reports it is hidden", () => {
  const last = { id: "x", model: "gpt", choices: [], usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 } };
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" }), { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 20 }), (texts, cuts) => {
      const shown = sse(...texts.map(delta));
      const reader = openAi.createUsageReader("text/event-stream; charset=utf-8", true);
      expect(pass(reader, shown + sse(last), cuts)).toBe(shown);
      expect(reader).toMatchObject({ reported: { tokens: { prompt: 9, response: 4 }, model: "gpt" }, final: true });
      expect(reader?.chars).toBe(texts.reduce((sum, text) => sum + JSON.stringify(text).length - 2, 0));
    }),
    { numRuns: 200 },
  );
  expect(pass(openAi.createUsageReader("text/event-stream", false), sse(last))).toBe(sse(last));
});

test("a message's usage is complete at its end, whatever its beginning says", () => {
  const start = {
    type: "message_start",
    message: { model: "claude", usage: { input_tokens: 7, output_tokens: 1, cache_read_input_tokens: 3 } },
  };
  const reader = anthropic.createUsageReader("text/event-stream", false);
  reader?.stream?.push(Buffer.from(sse(start)));
  expect(reader).toMatchObject({ reported: { tokens: { prompt: 7, response: 1, cacheRead: 3 }, model: "claude" }, final: false });
  reader?.stream?.push(Buffer.from(sse({ type: "message_delta", delta: {}, usage: { output_tokens: 40 } })));
  expect(reader).toMatchObject({ reported: { tokens: { prompt: 7, response: 40, cacheRead: 3 }, model: "claude" }, final: true });
});

test("the usage of a complete answer is the same whether or not it is parsed, and errors and other types report none", () => {
  const usage = { prompt_tokens: 9, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 2 } };
  const answer = Buffer.from(JSON.stringify({ model: "gpt", choices: [{ message: { content: "hi" } }], usage }));
  const tokens = { prompt: 7, response: 4, cacheWrite: 0, cacheRead: 2 };
  for (const modelMatters of [true, false]) {
    const reader = openAi.createUsageReader("application/json", false);
    reader?.readAnswer(answer, modelMatters);
    expect(reader?.reported).toEqual({ tokens, model: modelMatters ? "gpt" : "" });
  }
  const end = openAi.createUsageReader("application/json", false);
  end?.readEnds(answer.subarray(0, 9), answer.subarray(-120));
  expect(end?.reported?.tokens).toEqual(tokens);
  for (const format of [openAi, anthropic]) {
    const reader = format.createUsageReader("application/json", false);
    reader?.readAnswer(Buffer.from('{"type":"error","error":{"type":"overloaded_error"}}'), false);
    expect(reader).toMatchObject({ reported: undefined, failed: true });
    expect(format.createUsageReader("audio/mpeg", false)).toBeUndefined();
  }
});

test("a stream is asked for usage once, and a client's own wish is left alone", () => {
  const ask = (body: string) => {
    const facts = openAi.readRequest(Buffer.from(body), false);
    if ("fault" in facts) throw new Error(facts.message);
    return openAi.withUsage(Buffer.from(body), facts)?.toString();
  };
  expect(ask('{"model":"m","stream":true}')).toBe('{"stream_options":{"include_usage":true},"model":"m","stream":true}');
  expect(JSON.parse(ask('{"stream":true,"stream_options":{"a":1,"include_usage":false}}') ?? "{}")).toEqual({
    stream: true,
    stream_options: { a: 1, include_usage: true },
  });
  expect(ask('{"stream":true,"stream_options":{"include_usage":true}}')).toBeUndefined();
});
