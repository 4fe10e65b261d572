import { openai } from "./openai.ts";
import { countTokens, idOf, limitTo, piecesOf, replyTo, type Turn, textOf, turnsOf } from "./text.ts";
import { sendEvents, sendJson, type Wire } from "./wire.ts";

/** POST /v1/responses. */
export const responses: Wire = {
  error: openai.error,
  async handle({ body, signal }, res) {
    if (typeof body.model !== "string" || body.model === "") return sendJson(res, 400, openai.error(400, "model must be a string."));
    const turns: Turn[] | string = typeof body.input === "string" ? [{ role: "user", text: body.input }] : turnsOf(body.input);
    if (typeof turns === "string") return sendJson(res, 400, openai.error(400, turns.replace("messages", "input")));
    const instructions = textOf(body.instructions);
    if (instructions) turns.unshift({ role: "system", text: instructions });

    const { text, cut } = limitTo(replyTo(turns), body.max_output_tokens);
    const input = turns.reduce((sum, turn) => sum + countTokens(turn.text), 0);
    const output = countTokens(text);
    const part = { type: "output_text", text, annotations: [], logprobs: [] };
    const message = { type: "message", id: idOf("msg_", turns), role: "assistant", status: "completed", content: [part] };
    const response = {
      id: idOf("resp_", [body.model, turns]),
      object: "response",
      created_at: 1_700_000_000,
      model: body.model,
      error: null,
      incomplete_details: cut ? { reason: "max_output_tokens" } : null,
      instructions: instructions || null,
      parallel_tool_calls: true,
      tool_choice: "auto",
      tools: [],
    };
    const done = {
      ...response,
      status: cut ? "incomplete" : "completed",
      output: [message],
      usage: {
        input_tokens: input,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: output,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: input + output,
      },
    };
    if (body.stream !== true) return sendJson(res, 200, done);

    const begun = { ...response, status: "in_progress", output: [], usage: null };
    const item = { ...message, status: "in_progress", content: [] };
    const place = { item_id: message.id, output_index: 0, content_index: 0 };
    const payloads: ({ type: string } & Record<string, unknown>)[] = [
      { type: "response.created", response: begun },
      { type: "response.in_progress", response: begun },
      { type: "response.output_item.added", output_index: 0, item },
      { type: "response.content_part.added", ...place, part: { ...part, text: "" } },
      ...piecesOf(text).map((delta) => ({ type: "response.output_text.delta", ...place, delta, logprobs: [] })),
      { type: "response.output_text.done", ...place, text, logprobs: [] },
      { type: "response.content_part.done", ...place, part },
      { type: "response.output_item.done", output_index: 0, item: message },
      { type: cut ? "response.incomplete" : "response.completed", response: done },
    ];
    const events = payloads.map((data, at) => ({ event: data.type, data: { ...data, sequence_number: at } }));
    return sendEvents(res, events, { chunkDelayMs: Number(body.chunk_delay_ms ?? 0), signal });
  },
};
