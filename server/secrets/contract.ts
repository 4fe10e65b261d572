import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { redacted, text } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";
import { referenceIn, secretNamePattern } from "./contract/reference-text.ts";

const Value = text(20_000).refine((value) => referenceIn(value)?.source !== "ENV", "must be the value itself, not a reference");

export const SecretFields = {
  var_name: text(128)
    .min(1, "is required")
    .regex(
      secretNamePattern,
      "takes letters, digits, underscores, dots and hyphens, and begins with a letter or an underscore, e.g. OPENAI_KEY",
    ),
  /** Write-only: shown as the reference. "", `[redacted]` and the secret's own reference keep the stored value. */
  value: Value,
  description: text(1000),
};

const defaults = { value: "", description: "" };

export const SecretDraft = draftOf(
  { ...SecretFields, value: Value.refine((value) => value !== redacted && !referenceIn(value), "must be the value itself") },
  defaults,
);
export type SecretDraft = z.infer<typeof SecretDraft>;

export const SecretAttributes = attributesOf(SecretFields, {
  /** False until a value is entered. */
  has_value: z.boolean(),
  /** How many fields refer to it. */
  use_count: z.number(),
  /** When the value was last replaced; null for the first one. */
  rotated_at: z.string().nullable(),
  ...timestamps,
});
export type SecretAttributes = z.infer<typeof SecretAttributes>;

const shape = { shown: SecretAttributes };

export const SecretPatch = patchOf(SecretFields, shape);
export type SecretPatch = z.infer<typeof SecretPatch>;

/** Without `value` the stored value stays. */
export const SecretReplacement = replacementOf(SecretFields, { ...defaults, value: undefined }, shape);

export const SecretResource = resourceOf("secrets", SecretAttributes);
export type SecretResource = z.infer<typeof SecretResource>;
