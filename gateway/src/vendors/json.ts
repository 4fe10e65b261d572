export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json => value !== null && typeof value === "object" && !Array.isArray(value);

export const objectIn = (value: unknown, key: string): Json | undefined => {
  const inner = isObject(value) ? value[key] : undefined;
  return isObject(inner) ? inner : undefined;
};

/** More tokens than any answer has; what is above is no count. */
const maxCount = 100_000_000;

/** A count a vendor reports; 0 when it reports none. @returns -1 for something that is no count: then nothing of the report is believed. */
export const countIn = (value: Json | undefined, key: string): number => {
  const count = value?.[key];
  if (count === undefined || count === null) return 0;
  return typeof count === "number" && count >= 0 && count <= maxCount ? Math.round(count) : -1;
};

export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Matches an event that reports usage; `"usage":null` does not. Generated text cannot match: its quotes are escaped. */
export const reportsUsage = (data: string): boolean => /"usage"\s*:\s*\{/.test(data);

/** Whether an event may tell of an error: generated text cannot match, as its quotes are escaped. */
export const mayTellError = (data: string): boolean => data.includes('error"') || data.includes('failed"');

/** An error that comes under a status of success: an error object, an event of an error, or a response that has failed. */
export function isErrorAnswer(answer: unknown): boolean {
  if (!isObject(answer)) return false;
  const { error, type } = answer;
  if (isObject(error) || (typeof error === "string" && error !== "")) return true;
  return type === "error" || type === "response.failed" || (answer.object === "response" && answer.status === "failed");
}

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

/** Tokens a text of this length makes, when nobody counted them: four characters each. */
export const tokensOfChars = (chars: number): number => Math.ceil(chars / 4);

/** Deepest level of a request at which text is looked for. */
export const maxDepth = 16;
/** Fields of a request that hold no text of the conversation. */
export const notText: ReadonlySet<string> = new Set(["url", "image_url", "data", "file_data", "model", "type", "role", "id"]);

/** Fields that limit the tokens of an answer. */
export const limitNames = ["max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample"] as const;

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

const usageObject = /^"usage"\s*:\s*(\{(?:[^{}]|\{[^{}]*\})*\})/;

/**
 * The `usage` object of a JSON answer of which only the beginning is left: it is the answer's own when it stands within its outermost object
 * and nothing deeper.
 */
export function firstUsage(head: Buffer): Json | undefined {
  const text = head.toString("utf8");
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 123 || char === 91) depth++;
    else if (char === 125 || char === 93) depth--;
    else if (char === 34) {
      const end = endOfText(text, at + 1);
      if (end < 0) return undefined;
      const found = depth === 1 && end - at === 6 ? usageObject.exec(text.slice(at, at + maxUsageChars))?.[1] : undefined;
      if (found) {
        const counts = parseJson(found);
        return isObject(counts) ? counts : undefined;
      }
      at = end;
    }
  }
  return undefined;
}
const maxUsageChars = 4_096;

/** JSON text without the `usage` of its outermost object; undefined when that cannot be cut out of it. */
export function withoutUsage(text: string): string | undefined {
  const at = text.lastIndexOf('"usage"');
  const found = at < 0 ? undefined : usageObject.exec(text.slice(at));
  if (!found) return undefined;
  const [before, after] = [text.slice(0, at).trimEnd(), text.slice(at + found[0].length).trimStart()];
  const cut = before.endsWith(",") ? before.slice(0, -1) + after : before + after.replace(/^,/, "");
  const rest = parseJson(cut);
  return isObject(rest) && !("usage" in rest) ? cut : undefined;
}

/** The `usage` object that stands last in a JSON answer of which only the end is left. */
export function lastUsage(tail: Buffer): Json | undefined {
  const at = tail.lastIndexOf('"usage"');
  // After a backslash the quote belongs to a longer name.
  if (at <= 0 || tail[at - 1] === 92) return undefined;
  const usage = usageObject.exec(tail.toString("utf8", at))?.[1];
  const counts = usage ? parseJson(usage) : undefined;
  return isObject(counts) ? counts : undefined;
}
