/** Input for a test run, as a starting point. */
export const samples: { id: string; label: string; input: Record<string, unknown> }[] = [
  {
    id: "request",
    label: "A request",
    input: {
      raw_input: '{"model":"gpt-4o","messages":[{"role":"user","content":"Write to ana@example.com, card 4111 1111 1111 1111."}]}',
      messages: [{ role: "user", content: "Write to ana@example.com, card 4111 1111 1111 1111." }],
      vendor_name: "openai",
      model_name: "gpt-4o",
      context: { llm_id: 1, app_id: 1, user_id: 1 },
    },
  },
  {
    id: "response",
    label: "A response",
    input: {
      raw_input: "Sure. The password: hunter2",
      vendor_name: "openai",
      model_name: "gpt-4o",
      context: { llm_id: 1, app_id: 1, user_id: 1 },
      is_response: true,
      status_code: 200,
    },
  },
  {
    id: "chunk",
    label: "A part of a streamed response",
    input: {
      raw_input: "word: hunter2",
      current_buffer: "Sure. The password: hunter2",
      vendor_name: "anthropic",
      model_name: "claude-sonnet-4",
      context: { llm_id: 1, app_id: 1, user_id: 1 },
      is_response: true,
      is_chunk: true,
      chunk_index: 3,
      status_code: 200,
    },
  },
];
