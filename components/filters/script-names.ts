/** Names that scripts can use, for completion in the editor. */
type Name = { label: string; detail?: string; type: "variable" | "function" | "property" | "namespace" | "keyword" };

const functions = (names: Record<string, string>): Name[] =>
  Object.entries(names).map(([label, detail]) => ({ label, detail, type: "function" }));
const properties = (names: string[]): Name[] => names.map((label) => ({ label, type: "property" }));

const members: Record<string, Name[]> = {
  input: properties([
    "raw_input",
    "messages",
    "vendor_name",
    "model_name",
    "context",
    "is_chat",
    "is_response",
    "is_chunk",
    "chunk_index",
    "current_buffer",
    "status_code",
  ]),
  context: properties(["llm_id", "app_id", "user_id", "session_id", "chat_id"]),
  output: properties(["block", "payload", "message", "messages"]),
  tyk: functions({
    redact_pattern: "(input, pattern, replacement)",
    makeHTTPRequest: "(method, url, headers, body)",
    llm: "(llm_id, settings, prompt)",
  }),
  text: functions({
    re_match: "(pattern, text)",
    re_find: "(pattern, text, count)",
    re_replace: "(pattern, text, replacement)",
    re_split: "(pattern, text, count)",
    contains: "(text, part)",
    contains_any: "(text, chars)",
    count: "(text, part)",
    equal_fold: "(a, b)",
    fields: "(text)",
    has_prefix: "(text, part)",
    has_suffix: "(text, part)",
    index: "(text, part)",
    join: "(parts, separator)",
    repeat: "(text, count)",
    replace: "(text, from, to, count)",
    split: "(text, separator)",
    substr: "(text, from, to)",
    to_lower: "(text)",
    to_upper: "(text)",
    trim_space: "(text)",
    trim_prefix: "(text, part)",
    trim_suffix: "(text, part)",
    atoi: "(text)",
    itoa: "(number)",
  }),
  json: functions({ decode: "(text)", encode: "(value)", indent: "(value)" }),
  fmt: functions({ sprintf: "(format, …)", printf: "(format, …)", println: "(…)" }),
  console: functions({ log: "(…)" }),
};

export const membersOf = (owner: string): Name[] => (Object.hasOwn(members, owner) ? (members[owner] ?? []) : []);

export const topLevel: Name[] = [
  ...["input", "output"].map((label) => ({ label, type: "variable" as const })),
  ...["tyk", "text", "json", "fmt", "console"].map((label) => ({ label, type: "namespace" as const })),
  ...["const", "let", "return", "function", "for", "if", "else", "try", "catch"].map((label) => ({ label, type: "keyword" as const })),
];
