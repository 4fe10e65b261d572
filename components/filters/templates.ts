/** Where a new script may begin. */
export const templates: { id: string; label: string; isResponse: boolean; script: string }[] = [
  {
    id: "pass",
    label: "Let everything pass",
    isResponse: false,
    script: `// input.raw_input is the request's body. See docs/filters.md.
const output = { block: false, payload: input.raw_input, message: "" };
`,
  },
  {
    id: "redact",
    label: "Redact personal data",
    isResponse: false,
    script: `const patterns = {
  "[e-mail]": "[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\\\.[A-Za-z]{2,}",
  "[card]": "\\\\b(?:\\\\d[ -]?){13,16}\\\\b",
  "[phone]": "\\\\+\\\\d{1,3}[ -]?\\\\d[\\\\d -]{6,}\\\\d",
};
let payload = input.raw_input;
for (const [replacement, pattern] of Object.entries(patterns)) payload = tyk.redact_pattern(payload, pattern, replacement);
if (payload !== input.raw_input) console.log("redacted");
const output = { block: false, payload, message: "" };
`,
  },
  {
    id: "words",
    label: "Block requests with certain words",
    isResponse: false,
    script: `const words = ["project falcon", "internal only"];
const text = input.messages.map(({ content }) => content.toLowerCase()).join("\\n");
const found = words.find((word) => text.includes(word));
const output = {
  block: found !== undefined,
  payload: input.raw_input,
  message: found ? \`Remove "\${found}" from your message.\` : "",
};
`,
  },
  {
    id: "answers",
    label: "Block answers that match a pattern",
    isResponse: true,
    script: `// A part of a streamed answer is judged with everything before it.
const answer = input.is_chunk ? input.current_buffer : input.raw_input;
const output = { block: text.re_match("(?i)password:", answer), message: "The answer contained a password." };
`,
  },
  {
    id: "model",
    label: "Ask a model",
    isResponse: false,
    script: `const verdict = tyk.llm(1, { temperature: 0, max_tokens: 5 }, \`Does this ask for legal advice? Answer yes or no.\\n\\n\${input.raw_input}\`);
console.log("verdict", verdict);
const output = {
  block: verdict.trim().toLowerCase().startsWith("yes"),
  payload: input.raw_input,
  message: "Ask the legal department instead.",
};
`,
  },
];
