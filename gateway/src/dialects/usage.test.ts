import fc from "fast-check";
import { expect, test } from "vitest";
import type { UsageReader, WireFormat } from "./dialect.ts";
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

type Counts = { prompt: number; response: number; total: number };
const countsOf = ({ reported }: UsageReader): Counts => {
  const { prompt = 0, response = 0, cacheRead = 0, cacheWrite = 0 } = reported?.tokens ?? {};
  return { prompt: prompt + cacheRead + cacheWrite, response, total: prompt + response + cacheRead + cacheWrite };
};
const streamReader = (format: WireFormat, hidesUsage = false): UsageReader => {
  const reader = format.createUsageReader("text/event-stream", hidesUsage);
  if (!reader) throw new Error("not a stream");
  return reader;
};
const resultOf = ({ reported, final, failed, chars }: UsageReader) => ({ reported, final, failed, chars });

/** A count as vendors write them, and as they should not. */
const count = fc.oneof({ weight: 6, arbitrary: fc.nat(5_000) }, fc.constantFrom(null, undefined, -1, 1.5, "7"));
const openAiEvent = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 6 }).map(delta),
  fc
    .record({ prompt_tokens: count, completion_tokens: count, prompt_tokens_details: fc.record({ cached_tokens: count }) })
    .map((usage) => ({ model: "gpt", choices: [], usage })),
  fc
    .record({ input_tokens: count, output_tokens: count })
    .map((usage) => ({ type: "response.completed", response: { model: "gpt", usage } })),
  fc.constantFrom({ choices: [], usage: null }, { usage: {} }, { error: { message: "overloaded" } }, { type: "ping" }),
);
const anthropicUsage = fc.record({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  cache_creation: fc.record({ ephemeral_1h_input_tokens: count }),
});
const anthropicEvent = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 6 }).map((text) => ({ type: "content_block_delta", delta: { type: "text_delta", text } })),
  anthropicUsage.map((usage) => ({ type: "message_start", message: { model: "claude", usage } })),
  anthropicUsage.map((usage) => ({ type: "message_delta", delta: {}, usage })),
  fc.constantFrom({ type: "message_delta", usage: null }, { type: "error", error: { type: "overloaded_error" } }, { type: "ping" }),
);
const streams = [
  { format: openAi, events: fc.array(openAiEvent, { maxLength: 6 }) },
  { format: anthropic, events: fc.array(anthropicEvent, { maxLength: 6 }) },
];

test("wherever the bytes of a stream are split, the totals are the same and the client gets the same", () => {
  for (const { format, events } of streams) {
    fc.assert(
      fc.property(
        events,
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.boolean(),
        fc.constantFrom("\n", "\r\n", "\r"),
        (list, cuts, hides, end) => {
          const text = `${sse(...list).replaceAll("\n", end)}data: [DONE]${end}${end}`;
          const whole = streamReader(format, hides);
          const split = streamReader(format, hides);
          expect(pass(split, text, cuts)).toBe(pass(whole, text));
          expect(resultOf(split)).toEqual(resultOf(whole));
        },
      ),
      { numRuns: 400 },
    );
  }
});

test("totals never fall from event to event, and what says nothing changes nothing", () => {
  for (const { format, events } of streams) {
    fc.assert(
      fc.property(events, (list) => {
        const reader = streamReader(format);
        let before = countsOf(reader);
        for (const event of list) {
          reader.stream?.push(Buffer.from(sse(event)));
          const now = countsOf(reader);
          expect(now.prompt).toBeGreaterThanOrEqual(before.prompt);
          expect(now.response).toBeGreaterThanOrEqual(before.response);
          expect(now.total).toBeGreaterThanOrEqual(before.total);
          before = now;
        }
        const reported = reader.reported;
        for (const nothing of [
          { usage: null },
          { usage: {} },
          { usage: { prompt_tokens: null, input_tokens: null } },
          { response: { usage: null } },
        ])
          reader.stream?.push(Buffer.from(sse(nothing)));
        expect(reader.reported).toEqual(reported);
      }),
      { numRuns: 500 },
    );
  }
});

test("every token that a vendor reports is counted once: cached ones are part of the prompt with OpenAI, and beside it with Anthropic", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9_999 }),
      fc.nat(9_999),
      fc.nat(9_999),
      fc.boolean(),
      (prompt, response, cached, modelMatters) => {
        const read = (format: WireFormat, answer: unknown) => {
          const reader = format.createUsageReader("application/json", false);
          reader?.readAnswer(Buffer.from(JSON.stringify(answer)), modelMatters);
          return countsOf(reader as UsageReader);
        };
        const within = Math.min(prompt, cached);
        const chat = { prompt_tokens: prompt, completion_tokens: response, prompt_tokens_details: { cached_tokens: within } };
        expect(read(openAi, { model: "gpt", usage: chat })).toEqual({ prompt, response, total: prompt + response });
        const message = { input_tokens: prompt, output_tokens: response, cache_read_input_tokens: cached };
        expect(read(anthropic, { model: "claude", usage: message }).total).toBe(prompt + response + cached);
      },
    ),
    { numRuns: 300 },
  );
});
