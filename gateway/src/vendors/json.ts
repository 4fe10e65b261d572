export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json => value !== null && typeof value === "object" && !Array.isArray(value);

export const objectIn = (value: unknown, key: string): Json | undefined => {
  const inner = isObject(value) ? value[key] : undefined;
  return isObject(inner) ? inner : undefined;
};

/** A count a vendor reports; anything that is none counts as 0. */
export const countIn = (value: Json | undefined, key: string): number => {
  const count = value?.[key];
  return typeof count === "number" && Number.isFinite(count) && count > 0 ? Math.round(count) : 0;
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

const generated = /"(?:content|text|delta|arguments|partial_json|thinking|reasoning_content|refusal)"\s*:\s*"((?:[^"\\]|\\.)*)"/g;

/** Characters of generated text in one event. */
export function generatedChars(data: string): number {
  let chars = 0;
  for (const match of data.matchAll(generated)) chars += match[1]?.length ?? 0;
  return chars;
}

/** Tokens a text of this length makes, when nobody counted them: four characters each. */
export const tokensOfChars = (chars: number): number => Math.ceil(chars / 4);

const maxDepth = 16;
const notText = new Set(["url", "image_url", "data", "file_data", "model", "type", "role", "id"]);

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
const usageWindow = 4_096;

/**
 * The `usage` object of a JSON answer, read from its end without parsing the rest.
 * @param exact accept it only if what follows proves that it belongs to the answer itself and to nothing inside it.
 * @returns undefined when it cannot be told; the answer must then be parsed as a whole.
 */
export function lastUsage(answer: Buffer, { exact }: { exact: boolean }): Json | undefined {
  const at = answer.lastIndexOf('"usage"');
  // After a backslash the quote belongs to a longer name.
  if (at <= 0 || answer[at - 1] === 92) return undefined;
  if (exact && answer.length - at > usageWindow) return undefined;
  const text = answer.toString("utf8", at);
  if (exact) {
    // It is JSON only if one brace is closed after it, as the last thing of the answer: what stood before was at the top.
    const rest = parseJson(`{${text}`);
    return objectIn(rest, "usage");
  }
  const match = usageObject.exec(text);
  const usage = match?.[1] ? parseJson(match[1]) : undefined;
  return isObject(usage) ? usage : undefined;
}
