import { countIn, generatedChars, type Json, objectIn, parseJson, reportsUsage } from "./json.ts";
import type { Usage, UsageMeter, Vendor } from "./vendor.ts";

export const anthropic: Vendor = {
  id: "anthropic",
  keyHeader: "x-api-key",
  authHeaders: (apiKey) => (apiKey ? ["x-api-key", apiKey] : []),
  usageOnRequest: () => false,
  meter: () => new AnthropicMeter(),
};

class AnthropicMeter implements UsageMeter {
  reported: Usage | undefined;
  chars = 0;

  event(data: string): boolean {
    if (!reportsUsage(data)) {
      this.chars += generatedChars(data);
      return true;
    }
    const event = parseJson(data);
    const message = objectIn(event, "message");
    this.#take(objectIn(message, "usage") ?? objectIn(event, "usage"), message?.model);
    return true;
  }

  body(answer: unknown): void {
    this.#take(objectIn(answer, "usage"), (answer as Json | undefined)?.model);
  }

  #take(reported: Json | undefined, model: unknown): void {
    if (!reported) return;
    const before = this.reported?.tokens ?? { prompt: 0, response: 0, cacheWrite: 0, cacheRead: 0 };
    // Counts of later events are totals, not additions; what a later event leaves out stays as it was.
    const total = (key: string, known: number) => (key in reported ? countIn(reported, key) : known);
    this.reported = {
      tokens: {
        prompt: total("input_tokens", before.prompt),
        response: total("output_tokens", before.response),
        cacheWrite: total("cache_creation_input_tokens", before.cacheWrite),
        cacheRead: total("cache_read_input_tokens", before.cacheRead),
      },
      model: typeof model === "string" ? model : (this.reported?.model ?? ""),
    };
  }
}
