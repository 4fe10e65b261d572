import { createHash } from "node:crypto";

/** Tokens of a text as the demo vendor counts them: its words. */
export const countTokens = (text: string): number => text.split(/\s+/).filter(Boolean).length;

/** Pieces a stream sends, which joined give the text again. */
export const piecesOf = (text: string): string[] => text.match(/\S+\s*|\s+/g) ?? [];

/** An identifier that is the same for the same content. */
export const idOf = (prefix: string, content: unknown): string =>
  `${prefix}${createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 24)}`;

/** Text of a message's content: a string, or the text parts of a list (other parts are named by their type). */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: unknown) => {
      if (part === null || typeof part !== "object") return "";
      if ("text" in part && typeof part.text === "string") return part.text;
      return "type" in part ? `[${String(part.type)}]` : "";
    })
    .filter(Boolean)
    .join("\n");
}

export type Turn = { role: string; text: string };

/** The turns of a request, or a sentence saying what is wrong with them. */
export function turnsOf(messages: unknown): Turn[] | string {
  if (!Array.isArray(messages) || messages.length === 0) return "messages must be a list with at least one message.";
  const turns: Turn[] = [];
  for (const [i, message] of messages.entries()) {
    if (message === null || typeof message !== "object" || typeof message.role !== "string") return `messages[${i}] needs a role.`;
    turns.push({ role: message.role, text: textOf(message.content) });
  }
  return turns;
}

/** The answer to a conversation: it repeats the instructions and the last thing said. */
export function replyTo(turns: Turn[]): string {
  const instructions = turns.filter((t) => t.role === "system" || t.role === "developer").map((t) => t.text);
  const last = turns.findLast((t) => t.role === "user")?.text ?? "";
  const told = instructions.length > 0 ? ` I was told: ${instructions.join(" | ")}` : "";
  return `You said: ${last}${told}`;
}

/** Cuts a reply to the caller's limit of tokens; says whether it had to. */
export function limitTo(text: string, maxTokens: unknown): { text: string; cut: boolean } {
  const pieces = piecesOf(text);
  if (typeof maxTokens !== "number" || maxTokens <= 0 || pieces.length <= maxTokens) return { text, cut: false };
  return { text: pieces.slice(0, maxTokens).join("").trimEnd(), cut: true };
}
