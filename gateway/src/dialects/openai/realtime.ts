import type { SocketProtocol } from "../dialect.ts";
import { isObject, type Json, objectIn, parseJson } from "../json/json.ts";
import { generatedChars } from "../json/text.ts";
import { usageOf } from "./usage.ts";

const done = '"response.done"';
const textDelta = /"type"\s*:\s*"response\.[\w.]*(?:text|transcript|arguments)\.delta"/;
const maxDepth = 16;

/** Sessions of the realtime API: events as JSON texts, sound within them as base64. */
export const openAiRealtime: SocketProtocol = {
  readEvent(message) {
    if (message.includes(done)) {
      const event = parseJson(message.toString("utf8"));
      if (isObject(event) && event.type === "response.done") {
        const response = objectIn(event, "response") ?? {};
        const reported = objectIn(response, "usage");
        return { isEnd: true, usage: reported && usageOf(response, reported), chars: 0 };
      }
    }
    // What a session says most is sound, which is not looked through.
    const head = message.toString("latin1", 0, headBytes);
    return { isEnd: false, usage: undefined, chars: textDelta.test(head) ? generatedChars(message.toString("utf8")) : 0 };
  },

  modelsIn(message) {
    if (!message.includes("model") && !message.includes("\\u00")) return none;
    const found: string[] = [];
    collectModels(parseJson(message.toString("utf8")), 0, found);
    return found;
  },
};

const headBytes = 512;
const none: readonly string[] = Object.freeze([]);

/** What is named as a model anywhere: of a session, of one of its answers, of the transcription of what is said. */
function collectModels(value: unknown, depth: number, found: string[]): void {
  if (value === null || typeof value !== "object" || depth > maxDepth) return;
  if (Array.isArray(value)) {
    for (const item of value) collectModels(item, depth + 1, found);
    return;
  }
  for (const [name, inner] of Object.entries(value as Json)) {
    if (name.toLowerCase() === "model" && typeof inner === "string") found.push(inner);
    else collectModels(inner, depth + 1, found);
  }
}
