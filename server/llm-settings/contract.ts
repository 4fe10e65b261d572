import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { must, text } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";

const whole = (max: number) =>
  z
    .number({ error: must("a whole number") })
    .int("must be a whole number")
    .min(0, "must not be negative; 0 leaves it to the model")
    .max(max, `must be at most ${max}`);
const upTo = (max: number) =>
  z
    .number({ error: must("a number") })
    .min(0, "must not be negative; 0 leaves it to the model")
    .max(max, `must be at most ${max}`);

/** What a model is called with. 0 and empty values are not sent: the model's own defaults apply. */
export const LlmSettingsFields = {
  model_name: text(200).min(1, "is required"),
  /** Tokens of prompt and answer together. */
  max_length: whole(100_000_000),
  /** Tokens of an answer. */
  max_tokens: whole(100_000_000),
  min_length: whole(100_000_000),
  repetition_penalty: upTo(10),
  seed: whole(2_147_483_647),
  stop_words: z.array(text(200).min(1, "must not be empty"), { error: must("a list of texts") }).max(20, "must have at most 20 words"),
  temperature: upTo(2),
  top_k: whole(100_000),
  top_p: upTo(1),
  system_prompt: text(100_000),
  metadata: z.record(z.string(), z.unknown(), "must be an object"),
};

const defaults = {
  max_length: 0,
  max_tokens: 0,
  min_length: 0,
  repetition_penalty: 0,
  seed: 0,
  stop_words: [],
  temperature: 0,
  top_k: 0,
  top_p: 0,
  system_prompt: "",
  metadata: {},
};

export const LlmSettingsDraft = draftOf(LlmSettingsFields, defaults);
export type LlmSettingsDraft = z.infer<typeof LlmSettingsDraft>;

export const LlmSettingsAttributes = attributesOf(LlmSettingsFields, timestamps);
export type LlmSettingsAttributes = z.infer<typeof LlmSettingsAttributes>;

export const LlmSettingsPatch = patchOf(LlmSettingsFields, { shown: LlmSettingsAttributes });
export type LlmSettingsPatch = z.infer<typeof LlmSettingsPatch>;

export const LlmSettingsReplacement = replacementOf(LlmSettingsFields, defaults, { shown: LlmSettingsAttributes });

export const LlmSettingsResource = resourceOf("llm-settings", LlmSettingsAttributes);
export type LlmSettingsResource = z.infer<typeof LlmSettingsResource>;

/** What a search by the beginning of a model's name asks for. */
export const LlmSettingsSearch = z.object({ model_name: z.string("is required").trim().min(1, "is required").max(200) });
