/** What a script sees as `input`. The names are those of the scripts. */
export type FilterInput = {
  /** The request's body, or the model's text in a response. */
  raw_input: string;
  messages: FilterMessage[];
  vendor_name: string;
  model_name: string;
  context: Record<string, unknown>;
  is_chat: boolean;
  is_response: boolean;
  /** A part of a streamed response, with all of its text so far in `current_buffer`. */
  is_chunk: boolean;
  chunk_index: number;
  current_buffer: string;
  status_code: number;
};

export type FilterMessage = { role: string; content: string };

/** What a script leaves as `output`. */
export type FilterOutput = {
  block: boolean;
  payload: string;
  /** Why it blocks, for the person whose request it was. */
  message: string;
  messages?: FilterMessage[];
};

export type FilterFailure = {
  kind: "syntax" | "runtime" | "output" | "timeout" | "memory" | "unavailable";
  message: string;
  line?: number;
};

/** How a run ended, and what it wrote to the console. */
export type FilterRun = { console: string[]; durationMs: number } & ({ output: FilterOutput } | { failure: FilterFailure });

/** In whose name a script calls LLMs. */
export type FilterCaller = { userId: number };

/** A script to run, or with no input only to compile. */
export type Question = { script: string; input?: FilterInput; timeMs: number; caller: FilterCaller };
export type Answer = FilterRun & { /** The sandbox is not fit for another run. */ isBroken?: boolean };
