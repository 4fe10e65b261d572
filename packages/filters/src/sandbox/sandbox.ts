import { messageOf } from "@portico/core";
import { linearPattern } from "@portico/core/patterns";
import type { CallOwner } from "@portico/core/worker-thread";
import type { QuickJSWASMModule } from "quickjs-emscripten-core";
import { limits, timedOut } from "../limits.ts";
import { faultOfScript } from "../script.ts";
import type { Answer, FilterFailure, FilterOutput, FilterRun, Question } from "../types.ts";
import { type CompiledScript, compileScript, lineOf, type Run, Stopped } from "./compiled.ts";

export type Sandbox = { answer(question: Question, callOwner: CallOwner): Answer };

/** Scripts that stay compiled. */
const maxKept = 50;
const maxMatches = 10_000;

type Told = { lines: string[]; output?: FilterOutput; problem?: string; thrown?: string; stack?: string };

/** Compiles and runs scripts, one at a time, on the thread that it is made on. */
export function createSandbox(quickJs: QuickJSWASMModule, prelude: string): Sandbox {
  const kept = new Map<string, CompiledScript>();

  /** The least recently used goes first. */
  function compiled(script: string): CompiledScript {
    const known = kept.get(script);
    if (known) {
      kept.delete(script);
      kept.set(script, known);
      return known;
    }
    const [oldest] = kept.keys();
    if (kept.size >= maxKept && oldest !== undefined) forget(oldest);
    const made = compileScript(quickJs, prelude, script);
    kept.set(script, made);
    return made;
  }

  function forget(script: string): void {
    const known = kept.get(script);
    kept.delete(script);
    known?.dispose();
  }

  function answer({ script, input, timeMs }: Question, callOwner: CallOwner): Answer {
    const startedAt = performance.now();
    const ended = (rest: { output: FilterOutput } | { failure: FilterFailure }, lines: string[] = []): FilterRun => ({
      ...rest,
      console: lines,
      durationMs: performance.now() - startedAt,
    });
    const failed = (kind: FilterFailure["kind"], message: string, lines?: string[], line?: number) =>
      ended({ failure: { kind, message, ...(line === undefined ? {} : { line }) } }, lines);
    if (!kept.has(script)) {
      const fault = faultOfScript(script);
      if (fault) return failed("syntax", `The script ${fault.message}`, [], fault.line);
    }
    try {
      const runnable = compiled(script);
      if (!input) return ended({ output: { block: false, payload: "", message: "" } });
      const inputJson = JSON.stringify(input);
      if (inputJson.length > limits.dataChars) return failed("memory", `The input is larger than ${limits.dataChars / 1024 / 1024} MiB`);
      const told = JSON.parse(runnable.run(aRun(startedAt, timeMs, callOwner), inputJson)) as Told;
      if (told.output) return ended({ output: told.output }, told.lines);
      if (told.problem !== undefined) return failed("output", told.problem, told.lines);
      if (performance.now() - startedAt > timeMs) return failed("timeout", timedOut(timeMs), told.lines);
      return failed("runtime", told.thrown ?? "", told.lines, lineOf(told.stack ?? ""));
    } catch (error) {
      if (!(error instanceof Stopped)) {
        // The stack or the memory of the WASM module itself: nothing in it can be trusted any more.
        const isStack = error instanceof RangeError && /call stack/.test(error.message);
        return { ...failed("memory", isStack ? "The script nests too deeply" : messageOf(error)), isBroken: true };
      }
      // What the script held when it was stopped goes with its runtime.
      forget(script);
      return failed(error.kind, error.message);
    }
  }

  return { answer };
}

function aRun(startedAt: number, timeMs: number, callOwner: CallOwner): Run {
  const until = startedAt + timeMs;
  let callsLeft: number = limits.calls;
  return {
    timeMs,
    until,
    callHost(name, json) {
      const args = JSON.parse(json) as unknown[];
      if (name === "match") return JSON.stringify(linearPattern(args[0] as string).test(args[1] as string));
      if (name === "replace") return JSON.stringify(linearPattern(args[0] as string).replaceAll(args[1] as string, args[2] as string));
      if (name === "find") return JSON.stringify(find(args[0] as string, args[1] as string, args[2]));
      if (callsLeft-- <= 0) throw new Error(`a script may make ${limits.calls} calls`);
      if (json.length > limits.callChars) throw new Error(`a call may send ${limits.callChars / 1024} KiB`);
      const reply = JSON.stringify(callOwner(name, args, Math.max(1, until - performance.now())));
      if (reply.length > limits.callChars) throw new Error(`the answer is larger than ${limits.callChars / 1024} KiB`);
      return reply;
    },
  };
}

/** As text.re_find of Tengo answers: a list of matches, each a list of the match and its groups; null when there is none. */
function find(pattern: string, text: string, count: unknown) {
  const most = typeof count === "number" && count >= 0 ? Math.min(count, maxMatches) : maxMatches;
  const matches = linearPattern(pattern)
    .find(text, most)
    .map(({ start, end, groups }) => groups.map((group, i) => (i === 0 ? { text: group, begin: start, end } : { text: group })));
  return matches.length === 0 ? null : matches;
}
