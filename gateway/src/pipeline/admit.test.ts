import fc from "fast-check";
import { expect, test } from "vitest";
import { anActiveApp, anExchange, aRoutedLlm } from "../../test/exchange.ts";
import { createLedger } from "../budget/ledger.ts";
import { createAdmission } from "./admit.ts";
import type { LlmExchange } from "./llm-call.ts";
import type { Step } from "./reply.ts";

const admit = createAdmission({ ledger: createLedger({ now: Date.now }) }).admit;

const price = (perMillion: number) => ({
  inputMicroUsdPerMillion: perMillion,
  outputMicroUsdPerMillion: perMillion,
  cacheWriteMicroUsdPerMillion: 0,
  cacheReadMicroUsdPerMillion: 0,
});

const chat = (more: Record<string, unknown> = {}) =>
  JSON.stringify({ model: "good", messages: [{ role: "user", content: "hi" }], ...more });

/** Why a request is refused; "" when it is let through. */
const reasonOf = (step: Step): string => (step.kind === "reply" ? step.reply.reason : "");
const judge = (exchange: LlmExchange): string => reasonOf(admit(exchange));
const bodyOf = ({ body }: LlmExchange): unknown => JSON.parse((body as Buffer).toString());

/** Every model that some server might take from a JSON body: the first or the last of several names, in any case, fallbacks, sessions. */
function modelsAnyServerReads(text: string): string[] {
  const models: string[] = [];
  const take = (value: unknown): void => {
    // An empty name is none.
    if (typeof value === "string") models.push(...(value === "" ? [] : [value]));
    else if (Array.isArray(value)) for (const item of value) take(item);
    else if (value !== null && typeof value === "object")
      for (const [name, model] of Object.entries(value)) if (name.toLowerCase() === "model") take(model);
  };
  // A reviver sees one value of a name; cutting the text at each name shows the others.
  for (const match of text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:\s*("(?:[^"\\]|\\.)*"|\[[^\]]*\]|\{[^}]*\})/g)) {
    const name = (JSON.parse(`"${match[1]}"`) as string).toLowerCase();
    const value: unknown = JSON.parse(match[2] as string);
    // A session holds a model; it is no name itself.
    if (["model", "models", "fallbacks"].includes(name) || (name === "session" && !Array.isArray(value) && typeof value === "object"))
      take(value);
  }
  return models;
}

test("where only some models are allowed, no server can read another from a body that is let through", () => {
  const llm = aRoutedLlm({ allowedModels: ["^good"] });
  const name = fc.constantFrom(
    "model",
    "Model",
    "MODEL",
    "mod\\u0065l",
    "\\u006dodel",
    "models",
    "Models",
    "fallbacks",
    "session",
    "Session",
    "n",
    "x",
  );
  const model = fc.constantFrom('"good"', '"bad"', '"good-2"', '"b\\u0061d"', '"Good"', '""');
  const value = fc.oneof(
    model,
    fc.array(model, { maxLength: 2 }).map((list) => `[${list.join(",")}]`),
    fc.tuple(fc.constantFrom("model", "Model"), model).map(([key, one]) => `{"${key}":${one}}`),
    fc.constant("{}"),
    fc.constantFrom("null", "1"),
  );
  const space = fc.constantFrom("", " ", "\n");
  const field = fc.tuple(name, value, space).map(([key, text, gap]) => `"${key}"${gap}:${gap}${text}`);
  let passed = 0;
  fc.assert(
    fc.property(fc.array(field, { maxLength: 4 }), (fields) => {
      const exchange = anExchange({ llm, body: `{${fields.join(",")}}` });
      if (judge(exchange) !== "") return;
      passed++;
      const sent = (exchange.body as Buffer).toString();
      for (const read of modelsAnyServerReads(sent)) expect(read, sent).toMatch(/^good/);
      expect(exchange.target.model).toMatch(/^good/);
    }),
    { numRuns: 20_000 },
  );
  expect(passed).toBeGreaterThan(500);
});

test("a body is sent byte for byte as it came unless something has to be added", () => {
  const body = '{ "model" : "good" ,"seed":12345678901234567890, "x":1.50, "messages":[] }';
  const plain = anExchange({ body });
  expect(judge(plain)).toBe("");
  expect((plain.body as Buffer).toString()).toBe(body);
  const withDefault = anExchange({ llm: aRoutedLlm({ defaultModel: "good" }), body: '{"seed":12345678901234567890}' });
  expect(judge(withDefault)).toBe("");
  expect((withDefault.body as Buffer).toString()).toBe('{"model":"good","seed":12345678901234567890}');
});

test("a stream is asked for its usage; the client's own wish decides whether it sees the event", () => {
  const unasked = anExchange({ body: chat({ stream: true }) });
  admit(unasked);
  expect(bodyOf(unasked)).toMatchObject({ stream_options: { include_usage: true } });
  expect(unasked.target).toMatchObject({ streaming: true, hideUsage: true });
  expect(JSON.parse(String(unasked.target.bodyAsSent))).not.toHaveProperty("stream_options");

  const asked = anExchange({ body: chat({ stream: true, stream_options: { include_usage: true } }) });
  admit(asked);
  expect(asked.target).toMatchObject({ hideUsage: false, bodyAsSent: undefined });

  const declined = anExchange({ body: chat({ stream: true, stream_options: { include_usage: false, extra: 1 } }) });
  admit(declined);
  expect(bodyOf(declined)).toMatchObject({ stream_options: { include_usage: true, extra: 1 } });
  expect(declined.target.hideUsage).toBe(true);
});

test("each refusal has its reason, and nothing is reserved for it", () => {
  const limited = aRoutedLlm({ allowedModels: ["^good$"] });
  const budget = { limitNanoUsd: 1e9, anchor: null };
  const cases: [string, Parameters<typeof anExchange>[0]][] = [
    ["endpoint_not_allowed", { path: "/v1/files", body: "{}" }],
    ["endpoint_not_allowed", { path: "/v1/chat/completions", method: "DELETE" }],
    ["invalid_json", { body: "" }],
    ["invalid_json", { body: "{" }],
    ["invalid_json", { body: "[]" }],
    ["model_invalid", { body: '{"model":5}' }],
    ["model_invalid", { body: chat({ model: "x".repeat(257) }) }],
    ["model_invalid", { body: chat({ models: "good" }) }],
    ["model_missing", { body: "{}" }],
    ["model_not_allowed", { llm: limited, body: chat({ model: "bad" }) }],
    ["model_not_allowed", { llm: limited, body: chat({ fallbacks: [{ model: "bad" }] }) }],
    ["model_not_allowed", { llm: limited, body: chat(), query: "?model=bad" }],
    ["model_not_allowed", { llm: limited, body: chat(), path: "/openai/deployments/bad/chat/completions" }],
    ["streaming_mismatch", { mode: "rest", body: chat({ stream: true }) }],
    ["streaming_mismatch", { mode: "stream", body: chat() }],
    [
      "form_invalid",
      { llm: limited, path: "/v1/audio/transcriptions", headers: ["content-type", "multipart/form-data; boundary=x"], body: "--x" },
    ],
    ["price_unknown", { app: anActiveApp({ budget }), body: chat() }],
    [
      "budget_exceeded",
      {
        app: anActiveApp({ budget: { limitNanoUsd: 1_000, anchor: null } }),
        prices: { good: price(1e9) },
        body: chat({ max_tokens: 9_000 }),
      },
    ],
  ];
  for (const [reason, options] of cases) {
    const exchange = anExchange(options);
    expect(judge(exchange), JSON.stringify(options?.body)).toBe(reason);
    expect(exchange.reservation).toBeUndefined();
  }
});

test("under a budget a call reserves what it may cost at most, and without a limit of its own what its question costs", () => {
  const app = anActiveApp({ budget: { limitNanoUsd: 1e9, anchor: null } });
  const reservedFor = (more: Record<string, unknown>) => {
    const ledger = createLedger({ now: Date.now });
    const exchange = anExchange({ app, prices: { good: price(1_000_000) }, body: chat(more) });
    expect(reasonOf(createAdmission({ ledger }).admit(exchange))).toBe("");
    expect(exchange.reservation).toBeDefined();
    return exchange.target.maxResponseTokens;
  };
  expect(reservedFor({ max_tokens: 100 })).toBe(100);
  expect(reservedFor({ max_tokens: 100, max_completion_tokens: 300, n: 2 })).toBe(600);
  expect(reservedFor({})).toBe(4_096);
});
