const words = (text: string): string =>
  ` ${text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim()} `;

/**
 * The one field that a sentence is about, by its name in the API or its label: "API endpoint must use HTTPS" is about `api_endpoint`.
 * @returns undefined when it names none, or several.
 */
export function fieldNamedIn(sentence: string, labels: Record<string, string>): string | undefined {
  const text = words(sentence);
  const names = Object.entries(labels).flatMap(([field, label]) =>
    [words(field), words(label)].filter((name) => text.includes(name)).map((name) => ({ field, name })),
  );
  // "Default model" also contains "model"; the longer name is the one that was meant.
  const meant = names.filter(({ name, field }) => !names.some((other) => other.field !== field && other.name.includes(name)));
  const fields = new Set(meant.map(({ field }) => field));
  return fields.size === 1 ? [...fields][0] : undefined;
}
