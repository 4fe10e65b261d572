/** What one run of a script may use. */
export const limits = {
  /** From the start of a run to its end, calls to other hosts included. */
  timeMs: 5_000,
  memoryMiB: 32,
  stackKiB: 256,
  scriptChars: 64 * 1024,
  /** Of `input` and of `output`, as JSON. */
  dataChars: 4 * 1024 * 1024,
  /** tyk.makeHTTPRequest and tyk.llm, together. */
  calls: 5,
  /** What such a call may send, and may answer. */
  callChars: 1024 * 1024,
  consoleLines: 100,
  consoleChars: 1_000,
} as const;

export const timedOut = (timeMs: number) => `Script execution timed out after ${timeMs / 1_000} seconds`;
