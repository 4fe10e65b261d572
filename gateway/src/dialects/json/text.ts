import type { Json } from "./json.ts";

/*
 * Where the text is. Names of all dialects are looked for everywhere: compatible servers mix them, and text that is not counted is not charged.
 */

const generated = /"(?:content|text|delta|arguments|partial_json|thinking|reasoning_content|refusal)"\s*:\s*"/g;

/** Characters of generated text in one event. */
export function generatedChars(data: string): number {
  let chars = 0;
  generated.lastIndex = 0;
  while (generated.test(data)) {
    const start = generated.lastIndex;
    const end = endOfText(data, start);
    if (end < 0) break;
    chars += end - start;
    generated.lastIndex = end + 1;
  }
  return chars;
}

/** Where the quote is that ends a text; -1 when nothing does. */
export function endOfText(data: string, start: number): number {
  for (let at = data.indexOf('"', start); at >= 0; at = data.indexOf('"', at + 1)) {
    let first = at;
    while (first > start && data.charCodeAt(first - 1) === 92) first--;
    if ((at - first) % 2 === 0) return at;
  }
  return -1;
}

/** Estimates the tokens of a text of this length: four characters each. */
export const tokensOfChars = (chars: number): number => Math.ceil(chars / 4);

/** Deepest level of a request at which text is looked for. */
export const maxDepth = 16;
/** Fields of a request that hold no text of the conversation. */
export const notText: ReadonlySet<string> = new Set(["url", "image_url", "data", "file_data", "model", "type", "role", "id"]);

/** Characters of text in a request's body: every string of it but names, links and embedded files. */
export function textChars(value: unknown, depth = 0): number {
  if (typeof value === "string") return value.length;
  if (value === null || typeof value !== "object" || depth > maxDepth) return 0;
  let chars = 0;
  if (Array.isArray(value)) {
    for (const item of value) chars += textChars(item, depth + 1);
    return chars;
  }
  for (const key in value) if (!notText.has(key)) chars += textChars((value as Json)[key], depth + 1);
  return chars;
}
