import { z } from "zod";
import { must } from "../../fields/contract.ts";

/** Where a referenced value is kept. */
export type ReferenceSource = "SECRET" | "ENV";
export type SecretReference = { source: ReferenceSource; name: string };

export const secretNamePattern = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;

/** The reference that a text is; undefined for a plain value. */
export function referenceIn(text: string): SecretReference | undefined {
  const [, source, name = ""] = /^\$(SECRET|ENV)\/(.*)$/s.exec(text) ?? [];
  return source !== undefined && secretNamePattern.test(name) ? { source: source as ReferenceSource, name } : undefined;
}

export const referenceTo = (name: string): string => `$SECRET/${name}`;

const looksLikeReference = (text: string): boolean => /^\$(SECRET|ENV)\//i.test(text);

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
