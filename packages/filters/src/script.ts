import { parse } from "acorn";
import { limits } from "./limits.ts";

export type ScriptFault = { message: string; line?: number };

/**
 * What keeps a text from being a filter's script; undefined for one that can be compiled. A script is the body of a function: it is
 * parsed on its own, so that none can close the function that it is put into.
 */
export function faultOfScript(script: string): ScriptFault | undefined {
  if (script.trim() === "") return { message: "must not be empty" };
  if (script.length > limits.scriptChars) return { message: `must be at most ${limits.scriptChars / 1024} KiB` };
  try {
    parse(script, { ecmaVersion: 2023, sourceType: "script", allowReturnOutsideFunction: true });
    return undefined;
  } catch (error) {
    const signs = signsOfTengo(script);
    if (signs.length > 0) return { message: tengoMessage(signs) };
    if (error instanceof SyntaxError && "loc" in error) {
      const { line } = error.loc as { line: number };
      return { message: `${error.message.replace(/ \(\d+:\d+\)$/, "")} on line ${line}`, line };
    }
    return { message: "is nested too deeply" };
  }
}

/** Where the port of a Tengo script is described. */
export const tengoGuide = "docs/filters.md#from-tengo";

const tengoMessage = (signs: string[]) =>
  `is written in Tengo (${signs.join(", ")}). Filters here are JavaScript: write "const x = …" for "x := …", "function" for "func", ` +
  `leave out import lines (text, json, fmt and tyk are there), and end with "const output = {…}". See ${tengoGuide}. ` +
  "Set active to false to store the script as it is and port it later.";

const signs: [pattern: RegExp, sign: string][] = [
  [/^\s*[A-Za-z_]\w*(?:\s*,\s*\w+)*\s*:=/m, '":="'],
  [/\bimport\(\s*["'`](?:tyk|text|json|fmt|times|math|rand|enum|base64|hex|os)["'`]\s*\)/, "import(…)"],
  [/\bfunc\s*\(/, "func(…)"],
  [/\bfor\s+\w+(?:\s*,\s*\w+)?\s+in\b[^(]*\{/, "for … in without parentheses"],
];

/** What a text has of Tengo that JavaScript does not have; comments and strings do not count. */
export function signsOfTengo(script: string): string[] {
  const code = script.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, " ");
  return signs.flatMap(([pattern, sign]) => (pattern.test(code) ? [sign] : []));
}
