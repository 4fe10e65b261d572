import type { LlmSettingsAttributes, LlmSettingsResource } from "./contract.ts";
import type { LlmSettings } from "./store.ts";

export const toAttributes = (settings: LlmSettings): LlmSettingsAttributes => ({
  model_name: settings.modelName,
  max_length: settings.maxLength,
  max_tokens: settings.maxTokens,
  min_length: settings.minLength,
  repetition_penalty: settings.repetitionPenalty,
  seed: settings.seed,
  stop_words: settings.stopWords,
  temperature: settings.temperature,
  top_k: settings.topK,
  top_p: settings.topP,
  system_prompt: settings.systemPrompt,
  metadata: settings.metadata,
  created_at: settings.createdAt.toISOString(),
  updated_at: settings.updatedAt.toISOString(),
});

export const toResource = (settings: LlmSettings): LlmSettingsResource => ({
  type: "llm-settings",
  id: String(settings.id),
  attributes: toAttributes(settings),
});
