import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { Flag, must, Namespace, text } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";

export const maxScriptChars = 64 * 1024;

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** As it travels: bytes of a text in base64. */
const Script = z
  .string({ error: must("the script's text in base64") })
  .min(1, "is required")
  .max(2 * maxScriptChars, `must be at most ${maxScriptChars / 1024} KiB`)
  .regex(base64, "must be the script's text in base64");

const ShortText = text(200);

export const FilterFields = {
  name: text(120).min(1, "is required"),
  description: text(2000),
  /** JavaScript, in base64. An active filter's script must compile; an inactive one's may be a draft, or Tengo that is still to be ported. */
  script: Script,
  /** Judges what the model answers, and can only block; otherwise it judges requests, and may rewrite them. */
  response_filter: Flag,
  active: Flag,
  namespace: Namespace,
};

const defaults = { description: "", response_filter: false, active: true, namespace: "" };

export const FilterDraft = draftOf(FilterFields, defaults);
export type FilterDraft = z.infer<typeof FilterDraft>;

/** An LLM that runs the filter. */
const AttachedTo = z.object({ id: z.number(), name: z.string() });

export const FilterAttributes = attributesOf(FilterFields, { llms: z.array(AttachedTo), ...timestamps });
export type FilterAttributes = z.infer<typeof FilterAttributes>;

const shape = { shown: FilterAttributes };

export const FilterPatch = patchOf(FilterFields, shape);
export type FilterPatch = z.infer<typeof FilterPatch>;

export const FilterReplacement = replacementOf(FilterFields, defaults, shape);

export const FilterResource = resourceOf("filter", FilterAttributes);
export type FilterResource = z.infer<typeof FilterResource>;

const Message = z.object({
  role: z.string({ error: must("text") }).max(50),
  content: z.string({ error: must("text") }).optional(),
  /** The reference's clients send either. */
  text: z.string({ error: must("text") }).optional(),
  parts: z.array(z.object({ text: z.string().optional() }).loose()).optional(),
});

const WholeNumber = z.number("must be a number").int("must be a whole number").min(0, "must not be negative");

export const maxTestChars = 1024 * 1024;

/** What the script is to see; everything may be absent. */
const TestInput = z.object({
  raw_input: z
    .string({ error: must("text") })
    .max(maxTestChars)
    .default(""),
  messages: z
    .array(Message, { error: must("a list of messages") })
    .max(1000)
    .default([]),
  vendor_name: ShortText.default(""),
  model_name: ShortText.default(""),
  context: z.record(z.string(), z.unknown()).default({}),
  is_chat: Flag.default(false),
  is_response: Flag.default(false),
  is_chunk: Flag.default(false),
  chunk_index: WholeNumber.default(0),
  current_buffer: z
    .string({ error: must("text") })
    .max(maxTestChars)
    .default(""),
  status_code: WholeNumber.default(0),
});

export const FilterTest = z.strictObject({
  /** Plain text, not base64. */
  script: z.string({ error: must("text") }).max(maxScriptChars, `must be at most ${maxScriptChars / 1024} KiB`),
  input: TestInput.prefault({}),
});
export type FilterTest = z.infer<typeof FilterTest>;

const Output = z.object({
  block: z.boolean(),
  payload: z.string(),
  message: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).optional(),
});

export const FilterTestResult = z.object({
  success: z.boolean(),
  output: Output.optional(),
  error: z.string().optional(),
  /** `timeout`, `memory`, `syntax`, `runtime`, `output` or `unavailable`. */
  error_kind: z.string().optional(),
  /** Of the script, from 1. */
  error_line: z.number().optional(),
  console: z.array(z.string()),
  duration_ms: z.number(),
});
export type FilterTestResult = z.infer<typeof FilterTestResult>;
