import { countTokens, idOf, limitTo, piecesOf, replyTo, textOf, turnsOf } from "./text.ts";
import { sendEvents, sendJson, type Wire } from "./wire.ts";

const types: Record<number, string> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  529: "overloaded_error",
};

const error: Wire["error"] = (status, message) => ({
  type: "error",
  error: { type: types[status] ?? (status >= 500 ? "api_error" : "invalid_request_error"), message },
});

/** POST /v1/messages/count_tokens. */
export const anthropicCount: Wire = {
  error,
  async handle({ body }, res) {
    const turns = turnsOf(body.messages);
    if (typeof turns === "string") return sendJson(res, 400, error(400, turns));
    const texts = [textOf(body.system), ...turns.map((turn) => turn.text)];
    sendJson(res, 200, { input_tokens: texts.reduce((sum, text) => sum + countTokens(text), 0) });
  },
};

/** POST /v1/messages. */
export const anthropic: Wire = {
  error,
  async handle({ body, signal }, res) {
    if (typeof body.model !== "string" || body.model === "") return sendJson(res, 400, error(400, "model: Field required"));
    if (typeof body.max_tokens !== "number") return sendJson(res, 400, error(400, "max_tokens: Field required"));
    const turns = turnsOf(body.messages);
    if (typeof turns === "string") return sendJson(res, 400, error(400, turns));
    const system = textOf(body.system);
    if (system) turns.unshift({ role: "system", text: system });

    const { text, cut } = limitTo(replyTo(turns), body.max_tokens);
    const input = turns.reduce((sum, turn) => sum + countTokens(turn.text), 0);
    const output = countTokens(text);
    const usage = { input_tokens: input, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
    const stop = cut ? "max_tokens" : "end_turn";
    const message = { id: idOf("msg_", [body.model, turns]), type: "message", role: "assistant", model: body.model };

    if (body.stream !== true) {
      const content = [{ type: "text", text }];
      return sendJson(res, 200, {
        ...message,
        content,
        stop_reason: stop,
        stop_sequence: null,
        usage: { ...usage, output_tokens: output },
      });
    }
    const start = { ...message, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } };
    const payloads: ({ type: string } & Record<string, unknown>)[] = [
      { type: "message_start", message: start },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "ping" },
      ...piecesOf(text).map((piece) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: piece } })),
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: stop, stop_sequence: null }, usage: { output_tokens: output } },
      { type: "message_stop" },
    ];
    const events = payloads.map((data) => ({ event: data.type, data }));
    return sendEvents(res, events, { chunkDelayMs: Number(body.chunk_delay_ms ?? 0), signal });
  },
};
