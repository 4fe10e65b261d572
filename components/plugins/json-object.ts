/** Reads a JSON object; otherwise says what is wrong, in a sentence. Empty text is the empty object. */
export function parseObject(text: string): { value: Record<string, unknown>; problem: null } | { value: null; problem: string } {
  if (text.trim() === "") return { value: {}, problem: null };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return { value: value as Record<string, unknown>, problem: null };
    return { value: null, problem: "Write a JSON object, in braces." };
  } catch (error) {
    return { value: null, problem: `Not JSON yet: ${error instanceof Error ? error.message : "unreadable"}` };
  }
}
