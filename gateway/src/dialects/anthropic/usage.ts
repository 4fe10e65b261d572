import type { Tokens } from "@portico/core";
import { isErrorAnswer, mayTellError } from "../json/errors.ts";
import { countIn, type Json, objectIn, parseJson } from "../json/json.ts";
import { generatedChars } from "../json/text.ts";
import { JsonUsageReader, usageField } from "../json/usage.ts";

const field = usageField("usage");

/** Messages. */
export class AnthropicUsageReader extends JsonUsageReader {
  constructor() {
    super(field);
  }

  event(data: string): boolean {
    if (mayTellError(data) && isErrorAnswer(parseJson(data))) this.failed = true;
    if (!field.isIn(data)) {
      this.chars += generatedChars(data);
      return true;
    }
    const event = parseJson(data);
    const message = objectIn(event, "message");
    const reported = objectIn(message, "usage") ?? objectIn(event, "usage");
    this.#take(reported, message?.model);
    // The message's beginning counts a placeholder; its end counts all.
    if (reported && !message && this.reported && countIn(reported, "output_tokens") > 0) this.final = true;
    return true;
  }

  protected answer(answer: unknown, text: string): void {
    this.#take(objectIn(answer, "usage"), (answer as Json | undefined)?.model);
    if (this.reported) return;
    this.failed = isErrorAnswer(answer);
    if (!this.failed) this.chars += generatedChars(text);
  }

  largeEvent(tail: Buffer): void {
    this.#take(field.lastIn(tail), undefined);
  }

  #take(reported: Json | undefined, model: unknown): void {
    if (!reported) return;
    const before: Tokens = this.reported?.tokens ?? { prompt: 0, response: 0, cacheWrite: 0, cacheRead: 0 };
    // Counts of later events are totals, not additions; what a later event leaves out or has less of stays as it was.
    const prompt = countIn(reported, "input_tokens");
    const response = countIn(reported, "output_tokens");
    const cacheWrite = countIn(reported, "cache_creation_input_tokens");
    const cacheRead = countIn(reported, "cache_read_input_tokens");
    const cacheWriteHour = countIn(objectIn(reported, "cache_creation"), "ephemeral_1h_input_tokens");
    // A report that cannot be true, or says nothing, is as good as none.
    if (prompt < 0 || response < 0 || cacheWrite < 0 || cacheRead < 0 || prompt + response + cacheWrite + cacheRead === 0) return;
    this.reported = {
      tokens: {
        prompt: Math.max(prompt, before.prompt),
        response: Math.max(response, before.response),
        cacheWrite: Math.max(cacheWrite, before.cacheWrite),
        cacheRead: Math.max(cacheRead, before.cacheRead),
        cacheWriteHour: Math.min(Math.max(cacheWriteHour, before.cacheWriteHour ?? 0), Math.max(cacheWrite, before.cacheWrite)),
      },
      model: typeof model === "string" ? model : (this.reported?.model ?? ""),
    };
  }
}
