/**
 * How a revocation names an LLM that must not be called any more, among the hashes of credentials. Older edges know no credential of that
 * name and wait for the snapshot.
 */
export const revokedLlm = (id: number | ""): string => `llm:${id}`;
