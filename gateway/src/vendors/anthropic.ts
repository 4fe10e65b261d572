import { countIn, generatedChars, type Json, objectIn, parseJson, reportsUsage } from "./json.ts";
import type { Usage, Vendor } from "./vendor.ts";

export const anthropic: Vendor = {
  id: "anthropic",
  keyHeader: "x-api-key",
  authHeaders: (apiKey) => (apiKey ? ["x-api-key", apiKey] : []),
  usageOnRequest: () => false,
  meter() {
    let usage: Usage | undefined;
    let chars = 0;
    const take = (reported: Json | undefined, model: unknown) => {
      if (!reported) return;
      const before = usage?.tokens ?? { prompt: 0, response: 0, cacheWrite: 0, cacheRead: 0 };
      // Counts of later events are totals, not additions; what a later event leaves out stays as it was.
      usage = {
        tokens: {
          prompt: "input_tokens" in reported ? countIn(reported, "input_tokens") : before.prompt,
          response: "output_tokens" in reported ? countIn(reported, "output_tokens") : before.response,
          cacheWrite: "cache_creation_input_tokens" in reported ? countIn(reported, "cache_creation_input_tokens") : before.cacheWrite,
          cacheRead: "cache_read_input_tokens" in reported ? countIn(reported, "cache_read_input_tokens") : before.cacheRead,
        },
        model: typeof model === "string" ? model : (usage?.model ?? ""),
      };
    };
    return {
      event(data) {
        if (!reportsUsage(data)) {
          chars += generatedChars(data);
          return true;
        }
        const event = parseJson(data);
        const message = objectIn(event, "message");
        take(objectIn(message, "usage") ?? objectIn(event, "usage"), message?.model);
        return true;
      },
      body(answer) {
        take(objectIn(answer, "usage"), (answer as Json | undefined)?.model);
      },
      usage: () => usage,
      textChars: () => chars,
    };
  },
};
