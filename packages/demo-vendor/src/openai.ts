import { countTokens, idOf, limitTo, piecesOf, replyTo, turnsOf } from "./text.ts";
import { sendEvents, sendJson, type Wire } from "./wire.ts";

const error: Wire["error"] = (status, message) => ({
  error: {
    message,
    type:
      status === 401
        ? "authentication_error"
        : status === 429
          ? "rate_limit_error"
          : status >= 500
            ? "server_error"
            : "invalid_request_error",
    param: null,
    code: status === 401 ? "invalid_api_key" : null,
  },
});

/** POST /v1/chat/completions. */
export const openai: Wire = {
  error,
  async handle({ body, signal }, res) {
    if (typeof body.model !== "string" || body.model === "") return sendJson(res, 400, error(400, "model must be a string."));
    const turns = turnsOf(body.messages);
    if (typeof turns === "string") return sendJson(res, 400, error(400, turns));

    const { text, cut } = limitTo(replyTo(turns), body.max_completion_tokens ?? body.max_tokens);
    const prompt = turns.reduce((sum, turn) => sum + countTokens(turn.text), 0);
    const completion = countTokens(text);
    const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
    const finish = cut ? "length" : "stop";
    const base = { id: idOf("chatcmpl-", [body.model, turns]), created: 1_700_000_000, model: body.model };

    if (body.stream !== true) {
      const message = { role: "assistant", content: text, refusal: null };
      const choices = [{ index: 0, message, logprobs: null, finish_reason: finish }];
      return sendJson(res, 200, { ...base, object: "chat.completion", choices, usage });
    }
    const options = body.stream_options;
    const withUsage = options !== null && typeof options === "object" && "include_usage" in options && options.include_usage === true;
    const chunk = (delta: unknown, reason: string | null) => ({
      ...base,
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
      ...(withUsage ? { usage: null } : {}),
    });
    const events: { data: unknown }[] = [
      { data: chunk({ role: "assistant", content: "" }, null) },
      ...piecesOf(text).map((piece) => ({ data: chunk({ content: piece }, null) })),
      { data: chunk({}, finish) },
      ...(withUsage ? [{ data: { ...base, object: "chat.completion.chunk", choices: [], usage } }] : []),
      { data: "[DONE]" },
    ];
    return sendEvents(res, events, { chunkDelayMs: Number(body.chunk_delay_ms ?? 0), signal });
  },
};
