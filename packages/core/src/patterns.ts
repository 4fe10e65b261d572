import { RE2JS } from "re2js";

/*
 * Regular expressions that somebody supplies: an administrator, a plugin's config schema. JavaScript's own engine backtracks, so that a
 * short pattern and a short text can keep it busy for hours; these are matched in time linear in the text, by RE2's rules.
 */

/** Matches anywhere in a text, unless the pattern is anchored. */
export type LinearPattern = {
  test(text: string): boolean;
  /** Replaces every match; `$1`, `$<name>` and `$&` stand for what was matched. */
  replaceAll(text: string, replacement: string): string;
  /** The first matches, each with its groups: null where a group took no part. */
  find(text: string, most: number): LinearMatch[];
};
export type LinearMatch = { start: number; end: number; groups: (string | null)[] };

/** Why a pattern is not accepted; the message continues a sentence about it: "must not …", "is not …". */
export class PatternRefused extends Error {}

/** Steps of a compiled pattern. Matching costs at most this many for each character of the text. */
const maxSize = 1_500;
const maxChars = 2_000;

/** The same patterns come again with every configuration. */
const maxKept = 1_000;
const kept = new Map<string, LinearPattern | PatternRefused>();

/**
 * @throws PatternRefused for what is no regular expression, and for what cannot be matched in linear time: look-around,
 *   back-references, repeats of too much.
 */
export function linearPattern(source: string): LinearPattern {
  let result = kept.get(source);
  if (!result) {
    try {
      result = compile(source);
    } catch (error) {
      if (!(error instanceof PatternRefused)) throw error;
      result = error;
    }
    if (kept.size >= maxKept) kept.clear();
    kept.set(source, result);
  }
  if (result instanceof PatternRefused) throw result;
  return result;
}

function compile(source: string): LinearPattern {
  if (source.length > maxChars) throw new PatternRefused(`must be at most ${maxChars} characters`);
  const problem = syntaxProblem(source);
  if (problem !== undefined) throw new PatternRefused(`is not a regular expression: ${problem}`);
  const bare = withoutLiterals(source);
  if (/\(\?<?[=!]/.test(bare))
    throw new PatternRefused("must not look ahead or behind: (?=, (?!, (?<= and (?<! are not matched in linear time");
  if (/\\(?:[1-9]|k<)/.test(bare))
    throw new PatternRefused("must not refer back to a group: back-references are not matched in linear time");
  // Before it is compiled: compiling is what would take long.
  if (patternSize(source) > maxSize)
    throw new PatternRefused(`repeats too much: write fewer or smaller {n,m}, which count ${maxSize} steps at most`);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(RE2JS.translateRegExp(source));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : String(error);
    throw new PatternRefused(`cannot be matched in linear time: ${reason}`);
  }
  if (compiled.programSize() > 4 * maxSize) throw new PatternRefused("repeats too much");
  return {
    test: (text) => compiled.test(text),
    replaceAll: (text, replacement) => compiled.matcher(text).replaceAll(replacement),
    find(text, most) {
      const matcher = compiled.matcher(text);
      const found: LinearMatch[] = [];
      while (found.length < most && matcher.find())
        found.push({
          start: matcher.start(),
          end: matcher.end(),
          groups: Array.from({ length: compiled.groupCount() + 1 }, (_, i) => matcher.group(i)),
        });
      return found;
    },
  };
}

/** What is wrong with a pattern, or undefined: for checks that only want to know. */
export function faultOfPattern(source: string): string | undefined {
  try {
    linearPattern(source);
    return undefined;
  } catch (error) {
    if (error instanceof PatternRefused) return error.message;
    throw error;
  }
}

/** Both spellings that JSON Schema and our API have allowed so far: with the flag `u`, and without. */
function syntaxProblem(source: string): string | undefined {
  let problem = "";
  for (const flags of ["u", ""]) {
    try {
      new RegExp(source, flags);
      return undefined;
    } catch (error) {
      problem = error instanceof Error ? error.message.replace(/^Invalid regular expression: .*: /s, "") : String(error);
    }
  }
  return problem;
}

/** The pattern without classes, [...], and without escaped characters other than references. */
const withoutLiterals = (source: string): string => source.replace(/\\[^1-9k]|\[(?:\\[\s\S]|[^\]\\])*\]/g, "");

/** A bound of what a pattern compiles to: each atom counts one, and a repeat as many as it allows. */
export function patternSize(source: string): number {
  const open: number[] = [];
  let size = 0;
  let last = 0;
  const atom = (weight: number) => {
    size += weight;
    last = weight;
  };
  for (let at = 0; at < source.length; at++) {
    const char = source[at] as string;
    if (char === "\\") {
      at++;
      atom(1);
    } else if (char === "[") {
      for (at++; at < source.length && source[at] !== "]"; at++) if (source[at] === "\\") at++;
      atom(1);
    } else if (char === "(") {
      open.push(size);
      size = 0;
    } else if (char === ")") {
      const inner = size + 1;
      size = open.pop() ?? 0;
      atom(inner);
    } else if (char === "{") {
      const repeat = /^\{(\d+)(,?)(\d*)\}/.exec(source.slice(at, at + 24));
      if (!repeat) {
        atom(1);
        continue;
      }
      const times = Math.max(Number(repeat[1]), Number(repeat[3]), 1);
      size += last * (times - 1);
      last *= times;
      at += repeat[0].length - 1;
    } else atom(1);
  }
  return size + open.reduce((sum, outer) => sum + outer, 0);
}
