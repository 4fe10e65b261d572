/*
 * References to secrets as text. Without imports, so that pages which show them load nothing else.
 */

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

export const looksLikeReference = (text: string): boolean => /^\$(SECRET|ENV)\//i.test(text);
