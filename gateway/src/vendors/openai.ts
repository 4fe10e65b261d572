import { countIn, generatedChars, type Json, objectIn, parseJson, reportsUsage } from "./json.ts";
import type { Usage, UsageMeter, Vendor } from "./vendor.ts";

/** OpenAI and everything that speaks like it: chat completions, completions, responses, embeddings. */
export const openai: Vendor = {
  id: "openai",
  keyHeader: "api-key",
  authHeaders: (apiKey) => (apiKey ? ["authorization", `Bearer ${apiKey}`] : []),
  // The responses API reports usage in its last event unasked.
  usageOnRequest: (path) => path.endsWith("/completions"),
  meter: () => new OpenAiMeter(),
};

class OpenAiMeter implements UsageMeter {
  reported: Usage | undefined;
  chars = 0;

  event(data: string): boolean {
    if (!reportsUsage(data)) {
      this.chars += data.includes('.done"') ? 0 : generatedChars(data);
      return true;
    }
    const chunk = parseJson(data);
    const holder = objectIn(chunk, "response") ?? chunk;
    const reported = objectIn(holder, "usage");
    if (!reported) return true;
    this.reported = usageOf(holder as Json, reported);
    const choices = (holder as Json).choices;
    return !(Array.isArray(choices) && choices.length === 0);
  }

  body(answer: unknown): void {
    const reported = objectIn(answer, "usage");
    if (reported) this.reported = usageOf(answer as Json, reported);
  }
}

// chat, completions, embeddings: prompt_tokens, completion_tokens; responses, images: input_tokens, output_tokens. Both count
// cached tokens within the prompt.
function usageOf(holder: Json, reported: Json): Usage {
  const prompt = countIn(reported, "prompt_tokens") || countIn(reported, "input_tokens");
  const response = countIn(reported, "completion_tokens") || countIn(reported, "output_tokens");
  const details = objectIn(reported, "prompt_tokens_details") ?? objectIn(reported, "input_tokens_details");
  const cacheRead = Math.min(prompt, countIn(details, "cached_tokens"));
  return {
    tokens: { prompt: prompt - cacheRead, response, cacheWrite: 0, cacheRead },
    model: typeof holder.model === "string" ? holder.model : "",
  };
}
