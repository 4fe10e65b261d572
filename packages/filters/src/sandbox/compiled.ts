import type { QuickJSContext, QuickJSHandle, QuickJSWASMModule } from "quickjs-emscripten-core";
import { limits, timedOut } from "../limits.ts";

/** What the script that runs now may use. */
export type Run = { timeMs: number; until: number; callHost(name: string, args: string): string };

/** A script in a runtime of its own: compiled once, run often. */
export type CompiledScript = {
  /** @returns the prelude's answer as JSON. @throws Stopped */
  run(run: Run, inputJson: string): string;
  dispose(): void;
};

/** The script did not come to an end of its own. */
export class Stopped extends Error {
  readonly kind: "syntax" | "timeout" | "memory" | "runtime";
  constructor(kind: Stopped["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

const openEnded: Run = {
  timeMs: 0,
  until: Number.POSITIVE_INFINITY,
  callHost() {
    throw new Error("nothing can be called before the script runs");
  },
};

/** One line stands before the script's first. */
const linesBefore = 1;
const fileName = "filter.js";

/** @throws Stopped for a script that cannot be compiled. */
export function compileScript(quickJs: QuickJSWASMModule, prelude: string, script: string): CompiledScript {
  const runtime = quickJs.newRuntime();
  runtime.setMemoryLimit(limits.memoryMiB * 1024 * 1024);
  runtime.setMaxStackSize(limits.stackKiB * 1024);
  let current = openEnded;
  runtime.setInterruptHandler(() => performance.now() > current.until);
  const context = runtime.newContext();
  const evaluate = (code: string, file: string): QuickJSHandle => {
    const result = context.evalCode(code, file);
    if (result.error) throw stoppedBy(context, result.error, current);
    return result.value;
  };

  const host = context.newFunction("host", (name, args) =>
    context.newString(current.callHost(context.getString(name), context.getString(args))),
  );
  const numbers = [limits.consoleLines, limits.consoleChars, limits.dataChars].map((value) => context.newNumber(value));
  const setUp = evaluate(prelude, "prelude.js");
  const runner = context.unwrapResult(context.callFunction(setUp, context.undefined, host, ...numbers));
  // A declaration of `output` in the script hides the outer one; an assignment without one reaches it.
  const compiled = evaluate(
    `(function () { "use strict"; return function (input) { let output; return (function () {\n${script}\n;return typeof output === "undefined" ? undefined : output; })(); }; })()`,
    fileName,
  );
  for (const handle of [setUp, host, ...numbers]) handle.dispose();

  return {
    run(run, inputJson) {
      current = run;
      const input = context.newString(inputJson);
      try {
        const result = context.callFunction(runner, context.undefined, compiled, input);
        if (result.error) throw stoppedBy(context, result.error, run);
        const json = context.getString(result.value);
        result.value.dispose();
        return json;
      } finally {
        input.dispose();
        current = openEnded;
      }
    },
    dispose() {
      compiled.dispose();
      runner.dispose();
      context.dispose();
      runtime.dispose();
    },
  };
}

function stoppedBy(context: QuickJSContext, error: QuickJSHandle, { until, timeMs }: Run): Stopped {
  const { name = "Error", message = "" } = context.dump(error) as { name?: string; message?: string };
  error.dispose();
  if (message === "interrupted" || performance.now() > until) return new Stopped("timeout", timedOut(timeMs));
  if (message === "out of memory") return new Stopped("memory", `The script needs more than ${limits.memoryMiB} MiB of memory`);
  return new Stopped(name === "SyntaxError" ? "syntax" : "runtime", `${name}: ${message}`.slice(0, 2_000));
}

/** The line of the script that a stack begins with. */
export function lineOf(stack: string): number | undefined {
  const line = new RegExp(`${fileName}:(\\d+)`).exec(stack)?.[1];
  return line === undefined ? undefined : Math.max(1, Number(line) - linesBefore);
}
