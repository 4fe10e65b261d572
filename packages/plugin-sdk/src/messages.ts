import { isObject } from "@portico/core/json";

/** A JSON object as LLM vendors send and expect it. */
export type JsonObject = Record<string, unknown>;

const joined = (before: string, text: string, separator: string) => (before === "" ? text : `${before}${separator}${text}`);

/** Content is a string or a list of parts, for OpenAI and Anthropic alike; text parts are `{type: "text", text}`. */
function appendToContent(content: unknown, text: string, separator: string): unknown {
  if (typeof content === "string") return joined(content, text, separator);
  if (!Array.isArray(content)) return undefined;
  const last = content.findLastIndex((part) => isObject(part) && part.type === "text" && typeof part.text === "string");
  if (last === -1) return [...content, { type: "text", text }];
  return content.map((part, i) => (i === last ? { ...part, text: joined(part.text, text, separator) } : part));
}

/**
 * A copy of a chat request with text added to its last user message: string and part-list content, OpenAI and
 * Anthropic shapes. Undefined when the body holds no user message, so that a caller can leave it alone.
 */
export function appendToLastUserMessage(body: JsonObject, text: string, separator = "\n\n"): JsonObject | undefined {
  const messages = body.messages;
  if (!Array.isArray(messages)) return undefined;
  // A user turn made of tool results only is the model's own doing, not the person's words.
  const index = messages.findLastIndex(
    (message) =>
      isObject(message) &&
      message.role === "user" &&
      !(
        Array.isArray(message.content) &&
        message.content.length > 0 &&
        message.content.every((part) => isObject(part) && part.type === "tool_result")
      ),
  );
  if (index === -1) return undefined;
  const message: JsonObject = messages[index];
  const content = appendToContent(message.content, text, separator);
  if (content === undefined) return undefined;
  return { ...body, messages: messages.map((m, i) => (i === index ? { ...message, content } : m)) };
}

/**
 * A copy of a complete chat response with text added to what the assistant says: every OpenAI choice, or the last text
 * block of an Anthropic message. Undefined when the body is neither, or holds no text (a pure tool call, an error).
 */
export function appendToAssistantText(body: JsonObject, text: string, separator = "\n\n"): JsonObject | undefined {
  if (Array.isArray(body.choices)) {
    let changed = false;
    const choices = body.choices.map((choice) => {
      if (!isObject(choice) || !isObject(choice.message)) return choice;
      const said = choice.message.content;
      if (typeof said !== "string" && !(Array.isArray(said) && said.length > 0)) return choice;
      changed = true;
      return { ...choice, message: { ...choice.message, content: appendToContent(said, text, separator) } };
    });
    return changed ? { ...body, choices } : undefined;
  }
  if (body.type === "message" && body.role === "assistant" && Array.isArray(body.content)) {
    const hasText = body.content.some((part) => isObject(part) && part.type === "text" && typeof part.text === "string");
    return hasText ? { ...body, content: appendToContent(body.content, text, separator) } : undefined;
  }
  return undefined;
}
