import { type LinearPattern, linearPattern, PatternRefused } from "@portico/core/patterns";

/** The models an LLM allows. */
export type AllowList = {
  /** As the administrator wrote them; none allows every model. */
  patterns: readonly string[];
  /** Why it allows no model, although it names patterns; "" when it is as it should be. */
  fault: string;
  allows(model: string): boolean;
};

/** Models whose verdict is remembered: an LLM is asked for the same few again and again. */
const maxKnown = 256;

/**
 * Patterns come from administrators and model names from clients, so that nothing here may backtrack. A pattern that cannot be matched in
 * linear time, as older studios accepted, closes its LLM: to leave it out could let models in that another was written to keep out.
 */
export function createAllowList(patterns: readonly string[]): AllowList {
  const compiled: LinearPattern[] = [];
  for (const pattern of patterns) {
    try {
      compiled.push(linearPattern(pattern));
    } catch (error) {
      if (!(error instanceof PatternRefused)) throw error;
      return Object.freeze({ patterns, fault: `its allowed model ${JSON.stringify(pattern)} ${error.message}`, allows: () => false });
    }
  }
  const known = new Map<string, boolean>();
  const allows = (model: string): boolean => {
    let verdict = known.get(model);
    if (verdict === undefined) {
      verdict = compiled.length === 0 || compiled.some((pattern) => pattern.test(model));
      if (known.size >= maxKnown) known.clear();
      known.set(model, verdict);
    }
    return verdict;
  };
  return Object.freeze({ patterns, fault: "", allows });
}
