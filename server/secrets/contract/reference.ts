import { z } from "zod";
import { must } from "../../fields/contract.ts";
import { looksLikeReference, referenceIn } from "./reference-text.ts";

/**
 * A credential field: a plain value, `[redacted]` for the stored one, "" for none, or a reference such as `$SECRET/OPENAI_KEY` or
 * `$ENV/OPENAI_KEY`. Store what `SecretValues.keep` returns; use what `SecretValues.reveal` returns.
 */
export const SecretValue = (max: number) =>
  z
    .string({ error: must("text") })
    .trim()
    .max(max, `must be at most ${max} characters`)
    .refine((value) => !looksLikeReference(value) || referenceIn(value) !== undefined, {
      message:
        "must name what it refers to as $SECRET/NAME or $ENV/NAME: letters, digits, underscores, dots and hyphens, beginning with a letter or an underscore",
    });
