import { isObject } from "@portico/core/json";
import { createWorkerPool } from "@portico/core/worker-pool";
import { limits, timedOut } from "./limits.ts";
import type { Answer, FilterCaller, FilterInput, FilterRun, Question } from "./types.ts";

/** What scripts may ask of the process that runs them. Without it they run, and such a call fails. */
export type FilterHost = {
  /** `tyk.makeHTTPRequest` */
  http?(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /** `tyk.llm`: answers with the model's text. */
  llm?(request: LlmRequest, signal: AbortSignal): Promise<string>;
};

export type LlmRequest = FilterCaller & { llmId: number; settings: Record<string, unknown>; prompt: string };
export type HttpRequest = { method: string; url: string; headers: Record<string, string>; body: string };
export type HttpAnswer = { status: number; response: string };

export type FilterEngine = {
  /** Never throws for what a script does. */
  run(script: string, input: FilterInput, caller: FilterCaller): Promise<FilterRun>;
  close(): Promise<void>;
};

export type FilterEngineOptions = { host?: FilterHost; timeMs?: number; threads?: number; maxWaiting?: number };

/** A thread that does not obey its own time limit is ended this much later. */
const graceMs = 1_000;

/**
 * Runs filter scripts: JavaScript in QuickJS, compiled to WASM, on threads of its own. A script reaches nothing but its input and what
 * the host offers; no limit that it breaks costs more than its own run.
 */
export function createFilterEngine({
  host = {},
  timeMs = limits.timeMs,
  threads = 2,
  maxWaiting = 500,
}: FilterEngineOptions = {}): FilterEngine {
  const pool = createWorkerPool<Question, Answer>({
    script: new URL("./sandbox/worker.ts", import.meta.url),
    deadlineMs: timeMs + graceMs,
    threads,
    maxWaiting,
    // QuickJS checks its own stack; room for that beneath it.
    stackMb: 8,
    isSpent: ({ isBroken }) => isBroken === true,
    giveUp: (_, why) => ({
      failure:
        why === "timeout"
          ? { kind: "timeout", message: timedOut(timeMs) }
          : why === "memory"
            ? { kind: "memory", message: "The script needs too much memory" }
            : { kind: "unavailable", message: "The script was not run: too many scripts are waiting, or this process is stopping" },
      console: [],
      durationMs: why === "timeout" ? timeMs + graceMs : 0,
    }),
    onCall: (call, { caller }, signal) => callHost(host, call, caller, signal),
  });

  return {
    async run(script, input, caller) {
      const { isBroken: _, ...run } = await pool.ask({ script, input, timeMs, caller });
      return run;
    },
    close: pool.close,
  };
}

/** The arguments are a script's: anything. */
async function callHost(
  host: FilterHost,
  call: { name: string; args: unknown },
  caller: FilterCaller,
  signal: AbortSignal,
): Promise<unknown> {
  const { name } = call;
  const args = call.args as unknown[];
  if (name === "http" && host.http) {
    const [method, url, headers, body] = args as [string, string, unknown, string];
    return host.http({ method, url, headers: textsOf(headers, "headers"), body }, signal);
  }
  if (name === "llm" && host.llm) {
    const [llmId, settings, prompt] = args as [unknown, unknown, string];
    if (typeof llmId !== "number" || !Number.isInteger(llmId) || llmId < 1) throw new Error("llm_id must be the id of an LLM");
    return host.llm({ llmId, settings: isObject(settings) ? settings : {}, prompt, ...caller }, signal);
  }
  throw new Error(`tyk.${name === "http" ? "makeHTTPRequest" : name} is not available here`);
}

function textsOf(value: unknown, what: string): Record<string, string> {
  if (!isObject(value) || Object.values(value).some((one) => typeof one !== "string"))
    throw new Error(`${what} must be an object of texts`);
  return value as Record<string, string>;
}
